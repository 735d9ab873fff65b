"""When molecules of a short run are first where none can be."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from decant.simulation.run import Run
from decant.verdict.collision import first_collision_ps
from tests.unit.universes import universe


def run_of(gaps: list[float]) -> Run:
    """Return a run in memory of two carbon atoms, each a molecule, at the distances given, a frame each 0.5 ps."""
    positions = np.array([[[11.5, 3, 3], [11.5 + gap, 3, 3]] for gap in gaps])  # the box cuts between them
    made: Any = universe(positions, ["C", "C"], [0, 1], ["A", "B"], np.array(12.0), dt=0.5)
    return cast(Run, SimpleNamespace(trajectory_segments=lambda: gaps, universe=lambda: made))


def test_the_first_frame_with_molecules_too_near_is_found() -> None:
    assert first_collision_ps(run_of([3.5, 2.0, 1.6, 3.5])) == 1.0


def test_a_liquid_has_none() -> None:
    assert first_collision_ps(run_of([3.5, 2.0, 3.0])) is None


def test_a_run_without_frames_has_none() -> None:
    assert first_collision_ps(cast(Run, SimpleNamespace(trajectory_segments=list))) is None
