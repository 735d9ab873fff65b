"""Pairs of atoms within a cutoff, periodic images included: in any cell, periodic in any of its directions.

The search itself is matscipy's: linked cells in C, in a well-kept library that mace-torch brings along. ASE's own list
is written in NumPy and takes as long as a small model itself: 40 ms against 2 ms for 160 atoms with 27 neighbors each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from decant.foundation.errors import InputError
from decant.molecules.periodicity import enclosing_cell

if TYPE_CHECKING:
    from ase import Atoms


@dataclass(frozen=True)
class Edges:
    """Directed pairs of atoms, each pair in both directions.

    Attributes
    ----------
    owner, source
        Indices of the atoms at both ends, int32, shape (edges,), sorted by owner. The index of a periodic image is
        that of the atom it stands for; an atom may be the neighbor of its own image.
    vector
        From source to owner, angstrom, shape (edges, 3).
    """

    owner: np.ndarray
    source: np.ndarray
    vector: np.ndarray


def find_edges(atoms: Atoms, cutoff: float, shortest: float = 0.0) -> Edges:
    """Return all pairs of atoms within a cutoff.

    Parameters
    ----------
    atoms
        The configuration. Atoms may lie outside the cell; cell vectors of directions that are not periodic are not
        used.
    cutoff
        Largest distance, angstrom.
    shortest
        Least distance allowed, angstrom.

    Raises
    ------
    InputError
        If a position or the cell is not a number, the cell spans no volume in its periodic directions, or two atoms
        are closer than `shortest`.
    """
    from matscipy.neighbours import neighbour_list

    positions = np.ascontiguousarray(atoms.positions, dtype=float)
    wrong = np.flatnonzero(~np.isfinite(positions).all(axis=1))
    if len(wrong):
        raise InputError(
            f"position of atom {wrong[0]} (of 0 to {len(atoms) - 1}) is not a number: {positions[wrong[0]]}"
        )
    cell, origin = enclosing_cell(atoms, margin=1.0)  # a flat molecule needs some thickness
    owner, source, distance, vector = neighbour_list(
        "ijdD", positions=positions, cell=cell, pbc=atoms.pbc, cutoff=cutoff, cell_origin=origin
    )
    if len(distance) and distance.min() < shortest:
        edge = distance.argmin()
        raise InputError(
            f"atoms {owner[edge]} and {source[edge]} (of 0 to {len(atoms) - 1}) are {distance[edge]:.3g} angstrom "
            f"apart; the potential begins at {shortest:g} angstrom"
        )
    return Edges(owner.astype(np.int32), source.astype(np.int32), -vector)
