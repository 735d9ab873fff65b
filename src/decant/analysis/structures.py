"""What of a run is worth a look: shells of its cations, the first molecule that broke, the first two that collided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import ase
import ase.io
import numpy as np
from MDAnalysis.lib.distances import minimize_vectors

from decant.analysis.bonds import BondIntegrity
from decant.analysis.contacts import Contacts
from decant.analysis.frames import Rows
from decant.analysis.solvation import Solvation
from decant.foundation.errors import InputError
from decant.foundation.files import write_beside
from decant.foundation.plotting import page, shortened
from decant.foundation.structure import Structure

if TYPE_CHECKING:
    from MDAnalysis import Universe

SHELLS, BROKEN, COLLIDED = "shell.xyz", "broken.xyz", "contact.xyz"
TOLD = "told"
"""Key of ``info`` that says what a structure is."""
TITLE = 44  # characters that fit above a structure
SIZE = 4.6


def worth_a_look(
    universe: Universe, solvation: Sequence[Solvation], observables: Mapping[str, object], rows: Mapping[str, Rows]
) -> dict[str, list[Structure]]:
    """Return what is worth a look, by the name of its file.

    Parameters
    ----------
    universe
        Of the run; its trajectory is moved.
    solvation
        Shells of its cations.
    observables, rows
        What was measured frame by frame, and what the frames gave it; of them `bonds` and `contacts` are used.
    """
    found = {SHELLS: [shell_of(universe, one) for one in solvation]}
    bonds, contacts = observables.get("bonds"), observables.get("contacts")
    if isinstance(bonds, BondIntegrity) and rows["bonds"] and (broken := bonds.first_broken(rows["bonds"])):
        frame, bond, name = broken
        found[BROKEN] = [molecules_of(universe, frame, bond, f"{name} broke")]
    if isinstance(contacts, Contacts) and rows["contacts"] and (met := contacts.first_impossible(rows["contacts"])):
        frame, pair, name = met
        found[COLLIDED] = [molecules_of(universe, frame, pair, name)]
    return {name: structures for name, structures in found.items() if structures}


def shell_of(universe: Universe, one: Solvation) -> Structure:
    """Return the example among the shells of a cation; the trajectory of the run is moved to its frame.

    The cation comes first, at the origin, and each molecule in its image next to it; contacts join the cation with what
    touches it.
    """
    assert one.example is not None
    step = universe.trajectory[one.example.frame]
    told = f"{one.cation} with {one.example.composition}, at {step.time:.6g} ps"
    atoms = np.concatenate([[one.example.cation], universe.residues[one.example.molecules].atoms.indices])
    return _structure(universe, atoms, [(one.example.cation, atom) for atom in one.example.donors.tolist()], told)


def molecules_of(universe: Universe, frame: int, pair: Sequence[int], told: str) -> Structure:
    """Return the molecules of two atoms in a frame, to which the trajectory is moved; a contact joins the two."""
    step = universe.trajectory[frame]
    one, other = (universe.atoms[[atom]].residues.atoms.indices for atom in pair)
    atoms = np.concatenate([np.roll(one, -int(np.flatnonzero(one == pair[0])[0])), np.setdiff1d(other, one)])
    return _structure(universe, atoms, [(int(pair[0]), int(pair[1]))], f"{told}, at {step.time:.6g} ps")


def _structure(universe: Universe, indices: np.ndarray, contacts: Sequence[tuple[int, int]], told: str) -> Structure:
    """Return some atoms, the first of them at the origin and each molecule in its image next to it."""
    chosen, box = universe.atoms[indices], universe.dimensions
    vectors = (chosen.positions - chosen.positions[0]).astype(float)
    for molecule in np.unique(chosen.resindices):
        inside = chosen.resindices == molecule
        if box is not None:  # molecules are whole: one image for all of their atoms
            nearest = minimize_vectors(vectors[inside].copy(), box)
            closest = int(np.argmin(np.linalg.norm(nearest, axis=1)))
            vectors[inside] += nearest[closest] - vectors[inside][closest]
    atoms = ase.Atoms([str(element) for element in chosen.elements], vectors, info={TOLD: told})
    place = dict(zip(indices.tolist(), range(len(indices)), strict=True))
    bonds = universe.bonds.indices if hasattr(universe, "bonds") else np.empty((0, 2), dtype=int)
    open_ = {frozenset(pair) for pair in contacts}
    joined = [pair for pair in bonds[np.isin(bonds, indices).all(axis=1)].tolist() if frozenset(pair) not in open_]
    return Structure(atoms, *(_pairs([[place[i], place[j]] for i, j in pairs]) for pairs in (joined, contacts)))


def write_structures(path: Path, structures: Sequence[Structure]) -> None:
    """Write structures for a viewer, a frame each; bonds and contacts stand beside the atoms."""
    frames = []
    for one in structures:
        frames.append(one.atoms.copy())
        frames[-1].info |= {"bonds": one.bonds.ravel(), "contacts": one.contacts.ravel()}
    with write_beside(path) as temporary:
        ase.io.write(temporary, frames, format="extxyz")


def read_structures(path: Path) -> list[Structure]:
    """Read what `write_structures` wrote.

    Raises
    ------
    InputError
        If it is no such file.
    """
    try:
        frames = ase.io.read(path, ":", format="extxyz")
        return [Structure(one, _pairs(one.info.pop("bonds")), _pairs(one.info.pop("contacts"))) for one in frames]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path}: no structures of 'decant analyze' ({error}); analyse the run again") from error


def plot_structures(path: Path, structures: Sequence[Structure]) -> None:
    """Draw structures beside each other."""
    with page(path, SIZE * len(structures), SIZE) as figure:
        for axes, one in zip(figure.subplots(1, len(structures), squeeze=False)[0], structures, strict=True):
            one.draw(axes)
            axes.set_title(shortened(one.atoms.info[TOLD], TITLE), fontsize=9)


def _pairs(values: Sequence[Sequence[int]] | np.ndarray) -> np.ndarray:
    return np.array(values, dtype=int).reshape(-1, 2)
