"""Frames read once for several observables, in whatever chunks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from MDAnalysis import Universe

from decant.analysis import frames as module
from decant.analysis.frames import Rows, alone, gather, late_frames
from decant.foundation.errors import InputError
from tests.unit.universes import random_walkers


class First:
    """Keeps the first atom of some frames."""

    def __init__(self, frames: range):
        self.frames = frames

    def of_frame(self, step: Any) -> dict[str, Any]:
        return {"first": step.positions[0]}

    def conclude(self, rows: Rows) -> np.ndarray:
        return rows["first"]


@pytest.fixture(scope="module")
def walkers() -> Universe:
    return random_walkers(6, 50, 0.1, 0.5, seed=1)


def positions(walkers: Universe, frames: Sequence[int]) -> np.ndarray:
    return walkers.trajectory.get_array()[list(frames), 0]


@pytest.mark.parametrize("frames_in_a_chunk", [1, 2, 7, 100])
def test_observables_get_the_frames_they_ask_for_whatever_the_chunks(
    walkers: Universe, frames_in_a_chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHUNK_BYTES", 6 * 12 * frames_in_a_chunk)
    wanted = [range(3, 50, 4), range(50), range(20, 30, 3)]
    for frames, rows in zip(wanted, gather(walkers, [First(frames) for frames in wanted]), strict=True):
        np.testing.assert_array_equal(rows["first"], positions(walkers, frames))
        np.testing.assert_allclose(rows["time_ps"], np.array(frames) * 0.5)


def test_only_frames_that_somebody_asks_for_are_read(walkers: Universe, capsys: pytest.CaptureFixture[str]) -> None:
    gather(walkers, [First(range(0, 50, 10)), First(range(40, 50, 5))])
    assert "6/6 frames" in capsys.readouterr().err


@pytest.mark.parametrize("frames_in_a_chunk", [1, 7, 100])
def test_an_explosion_ends_the_trajectory(frames_in_a_chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK_BYTES", 6 * 12 * frames_in_a_chunk)
    exploding = random_walkers(6, 50, 0.1, 0.5, seed=1)
    exploding.trajectory.get_array()[30, 4] = np.nan  # and finite again after it, which counts for nothing
    whole, late = gather(exploding, [First(range(0, 50, 3)), First(range(40, 50))])
    np.testing.assert_array_equal(whole["first"], positions(exploding, range(0, 30, 3)))
    assert all(len(values) == 0 for values in late.values())
    with pytest.raises(InputError, match="all finite"):
        alone(exploding, First(range(30, 50)))


def test_frames_are_those_from_a_time_on_thinned_evenly(walkers: Universe) -> None:
    assert late_frames(walkers) == range(50)
    assert late_frames(walkers, 5.0) == range(10, 50)
    assert late_frames(walkers, 5.2, 10) == range(11, 50, 4)
    with pytest.raises(InputError, match=r"at or after 30 ps; the last is at 24\.5 ps"):
        late_frames(walkers, 30.0)
