"""Copies of a box as the start of a run, at its own and at another density."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.geometry import find_mic
from hypothesis import given, settings
from hypothesis import strategies as st

from decant.lammps.data import read_configuration, write_data
from decant.simulation.start import Start, replicated, rescaled

COUNTS = [3, 2]
BONDS = np.array([[0, 1], [2, 3], [4, 5], [6, 7], [7, 8], [9, 10], [10, 11]])


def box(seed: int, tilt: float = 0.0) -> Start:
    """Three carbon monoxides and two dioxides, whole, some across the box."""
    random = np.random.default_rng(seed)
    cell = np.array([[8.0, 0, 0], [tilt, 9.0, 0], [tilt, -tilt, 10.0]])
    shapes = [np.array([[0, 0, 0], [1.1, 0, 0]])] * 3 + [np.array([[-1.2, 0, 0], [0, 0, 0], [1.2, 0, 0]])] * 2
    positions = np.concatenate([shape + random.uniform(0, 1, 3) @ cell for shape in shapes])
    atoms = Atoms("COCOCOOCOOCO", positions, cell=cell, pbc=True)
    atoms.set_array("mol_id", np.repeat(np.arange(5), [2, 2, 2, 3, 3]))
    return Start(atoms, BONDS)


def lengths(start: Start) -> np.ndarray:
    """Return the lengths of the bonds as they lie, without the minimum image."""
    return np.linalg.norm(start.atoms.positions[start.bonds[:, 1]] - start.atoms.positions[start.bonds[:, 0]], axis=1)


@settings(max_examples=20, deadline=None)
@given(st.tuples(*[st.integers(1, 3)] * 3), st.integers(0, 99), st.sampled_from([0.0, 1.5]))
def test_copies_have_the_same_density_and_molecules_and_their_species_stand_together(copies, seed, tilt):
    one = box(seed, tilt)
    many, number = replicated(one, copies), int(np.prod(copies))
    assert many.density_g_cm3 == pytest.approx(one.density_g_cm3)
    assert np.sort(lengths(many)) == pytest.approx(np.sort(np.tile(lengths(one), number)))
    mol_id = many.atoms.arrays["mol_id"]
    assert np.bincount(mol_id).tolist() == [2] * 3 * number + [3] * 2 * number
    assert np.all(np.diff(mol_id) >= 0)
    assert np.all(mol_id[many.bonds[:, 0]] == mol_id[many.bonds[:, 1]])
    # every copy sits where the first does, but for whole cell vectors of the small box
    for kind in "CO":
        small = one.atoms.positions[one.atoms.symbols == kind]
        for position in many.atoms.positions[many.atoms.symbols == kind]:
            assert find_mic(small - position, one.atoms.cell)[1].min() == pytest.approx(0.0, abs=1e-9)


def test_another_density_moves_molecules_and_keeps_their_shape():
    one = box(4, tilt=1.0)
    other = rescaled(one, 2.0 * one.density_g_cm3)
    assert other.density_g_cm3 == pytest.approx(2.0 * one.density_g_cm3)
    assert lengths(other) == pytest.approx(lengths(one))


def test_the_centre_of_a_molecule_is_the_atom_nearest_to_its_centre_of_mass():
    assert box(2).centre_atoms(COUNTS) == [1, 1]


@pytest.mark.parametrize("tilt", [0.0, 1.5])
def test_a_configuration_is_read_as_it_was_written(tmp_path, tilt):
    one = box(7, tilt)
    write_data(tmp_path / "data", one.atoms, ["C", "O"], one.bonds)
    text = (tmp_path / "data").read_text().split("\n")
    first = text.index("Atoms # molecular") + 2
    # as LAMMPS writes it: in any order, and with images
    rows = [f"{row} 0 1 0" for row in text[first : first + 12]][::-1]
    (tmp_path / "data").write_text("\n".join([*text[:first], *rows, *text[first + 12 :]]))
    atoms, bonds = read_configuration(tmp_path / "data", ["C", "O"])
    assert atoms.get_chemical_symbols() == one.atoms.get_chemical_symbols()
    assert atoms.positions == pytest.approx(one.atoms.positions + np.array(one.atoms.cell)[1])
    assert np.array(atoms.cell) == pytest.approx(np.array(one.atoms.cell))
    assert atoms.arrays["mol_id"].tolist() == one.atoms.arrays["mol_id"].tolist()
    assert bonds.tolist() == BONDS.tolist()
