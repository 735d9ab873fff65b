"""Molecules as rigid bodies: their centres of mass, and whether they are still apart after a move."""

from __future__ import annotations

import numpy as np
from ase import Atoms

from decant.molecules.topology import bonds, molecule_ids


def centres_of_mass(atoms: Atoms) -> np.ndarray:
    """Return the centre of mass of each molecule, angstrom, shape (molecules, 3); molecules have to be whole."""
    ids, masses = atoms.arrays["mol_id"], atoms.get_masses()
    sums = np.zeros((ids.max() + 1, 3))
    np.add.at(sums, ids, masses[:, None] * atoms.positions)
    return sums / np.bincount(ids, weights=masses)[:, None]


def apart(atoms: Atoms) -> bool:
    """Say whether no two molecules are so close that they look bonded."""
    return np.array_equal(molecule_ids(len(atoms), bonds(atoms)), atoms.arrays["mol_id"])
