"""What a page of an inspected set shows to look at: whole molecules, in the right images, from both ends of a pair."""

from __future__ import annotations

import json

import ase
import numpy as np
import pytest
from ase.build import molecule
from hypothesis import given
from hypothesis import strategies as st

from decant.data.inspect import inspect
from decant.data.inspect_structures import closest_pair, molecule_of, structures
from decant.foundation.page import Figure
from decant.foundation.structure import Structure


def two_waters(shift: tuple[float, float, float] = (0, 0, 0)) -> ase.Atoms:
    """Two molecules of water in a box of 8 A, the second 2.1 A beyond the first across the boundary; all shifted."""
    one, other = molecule("H2O"), molecule("H2O")
    other.positions += [0, 0, 8.0 - 2.1 - np.ptp(one.positions[:, 2])]
    both = one + other
    both.set_cell([8.0] * 3)
    both.set_pbc(True)
    both.set_array("mol_id", np.repeat([0, 1], 3))
    both.positions += shift
    both.wrap()
    return both


@given(st.tuples(*[st.floats(0, 8)] * 3))
def test_a_molecule_is_whole_wherever_the_boundary_cuts_it(shift: tuple[float, float, float]) -> None:
    found = molecule_of(two_waters(shift), 4)
    assert found.atoms.get_chemical_formula() == "H2O" and found.atoms.arrays["index"].tolist() == [3, 4, 5]
    assert sorted(map(tuple, found.bonds.tolist())) == [(0, 1), (0, 2)]
    np.testing.assert_allclose(found.atoms.get_distances(0, [1, 2]), 0.969, atol=1e-2)


@given(st.tuples(*[st.floats(0, 8)] * 3))
def test_a_molecule_torn_apart_is_whole_too_and_a_contact_joins_its_parts(shift: tuple[float, float, float]) -> None:
    frame = two_waters()
    frame.positions[4] += 1.1 * (frame.positions[4] - frame.positions[3])  # an H that is 2 A from its O
    frame.positions += shift
    frame.wrap()
    found = molecule_of(frame, 4)
    assert found.bonds.tolist() == [[0, 2]] and sorted(found.contacts[0].tolist()) == [0, 1]
    np.testing.assert_allclose(found.atoms.get_distances(0, [1, 2]), [2.1 * 0.969, 0.969], atol=2e-2)


@given(st.tuples(*[st.floats(0, 8)] * 3))
def test_the_closest_pair_is_shown_at_its_distance_across_the_boundary(shift: tuple[float, float, float]) -> None:
    frame = two_waters(shift)
    found = closest_pair(frame, inspect({"set": [frame]}).numbers["nearest_A"][0])
    i, j = found.contacts[0]
    assert found.atoms.get_distance(i, j) == pytest.approx(inspect({"set": [frame]}).numbers["nearest_A"][0], abs=1e-6)
    assert len(found.atoms) == 6 and len(found.bonds) == 4


def test_the_page_shows_the_largest_force_where_there_are_labels() -> None:
    frame = two_waters()
    bare = structures(inspect({"set": [frame]}), str)
    assert isinstance(bare[0], Figure) and len(bare[0].panels) == 1
    frame.set_array("REF_forces", np.eye(6, 3) * [1.0, 7.5, 2.0])
    both = structures(inspect({"set": [frame]}), "set {}".format)[0]
    assert isinstance(both, Figure) and both.panels[1].title == "set 0: 7.5 eV/Å on H1"
    model = json.loads(both.panels[1].structure)
    assert model["name"] == ["O", "H", "H"] and len(model["at"]) == 3 and model["bonds"] == [[0, 1], [0, 2]]


def test_a_picture_never_shows_the_mirror_image() -> None:
    made = Structure(molecule("CH3CHO"))
    made.atoms.numbers[4:7] = [9, 17, 35]  # a handed molecule
    seen, at = made.turned(), made.atoms.positions - made.atoms.positions.mean(axis=0)
    turn, *_ = np.linalg.lstsq(at, seen, rcond=None)
    assert np.linalg.det(turn) == pytest.approx(1.0)
