"""A picture of who stands around a cation: a shell of the commonest composition, as it was in the run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import ase
import ase.io
import numpy as np
from MDAnalysis.lib.distances import minimize_vectors

from decant.analysis.solvation import Solvation
from decant.foundation.errors import InputError
from decant.foundation.files import write_beside
from decant.foundation.plotting import page
from decant.foundation.structure import Structure

if TYPE_CHECKING:
    from MDAnalysis import Universe

SHELLS = "shell.xyz"
SIZE = 4.6


def shell_of(universe: Universe, one: Solvation) -> Structure:
    """Return the example among the shells of a cation; the trajectory of the run is moved to its frame.

    The cation comes first, at the origin, and each molecule in its image next to it; contacts join the cation with what
    touches it; ``info`` of the atoms has cation, composition and time_ps.
    """
    assert one.example is not None
    step = universe.trajectory[one.example.frame]
    centre = universe.atoms[[one.example.cation]]
    parts = [centre, *(universe.residues[molecule].atoms for molecule in one.example.molecules)]
    atoms = ase.Atoms()
    for part in parts:
        vectors = (part.positions - centre.positions).astype(float)
        if step.dimensions is not None:  # molecules are whole: one image for all of their atoms
            nearest = minimize_vectors(vectors.copy(), step.dimensions)
            closest = int(np.argmin(np.linalg.norm(nearest, axis=1)))
            vectors += nearest[closest] - vectors[closest]
        atoms += ase.Atoms([str(element) for element in part.elements], vectors)
    atoms.info = {"cation": one.cation, "composition": one.example.composition, "time_ps": round(float(step.time), 6)}
    indices = np.concatenate([part.indices for part in parts])
    place = dict(zip(indices.tolist(), range(len(indices)), strict=True))
    bonds = universe.bonds.indices if hasattr(universe, "bonds") else np.empty((0, 2), dtype=int)
    inside = bonds[np.isin(bonds, indices).all(axis=1)].tolist()
    return Structure(
        atoms,
        np.array([(place[i], place[j]) for i, j in inside], dtype=int).reshape(-1, 2),
        np.array([(0, place[atom]) for atom in one.example.donors.tolist()], dtype=int).reshape(-1, 2),
    )


def shell_title(atoms: ase.Atoms) -> str:
    """Return what a shell is."""
    return f"{atoms.info['cation']} with {atoms.info['composition']}, at {atoms.info['time_ps']:g} ps"


def write_shells(path: Path, shells: Sequence[Structure]) -> None:
    """Write shells for a viewer, a frame each; bonds and contacts stand beside the atoms."""
    frames = []
    for shell in shells:
        frames.append(shell.atoms.copy())
        frames[-1].info |= {"bonds": shell.bonds.ravel(), "contacts": shell.contacts.ravel()}
    with write_beside(path) as temporary:
        ase.io.write(temporary, frames, format="extxyz")


def read_shells(path: Path) -> list[Structure]:
    """Read what `write_shells` wrote.

    Raises
    ------
    InputError
        If it is no such file.
    """
    try:
        frames = ase.io.read(path, ":", format="extxyz")
        return [Structure(frame, _pairs(frame, "bonds"), _pairs(frame, "contacts")) for frame in frames]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path}: no shells of 'decant analyze' ({error}); analyse the run again") from error


def _pairs(frame: ase.Atoms, key: str) -> np.ndarray:
    return np.array(frame.info.pop(key), dtype=int).reshape(-1, 2)


def plot_shells(path: Path, shells: Sequence[Structure]) -> None:
    """Draw shells beside each other."""
    with page(path, SIZE * len(shells), SIZE) as figure:
        for axes, shell in zip(figure.subplots(1, len(shells), squeeze=False)[0], shells, strict=True):
            shell.draw(axes)
            axes.set_title(shell_title(shell.atoms), fontsize=9)
