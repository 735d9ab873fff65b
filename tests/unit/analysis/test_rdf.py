"""Radial distribution functions of systems whose g(r) is known."""

from __future__ import annotations

import numpy as np
import pytest

from decant.analysis.frames import alone
from decant.analysis.rdf import centre_rdfs, largest_r, site_names, site_rdfs
from decant.foundation.errors import InputError
from tests.unit.universes import CARBONATE, CARBONATE_BONDS, random_walkers, universe


def test_an_ideal_gas_has_no_structure() -> None:
    random = np.random.default_rng(0)
    positions = random.uniform(-40, 60, size=(60, 90, 3))  # far outside the box: coordinates are unwrapped
    gas = universe(positions, ["C"] * 90, list(range(90)), ["A"] * 45 + ["B"] * 45, np.array(18.0))
    rdfs = alone(gas, centre_rdfs(gas))
    assert [one.pair for one in rdfs] == ["A-A", "A-B", "B-B"]
    for one in rdfs:
        outer = one.r > 3
        assert one.r[-1] < 9.0
        assert one.inter[outer].mean() == pytest.approx(1.0, abs=0.02)
        assert one.intra is None
    mixed = rdfs[1]
    inside = 4 / 3 * np.pi * 9.0**3 / 18.0**3
    assert mixed.coordination[-1] == pytest.approx(45 * inside, rel=0.03)


def test_distances_within_a_molecule_stay_out_of_the_distribution_between_molecules() -> None:
    random = np.random.default_rng(1)
    carbon = random.uniform(0, 15, size=(50, 20, 3))
    direction = random.normal(size=carbon.shape)
    oxygen = carbon + 1.2 * direction / np.linalg.norm(direction, axis=-1, keepdims=True)
    positions = np.stack([carbon, oxygen], axis=2).reshape(50, 40, 3)
    bonds = np.arange(40).reshape(20, 2)
    gas = universe(positions, ["C", "O"] * 20, np.repeat(np.arange(20), 2).tolist(), ["CO"] * 20, np.array(15.0), bonds)
    bonded = {one.pair: one for one in alone(gas, site_rdfs(gas))}["O(=C)-C(=O)"]
    assert bonded.intra is not None
    assert bonded.r[bonded.intra.argmax()] == pytest.approx(1.2, abs=0.11)
    assert np.sum(bonded.intra) * (bonded.r[1] - bonded.r[0]) == pytest.approx(1.0)
    assert bonded.inter[bonded.r > 2].mean() == pytest.approx(1.0, abs=0.05)
    assert bonded.inter[bonded.r < 2].max() < 3


def test_sites_of_a_carbonate_are_told_apart_by_their_neighbours() -> None:
    made = universe(np.zeros((1, 6, 3)), CARBONATE, [0] * 6, ["X"], np.array(10.0), CARBONATE_BONDS)
    assert list(site_names(made)) == ["C(=O)", "O(=C)", "O(-C)", "O(-C)", "C", "C"]


def test_distances_end_at_half_of_the_smallest_box() -> None:
    positions = np.zeros((3, 2, 3))
    made = universe(positions, ["C", "C"], [0, 1], ["A", "A"], np.array([14.0, 13.0, 15.0]))
    assert largest_r(made, range(3)) == pytest.approx(6.5)
    made.trajectory.dimensions_array[1] = [13, 13, 13, 60, 60, 60]
    made.trajectory[0]
    assert largest_r(made, range(3)) == pytest.approx(6.5 * np.sqrt(2 / 3))


def test_a_liquid_without_a_box_is_refused() -> None:
    walkers = random_walkers(4, 3, 0.1, 1.0, 0, box=0.0)
    with pytest.raises(InputError, match="periodic box"):
        centre_rdfs(walkers)
