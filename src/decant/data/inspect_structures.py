"""Molecules of a set that are worth a look: those that come closest, and the one with the largest force on an atom."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from ase import Atoms

from decant.data.inspection import Inspection
from decant.foundation.page import Block, Figure, Panel
from decant.foundation.structure import Structure
from decant.molecules.neighbors import find_edges
from decant.molecules.topology import bonds, molecule_trees, unwrap

CAPTION = (
    "Whole molecules of single frames; what touches is joined by dots. Drag one, or use the arrow keys, to turn it."
)
MARGIN = 0.01
"""Added to a distance that is known to find its pair again, angstrom."""


def structures(found: Inspection, place: Callable[[int], str]) -> list[Block]:
    """Return the figure of what is worth a look; nothing where no frame has such a thing.

    Parameters
    ----------
    found
        The set.
    place
        Names a frame by its index.
    """
    panels = [panel for panel in (_closest(found, place), _largest_force(found, place)) if panel is not None]
    return [Figure(panels, CAPTION)] if panels else []


def _closest(found: Inspection, place: Callable[[int], str]) -> Panel | None:
    """Return the two molecules that come closest in the set."""
    distances = found.numbers["nearest_A"]
    if np.isnan(distances).all():
        return None
    index = int(np.nanargmin(distances))
    title = f"{place(index)}: molecules {distances[index]:.2f} Å apart"
    return closest_pair(found.frames[index], float(distances[index])).panel(
        title, "The two molecules that come closest"
    )


def closest_pair(atoms: Atoms, distance: float) -> Structure:
    """Return the two molecules of a frame whose atoms are nearest, `distance` apart."""
    mol_id, edges = atoms.arrays["mol_id"], find_edges(atoms, distance + MARGIN)
    others = np.flatnonzero(mol_id[edges.owner] != mol_id[edges.source])
    edge = others[np.argmin(np.linalg.norm(edges.vector[others], axis=1))]
    i, j = int(edges.owner[edge]), int(edges.source[edge])
    first, second = molecule_of(atoms, i), molecule_of(atoms, j)
    both = first.atoms + second.atoms
    own = len(first.atoms)
    i, j = first.atoms.arrays["index"].tolist().index(i), own + second.atoms.arrays["index"].tolist().index(j)
    both.positions[own:] += both.positions[i] - edges.vector[edge] - both.positions[j]
    contacts = np.concatenate([[[i, j]], first.contacts, second.contacts + own])
    return Structure(both, np.concatenate([first.bonds, second.bonds + own]), contacts)


def _largest_force(found: Inspection, place: Callable[[int], str]) -> Panel | None:
    """Return the molecule with the largest force on one of its atoms."""
    sizes = found.numbers["force_max_eV_A"]
    if np.isnan(sizes).all():
        return None
    index = int(np.nanargmax(sizes))
    atoms = found.frames[index]
    atom = int(np.argmax(np.linalg.norm(atoms.arrays["REF_forces"], axis=1)))
    title = f"{place(index)}: {sizes[index]:.1f} eV/Å on {atoms.symbols[atom]}{atom}"
    return molecule_of(atoms, atom).panel(title, "The molecule with the largest force on one of its atoms")


def molecule_of(atoms: Atoms, atom: int) -> Structure:
    """Return the molecule of an atom, whole; its atoms have the array ``index``, their place in the frame.

    What holds it together and is too long for a bond is a contact.
    """
    inside = np.flatnonzero(atoms.arrays["mol_id"] == atoms.arrays["mol_id"][atom])
    joined = bonds(atoms)
    joined = np.searchsorted(inside, joined[np.isin(joined, inside).all(axis=1)])
    part = atoms[inside]
    tree = molecule_trees(part, np.zeros(len(part), dtype=int))
    molecule = Atoms(part.numbers, unwrap(part, tree))
    molecule.set_array("index", inside)
    short = {frozenset(pair) for pair in joined.tolist()}
    stretched = [pair for pair in tree.tolist() if frozenset(pair) not in short]
    return Structure(molecule, joined, np.array(stretched, dtype=int).reshape(-1, 2))
