"""The dielectric constant of dipoles whose fluctuation is known."""

from __future__ import annotations

import numpy as np
import pytest
from MDAnalysis import Universe
from MDAnalysis.analysis.dielectric import DielectricConstant as Independent
from scipy.spatial.transform import Rotation

from decant.analysis.dielectric import DielectricConstant, dielectric_factor, has_charges
from decant.analysis.frames import alone
from decant.foundation.errors import InputError
from tests.unit.universes import universe

EDGE, KELVIN, CHARGE, LENGTH = 20.0, 300.0, 0.4, 1.3


def dipoles(molecules: int = 40, frames: int = 4000, charges: tuple[float, float] = (CHARGE, -CHARGE)) -> Universe:
    """Two charges a molecule, turned at random in each frame and walking far out of the box."""
    random = np.random.default_rng(1)
    turns = Rotation.random(frames * molecules, rng=random).apply([LENGTH, 0, 0]).reshape(frames, molecules, 3)
    walk = np.cumsum(random.normal(scale=0.5, size=(frames, molecules, 3)), axis=0)
    positions = np.stack([walk, walk + turns], axis=2).reshape(frames, 2 * molecules, 3)
    pairs = np.arange(2 * molecules).reshape(-1, 2)
    atoms = np.repeat(np.arange(molecules), 2).tolist()
    made = universe(positions, ["C", "O"] * molecules, atoms, ["X"] * molecules, np.array(EDGE), pairs)
    made.add_TopologyAttr("charges", np.tile(charges, molecules))
    return made


def test_dipoles_that_know_nothing_of_each_other_have_the_constant_of_their_number_and_size() -> None:
    found = alone(made := dipoles(), DielectricConstant(made, 0.0, KELVIN))
    exact = 1 + dielectric_factor(EDGE**3, KELVIN) * 40 * (CHARGE * LENGTH) ** 2
    assert abs(found.constant.value - exact) < 3 * found.constant.uncertainty
    assert found.constant.uncertainty < 0.03 * exact
    assert found.running[-1] == pytest.approx(found.constant.value)


def test_a_dipole_of_one_debye_in_a_nanometre_cubed_adds_what_the_textbook_says() -> None:
    # 4 pi <M^2> / (3 V k T) in Gaussian units: (1e-18)^2 * 4 pi / (3 * 1e-21 * 1.380649e-16 * 300)
    assert dielectric_factor(1000.0, 300.0) * 0.2081943**2 == pytest.approx(0.10113095, rel=1e-5)


def test_it_is_what_an_independent_program_finds_but_for_the_mean_dipole_which_is_zero_by_symmetry() -> None:
    made = dipoles(frames=1500)
    found = alone(made, DielectricConstant(made, 0.0, KELVIN))
    other = Independent(made.atoms, temperature=KELVIN, make_whole=False).run().results
    mean = np.sum(np.square(other.M))
    assert found.constant.value == pytest.approx(other.eps_mean + dielectric_factor(EDGE**3, KELVIN) * mean, rel=1e-4)


def test_a_shift_of_all_charges_by_what_rounding_leaves_does_not_count() -> None:
    exact, rounded = dipoles(frames=200), dipoles(frames=200, charges=(CHARGE + 1e-5, -CHARGE))
    values = [alone(one, DielectricConstant(one, 0.0, KELVIN)).constant.value for one in (exact, rounded)]
    assert values[1] == pytest.approx(values[0], rel=1e-4)


def test_a_liquid_with_ions_and_one_without_charges_have_none() -> None:
    with pytest.raises(InputError, match="X is an ion"):
        DielectricConstant(dipoles(frames=20, charges=(1.0, 0.0)), 0.0, KELVIN)
    bare = universe(np.zeros((20, 1, 3)), ["C"], [0], ["X"], np.array(EDGE))
    assert not has_charges(bare)
