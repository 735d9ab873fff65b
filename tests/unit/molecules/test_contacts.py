"""How near two elements come: hydrogen bonds and shells of ions are none the nearer for it, a hole is."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from hypothesis import given
from hypothesis import strategies as st

from decant.molecules.contacts import IMPOSSIBLE, closest_contact, contact_lengths

NUMBERS = st.sampled_from([1, 3, 5, 6, 7, 8, 9, 11, 12, 14, 15, 16, 17, 19, 30, 35, 53])


def two(symbols: str, distance: float, shift: float = 0.0) -> Atoms:
    atoms = Atoms(symbols, [[shift, 1, 1], [shift + distance, 1, 1]], cell=[15.0] * 3, pbc=True)
    atoms.set_array("mol_id", np.array([0, 1]))
    return atoms


@pytest.mark.parametrize(
    ("symbols", "distance"),
    [("OH", 1.5), ("LiO", 1.8), ("LiF", 1.75), ("NaO", 2.2), ("MgO", 1.95), ("ZnN", 1.95), ("CO", 2.7), ("ClH", 1.9)],
)
def test_what_liquids_have_is_possible(symbols: str, distance: float) -> None:
    assert closest_contact(two(symbols, distance)) > 1.08 * IMPOSSIBLE


@pytest.mark.parametrize(
    ("symbols", "distance"),
    [("LiC", 1.9), ("LiH", 1.5), ("LiLi", 1.9), ("LiO", 1.5), ("OO", 1.4), ("CC", 1.6), ("FH", 1.0), ("FO", 1.4)],
)
def test_what_only_a_hole_of_a_potential_lets_be_is_not(symbols: str, distance: float) -> None:
    assert closest_contact(two(symbols, distance)) < IMPOSSIBLE


@given(NUMBERS, NUMBERS)
def test_a_contact_has_no_order_and_is_longer_than_a_bond(one: int, other: int) -> None:
    there, back = (float(contact_lengths(np.array(a), np.array(b))) for a, b in ((one, other), (other, one)))
    assert there == back and 1.5 < there < 6.5


@given(st.floats(0.5, 3.0), st.floats(-40.0, 40.0))
def test_it_does_not_matter_where_the_box_is_cut(distance: float, shift: float) -> None:
    assert closest_contact(two("CO", distance, shift)) == pytest.approx(closest_contact(two("CO", distance)), rel=1e-6)


def test_atoms_of_one_molecule_do_not_count_but_its_image_does() -> None:
    atoms = two("CO", 1.2)
    atoms.set_array("mol_id", np.array([0, 0]))
    assert closest_contact(atoms) == np.inf
    atoms.set_cell([2.6, 15, 15])
    assert closest_contact(atoms) == pytest.approx(1.4 / 3.27)


def test_only_what_is_asked_for_is_looked_for() -> None:
    assert closest_contact(two("CO", 2.0), below=0.5) == np.inf
    assert closest_contact(two("CO", 1.5), below=0.5) == closest_contact(two("CO", 1.5))


def test_elements_of_unknown_size_touch_nothing() -> None:
    atoms = Atoms("PoRa", positions=[[0, 0, 0], [0, 0, 1.0]])
    atoms.set_array("mol_id", np.array([0, 1]))
    assert closest_contact(atoms) == np.inf
    assert (contact_lengths(np.array([84, 1]), np.array([1, 84])) == 0).all()
