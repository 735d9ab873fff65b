"""Which frames hold whole molecules, and which hold some that have reacted."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers

from decant.data.isolated import is_isolated
from decant.molecules.connectivity import Connectivity, connectivity
from decant.molecules.species import known_name
from decant.molecules.topology import (
    BOND_SCALE,
    formula,
    graph_signature,
    is_coordinating,
    renumbered,
    split_graph,
)


@dataclass(frozen=True)
class Molecules:
    """The molecules of one frame.

    Attributes
    ----------
    mol_id
        Molecule of each atom from 0, shape (atoms,).
    bonds
        Pairs of atom indices, shape (bonds, 2).
    reacted
        What is wrong with them; empty if they are whole.
    """

    mol_id: np.ndarray
    bonds: np.ndarray
    reacted: str


def find_molecules(
    frames: Sequence[Atoms], given: Sequence[np.ndarray | None], scale: float = BOND_SCALE
) -> list[Molecules]:
    """Find the molecules of frames that hold the same kinds of them.

    A molecule is sound if it is a named solvent or ion (of lone atoms only a metal), or if most frames with the same
    atoms hold it as well and each of its hydrogens has one bond. Stretched bonds and touching molecules are put right
    by that knowledge (`decant.molecules.connectivity`).

    Parameters
    ----------
    frames
        Configurations.
    given
        For each frame the molecule of each atom where somebody has said it: it then stands.
    scale
        Largest length of an ordinary bond in units of the sum of covalent radii.
    """
    ids = [None if one is None else renumbered(one) for one in given]
    found = [connectivity(atoms, _is_named, scale, one) for atoms, one in zip(frames, ids, strict=True)]
    # what has no name may be common; the pieces of a broken one that knowledge has mended are not among it
    common = _common_graphs(frames, found)

    def known(symbols: tuple[str, ...], edges: tuple[tuple[int, int], ...]) -> bool:
        return _is_named(symbols, edges) or graph_signature(symbols, edges) in common

    return [
        _molecules(atoms, one, connectivity(atoms, known, scale, one) if first.unknown else first)
        for atoms, one, first in zip(frames, ids, found, strict=True)
    ]


def _is_named(symbols: tuple[str, ...], edges: tuple[tuple[int, int], ...]) -> bool:
    """Say whether a molecule is a named solvent or ion; a lone atom only of a metal: others have been torn off."""
    if len(symbols) == 1:
        return bool(is_coordinating(np.array([atomic_numbers[symbols[0]]]))[0])
    return bool(known_name(symbols, edges))


def _molecules(atoms: Atoms, given: np.ndarray | None, found: Connectivity) -> Molecules:
    ids = found.mol_id if given is None else given
    reason = ""
    if not is_isolated(atoms):
        torn = _torn(given, found.mol_id)
        if torn or found.unknown:
            reason = describe_piece(atoms, found.mol_id, torn or list(found.unknown))
    return Molecules(ids, found.bonds, reason)


def _torn(given: np.ndarray | None, pieces: np.ndarray) -> list[int]:
    """Return the pieces that are less than the molecule that they are said to be of."""
    if given is None:
        return []
    sizes = np.bincount(given)
    return [piece for piece in range(pieces.max() + 1) if (pieces == piece).sum() < sizes[given[pieces == piece][0]]]


def _common_graphs(frames: Sequence[Atoms], found: Sequence[Connectivity]) -> set[str]:
    """Return the molecules, by their graphs, that are no named ones and that more than half of the frames with the
    same atoms hold."""
    alike = defaultdict(list)
    for index, atoms in enumerate(frames):
        if not is_isolated(atoms):
            alike[tuple(np.sort(atoms.numbers))].append(index)
    common = set()
    for members in alike.values():
        counts: Counter[str] = Counter()
        for index in members:
            pieces = split_graph(frames[index], found[index].mol_id, found[index].bonds)
            counts.update({_signature(*pieces[piece]) for piece in found[index].unknown} - {""})
        common |= {graph for graph, count in counts.items() if 2 * count > len(members)}
    return common


def _signature(symbols: tuple[str, ...], edges: tuple[tuple[int, int], ...]) -> str:
    """Return the signature of a molecule, empty where a hydrogen has not one bond."""
    degree = Counter(atom for edge in edges for atom in edge)
    sound = all(degree[atom] == 1 for atom, symbol in enumerate(symbols) if symbol == "H")
    return graph_signature(symbols, edges) if sound else ""


def describe_piece(atoms: Atoms, pieces: np.ndarray, odd: list[int]) -> str:
    """Describe the smallest odd piece and its distance from the nearest other atom."""
    smallest = min(odd, key=lambda piece: int((pieces == piece).sum()))
    members, others = np.flatnonzero(pieces == smallest), np.flatnonzero(pieces != smallest)
    symbols = atoms.get_chemical_symbols()
    text = f"broken molecule: found {formula([symbols[atom] for atom in members])}"
    if not len(others):
        return text
    table = np.array([atoms.get_distances(int(atom), others, mic=bool(atoms.pbc.any())) for atom in members])
    row, column = np.unravel_index(table.argmin(), table.shape)
    inner, outer = int(members[row]), int(others[column])
    return f"{text}, {table.min():.2f} A from the rest ({symbols[inner]}{inner} to {symbols[outer]}{outer})"
