"""Slabs and wires: who knows only cells of three vectors is given one that says the same, or refuses."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from hypothesis import given, settings

from decant.foundation.errors import InputError
from decant.molecules.neighbors import find_edges
from decant.molecules.periodicity import (
    has_cell,
    is_partly_periodic,
    require_all_or_none,
    right_handed,
    with_gap,
)
from tests.unit.molecules.test_neighbors import CUTOFF, configurations, in_order


def pairs(atoms: Atoms) -> np.ndarray:
    edges = find_edges(atoms, CUTOFF)
    return in_order(np.column_stack([edges.owner, edges.source, edges.vector]))


@settings(max_examples=40, deadline=None)
@given(configurations())
def test_a_gap_brings_no_pair_into_reach_and_loses_none(atoms: Atoms) -> None:
    given_cell, filled = atoms.copy(), with_gap(atoms, CUTOFF)
    assert atoms == given_cell
    assert filled.pbc.all() == atoms.pbc.any(), "a molecule stays one, everything else gets three vectors"
    np.testing.assert_allclose(pairs(filled), pairs(atoms), rtol=0, atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(configurations())
def test_a_right_handed_cell_describes_the_same_crystal(atoms: Atoms) -> None:
    turned = right_handed(with_gap(atoms, CUTOFF))
    assert np.linalg.det(turned.cell.array) > 0 or not atoms.pbc.any()
    np.testing.assert_allclose(pairs(turned), pairs(atoms), rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("cell", "pbc", "sound"),
    [
        ([0, 0, 0], (False, False, False), True),
        ([5, 5, 0], (True, True, False), True),
        ([0, 0, 4], (False, False, True), True),
        ([5, 5, 0], (True, True, True), False),
        ([5, 0, 5], (True, True, False), False),
        ([[5, 0, 0], [10, 0, 0], [0, 0, 5]], (True, True, False), False),
        ([5, 5, np.nan], (True, True, True), False),
    ],
)
def test_only_periodic_directions_need_vectors(cell: object, pbc: object, sound: bool) -> None:
    assert has_cell(Atoms("H", cell=cell, pbc=pbc)) is sound


def test_a_method_that_knows_all_directions_or_none_refuses_the_rest_in_one_line() -> None:
    for pbc in (False, True):
        require_all_or_none(Atoms("H", cell=[3] * 3, pbc=pbc), "x")
    slab = Atoms("H", cell=[3, 3, 0], pbc=[True, True, False])
    assert is_partly_periodic(slab)
    with pytest.raises(InputError, match=r'periodic in some directions only \(pbc="T T F"\), but gfn2-xtb knows all'):
        require_all_or_none(slab, "gfn2-xtb")
