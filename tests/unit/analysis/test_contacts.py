"""Molecules that come where none can be, on frames made for it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from MDAnalysis import Universe

from decant.analysis.contacts import Contacts
from decant.analysis.frames import alone
from tests.unit.universes import universe

EDGE = 12.0


def carbon_monoxides(gaps: list[float], shift: float = 0.0) -> Universe:
    """Two CO end to end, the O of one before the C of the other at the gaps given; the box cuts where `shift` says."""
    frames = [[[0, 3, 3], [1.15, 3, 3], [1.15 + gap, 3, 3], [2.3 + gap, 3, 3]] for gap in gaps]
    positions = np.array(frames, dtype=float) + np.array([shift, 0, 0])
    return universe(positions, ["C", "O"] * 2, [0, 0, 1, 1], ["CO", "CO"], np.array(EDGE), dt=0.5)


def measure(made: Universe) -> dict[str, Any]:
    return alone(made, Contacts(made))


def test_a_liquid_has_no_impossible_contacts_and_no_note() -> None:
    found = measure(carbon_monoxides([3.0, 2.9, 3.2]))
    assert found["first_impossible_ps"] is None and found["impossible_fraction"] == 0.0
    assert found["closest"] is None, "nothing is near enough to be worth a word"
    assert "note" not in found


@pytest.mark.parametrize("shift", [0.0, 4.0, 9.0, 10.5, 40.0])
def test_the_first_collision_is_named_and_timed_wherever_the_box_is_cut(shift: float) -> None:
    found = measure(carbon_monoxides([3.0, 2.2, 1.5, 1.2, 3.0, 1.4], shift))
    assert (found["first_impossible_ps"], found["first_impossible"]) == (1.0, "O2 of CO 1 and C3 of CO 2")
    assert found["impossible_fraction"] == pytest.approx(0.5)
    assert (found["closest"], found["closest_time_ps"]) == ("O2 of CO 1 and C3 of CO 2", 1.5)
    assert found["closest_A"] == pytest.approx(1.2, abs=1e-4)
    assert found["closest_share"] == pytest.approx(1.2 / 3.27, abs=1e-4)
    assert "from 1 ps on" in found["note"] and "50 % of the frames" in found["note"]


def test_a_near_miss_is_told_without_a_note() -> None:
    found = measure(carbon_monoxides([3.0, 2.0]))
    assert found["closest_A"] == pytest.approx(2.0, abs=1e-4) and found["first_impossible_ps"] is None
