"""Frames that are periodic in some directions only, slabs and wires: one rule for all that computes energies.

A potential of finite range computes them exactly: LAMMPS with open boundaries, and a program that knows cells of three
vectors or none in a cell whose further vectors keep images out of range (`with_gap`). A method without such a range,
as those that solve for electrons, refuses them unless it knows slabs (`require_all_or_none`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from decant.foundation.errors import InputError

if TYPE_CHECKING:
    from ase import Atoms

FAR = 20.0
"""More than any potential sees directly, angstrom."""
_LEAST_VOLUME = 1e-6  # of periodic cell vectors: angstrom^3, of a slab angstrom^2, of a wire angstrom


def is_partly_periodic(atoms: Atoms) -> bool:
    """Say whether a frame is periodic in some directions only."""
    return bool(atoms.pbc.any() and not atoms.pbc.all())


def has_cell(atoms: Atoms) -> bool:
    """Say whether the cell vectors of the periodic directions are independent; the others may be zero."""
    periodic = atoms.cell.array[atoms.pbc]
    if not np.isfinite(periodic).all():
        return False
    return bool(np.prod(np.linalg.svd(periodic, compute_uv=False)) > _LEAST_VOLUME)


def require_all_or_none(atoms: Atoms, method: str) -> None:
    """Refuse a slab or a wire for a method that knows periodicity in all directions or in none.

    Raises
    ------
    InputError
        If the frame is periodic in some directions only.
    """
    if is_partly_periodic(atoms):
        pbc = " ".join("T" if periodic else "F" for periodic in atoms.pbc)
        raise InputError(
            f'periodic in some directions only (pbc="{pbc}"), but {method} knows all three or none: give it a cell of '
            "three vectors with enough vacuum and pbc in all, or a method that knows slabs and wires"
        )


def enclosing_cell(atoms: Atoms, margin: float) -> tuple[np.ndarray, np.ndarray]:
    """Return a cell that holds all atoms in directions that are not periodic, and its origin.

    Parameters
    ----------
    atoms
        Frame of any periodicity; its cell vectors of directions that are not periodic are not used.
    margin
        Least distance of an atom to the faces there, angstrom.

    Returns
    -------
    cell
        Rows are the cell vectors, angstrom, shape (3, 3): those of periodic directions as they are, the others
        perpendicular to them and to each other.
    origin
        Angstrom, shape (3,); perpendicular to the periodic directions.

    Raises
    ------
    InputError
        If a periodic cell vector is not a number, or they span no volume.
    """
    cell = np.array(atoms.cell.array, dtype=float)
    periodic = cell[atoms.pbc]
    if not np.isfinite(periodic).all():
        raise InputError(f"a cell vector is not a number: {periodic.tolist()}")
    _, lengths, directions = np.linalg.svd(periodic)
    if len(lengths) and lengths.min() <= 1e-9 * lengths.max():
        raise InputError(f"periodic, but its cell vectors span no volume: {periodic.tolist()}; set the cell or pbc")
    others = directions[len(periodic) :]  # unit vectors, perpendicular to each other and to the periodic ones
    along = atoms.positions @ others.T
    low, high = (along.min(axis=0), along.max(axis=0)) if len(atoms) else (np.zeros(len(others)),) * 2
    cell[~atoms.pbc] = others * (high - low + 2 * margin)[:, None]
    return cell, (low - margin) @ others


def with_gap(atoms: Atoms, reach: float = FAR) -> Atoms:
    """Return a slab or a wire as a fully periodic frame that no potential of this reach tells from it.

    Parameters
    ----------
    atoms
        A frame; one that is periodic in all directions or in none is returned as it is.
    reach
        Distance up to which an atom sees another one directly, angstrom; further images take no part.

    Raises
    ------
    InputError
        If its periodic cell vectors span no volume.
    """
    if not is_partly_periodic(atoms):
        return atoms
    result = atoms.copy()
    result.set_cell(enclosing_cell(atoms, margin=reach / 2 + 1.0)[0])
    result.pbc = True
    return result


def right_handed(atoms: Atoms) -> Atoms:
    """Return a frame whose cell vectors are right-handed, the same crystal; as it is where they are.

    DeePMD-kit finds no neighbors across the boundaries of others, without a word.
    """
    if np.linalg.det(atoms.cell.array) >= 0:
        return atoms
    result = atoms.copy()
    result.set_cell(-atoms.cell.array)
    return result
