"""The configurations that a potential is held to have all of its elements, none nearer to another than in molecules."""

from __future__ import annotations

import numpy as np
import pytest
from ase.data import chemical_symbols, covalent_radii
from hypothesis import given, settings
from hypothesis import strategies as st

from decant.potentials.examples import APART, SMALLEST, scattered


@settings(max_examples=25)
@given(
    elements=st.lists(st.sampled_from(chemical_symbols[1:90]), min_size=1, max_size=20, unique=True),
    seed=st.integers(0, 100),
    periodic=st.booleans(),
)
def test_atoms_keep_the_distances_of_bonds_through_the_faces_of_the_cell_too(
    elements: list[str], seed: int, periodic: bool
) -> None:
    atoms = scattered(elements, seed, periodic)
    assert set(atoms.get_chemical_symbols()) == set(elements) and len(atoms) == max(SMALLEST, len(elements))
    assert atoms.pbc.all() == periodic
    reach = APART * covalent_radii[atoms.numbers]
    apart = atoms.get_all_distances(mic=periodic) + 1e6 * np.eye(len(atoms))
    assert (apart > reach[:, None] + reach[None, :] - 1e-6).all()
    assert scattered(elements, seed, periodic) == atoms


def test_a_model_of_all_elements_gets_one_atom_of_each() -> None:
    every = chemical_symbols[1:90]
    assert sorted(scattered(every, 1, True).get_chemical_symbols()) == sorted(every)


@pytest.mark.parametrize("periodic", [True, False])
def test_positions_are_those_that_the_file_will_hold(periodic: bool) -> None:
    atoms = scattered(["H", "O"], 1, periodic)
    assert (atoms.positions == atoms.positions.round(8)).all() and (atoms.cell.array == atoms.cell.array.round(8)).all()
