"""Shells of cations that are built by hand, and of a liquid of which another package finds the same."""

from __future__ import annotations

import numpy as np
import pytest

from decant.analysis.frames import alone
from decant.analysis.solvation import BIN_A, BINS, ENOUGH_FRAMES, CationShells, Solvation, shell_end, survival_columns
from decant.foundation.errors import InputError
from tests.unit.universes import universe

EDGE = 30.0
ARMS = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [-1, 0, 0]])


def shells(neighbours: list[list[str]], frames: int = 40, seed: int = 1, edge: float = EDGE):
    """Lithium ions far apart, each with lone oxygen atoms at 2 A under the names of molecules, and others at 4.5 A."""
    random = np.random.default_rng(seed)
    places, elements, names = [], [], []
    for k, around in enumerate(neighbours):
        centre = np.array([15.0 * (k % 2), 15.0 * (k // 2 % 2), 15.0 * (k // 4)])
        for name, at in [
            ("Li+", 0 * ARMS[0]),
            *zip(around, 2.0 * ARMS, strict=False),
            ("EC", np.array([2.6, 2.6, 2.6])),
        ]:
            places.append(centre + at)
            elements.append("C" if name == "Li+" else "O")
            names.append(name)
    positions = np.array(places) + random.normal(scale=0.02, size=(frames, len(places), 3))
    return universe(positions, elements, list(range(len(names))), names, np.array(edge))


def measured(made) -> Solvation:
    return alone(made, CationShells(made))[0]


def test_a_shell_is_counted_by_species_and_by_its_composition() -> None:
    found = measured(shells([["EC", "EC", "EMC", "PF6-"], ["EC", "EMC", "EMC", "EMC"]])).summary()
    assert 2.1 < found["shell_A"] < 3.5
    assert found["coordination"]["value"] == 4
    assert {name: one["value"] for name, one in found["by_species"].items()} == {"EC": 1.5, "EMC": 2, "PF6-": 0.5}
    assert found["by_site"]["EC O"]["value"] == 1.5
    assert {name: one["value"] for name, one in found["shells"].items()} == {
        "EC:2 EMC:1 PF6-:1": 0.5, "EC:1 EMC:3": 0.5,
    }  # fmt: skip
    assert "hardly exchanged" in found["note"]


def test_an_ion_is_apart_in_contact_or_aggregated() -> None:
    made = shells([["EC"] * 4, ["EC", "EC", "EC", "PF6-"], ["EC", "EC", "PF6-", "PF6-"], ["EC"] * 4])
    assert [round(one["value"], 3) for one in measured(made).summary()["ion_pairing"].values()] == [0.5, 0.25, 0.25]
    # two cations that share one anion are no contact pairs
    line = np.array([[0, 0, 0], [2, 0, 0], [4, 0, 0], [15, 0, 0]], dtype=float)
    random = np.random.default_rng(1)
    positions = line + random.normal(scale=0.02, size=(40, 4, 3))
    bridge = universe(positions, ["C", "O", "C", "O"], [0, 1, 2, 3], ["Li+", "PF6-", "Li+", "EC"], np.array(EDGE))
    assert measured(bridge).summary()["ion_pairing"]["aggregated"]["value"] == 1
    names = ["Li+", "PF6-", "Na+", "EC"]
    mixed = universe(positions, ["C", "O", "C", "O"], [0, 1, 2, 3], names, np.array(EDGE))
    both = alone(mixed, CationShells(mixed))
    assert [one.cation for one in both] == ["Li+", "Na+"], "each kind of cation has its own shell"
    assert all(one.summary()["ion_pairing"]["aggregated"]["value"] == 1 for one in both)


def test_an_anion_that_touches_with_two_atoms_is_one_neighbour() -> None:
    places = np.array([[0, 0, 0], [2, 0, 0], [0, 2, 0], [12, 0, 0]], dtype=float)
    positions = places + np.random.default_rng(1).normal(scale=0.02, size=(40, 4, 3))
    made = universe(positions, ["C", "O", "O", "O"], [0, 1, 1, 2], ["Li+", "NO3-", "EC"], np.array(EDGE))
    found = measured(made).summary()
    assert found["coordination"]["value"] == 2 and found["by_species"]["NO3-"]["value"] == 1
    assert found["ion_pairing"]["contact"]["value"] == 1


def test_shells_across_the_boundary_of_the_box_are_whole() -> None:
    made = shells([["EC", "EC", "EC", "PF6-"]])
    before = measured(made).summary()
    made.trajectory.coordinate_array += 29.0
    assert measured(made).summary()["by_species"] == before["by_species"]


def test_a_wide_shell_ends_at_its_minimum_and_not_where_distances_are_counted_to() -> None:
    """As of Cs+, whose g(r) has its first maximum at 3.2 A and rises again from a shallow minimum at 4.1 A."""
    r = np.arange(2.0025, 5.0, 0.005)
    expected = 2000 * np.interp(r, [2.6, 3.2, 4.1, 5.0], [0.0, 1.0, 0.45, 0.5]) * r**2
    found = np.histogram(r, BIN_A * np.arange(BINS + 1), weights=expected.round())[0]
    cutoff, depth = shell_end(found)
    assert cutoff == pytest.approx(4.1, abs=0.1)
    assert depth == pytest.approx(0.45, abs=0.02)


def test_survival_starts_at_one_and_stays_where_nothing_leaves() -> None:
    columns = survival_columns([measured(shells([["EC", "EC", "EC", "PF6-"]]))])
    assert set(columns) == {"lag_ps", "Li+ EC", "Li+ PF6-"}
    np.testing.assert_array_equal(columns["Li+ PF6-"], 1.0)


def test_a_shell_without_an_end_is_noted_and_no_shell_is_refused() -> None:
    random = np.random.default_rng(1)
    gas = universe(random.uniform(0, 12, (60, 40, 3)), ["C", *["O"] * 39], list(range(40)), ["Li+", *["EC"] * 39],
                   np.array(12.0))  # fmt: skip
    assert "has no clear end" in measured(gas).note
    with pytest.raises(InputError, match="no cation of one atom"):
        CationShells(universe(np.zeros((2, 1, 3)), ["O"], [0], ["EC"], np.array(9.0)))
    with pytest.raises(InputError, match="no donor within 5 A"):
        shell_end(np.zeros(BINS, dtype=int))


@pytest.mark.parametrize("interval", [1.0, 5.0])
def test_frames_of_a_long_run_are_as_close_as_residence_times_need_and_those_too_far_apart_are_told(
    interval: float,
) -> None:
    """Four places around each ion that exchange at a known rate, and are out of the shell in 3 % of the frames."""
    frames, known, random = 12_000, 150.0, np.random.default_rng(1)
    names = ["Li+", *["EC"] * 8]
    inside = np.zeros((frames, 8), dtype=bool)
    order = np.arange(8)
    for frame in range(frames):
        for place in np.flatnonzero(random.random(4) < 1 - np.exp(-interval / known)):
            other = random.integers(4, 8)
            order[place], order[other] = order[other], order[place]
        inside[frame, order[:4]] = True
    inside &= random.random(inside.shape) > 0.03
    arms = np.vstack([ARMS, [[0, -1, 0], [0, 0, -1], [0.6, 0.8, 0], [0, 0.6, 0.8]]])
    away = np.where(inside, 2.0, 3.4)[:, :, None] * arms
    positions = np.concatenate([np.zeros((frames, 1, 3)), away], axis=1) + 10.0
    positions += random.normal(scale=0.02, size=positions.shape)
    made = universe(positions, ["C", *["O"] * 8], list(range(9)), names, np.array(EDGE), dt=interval)
    shell = CationShells(made)
    assert len(shell.frames) == frames > ENOUGH_FRAMES
    stay = alone(made, shell)[0].residence[0]
    assert stay.value is not None and stay.uncertainty is not None
    assert abs(stay.value - known) < 5 * stay.uncertainty + 0.1 * known
    assert bool(stay.note) == (interval > 1)
    if stay.note:
        assert "breaks of up to 10 ps count as none" in stay.note
        assert "hardly exchanged" not in alone(made, shell)[0].note


def test_frames_closer_than_residence_times_need_are_thinned() -> None:
    made = universe(np.zeros((12_001, 2, 3)), ["C", "O"], [0, 1], ["Li+", "EC"], np.array(EDGE), dt=0.5)
    assert CationShells(made).frames == range(0, 12_001, 2)
