"""Which atoms are bonded in hot and crowded configurations: thermal stretches are told from reactions.

Distances alone do not tell them apart: at 2000 K a C-H bond passes 1.4 times the sum of the covalent radii, and atoms
of different molecules touch below 1.2 times. A reaction changes the partner of an atom, a stretch does not. So a graph
from distances is mended by the fewest bonds, added or taken away, that make every molecule one that is known, and only
where no atom then has a partner nearer than one of its own.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from ase import Atoms

from decant.molecules.topology import BOND_SCALE, bonding_radii, molecule_ids

TORN = 1.6
"""Beyond this times the sum of the covalent radii two atoms are apart, whatever they were (C-H: 1.7 A, C-O: 2.3 A)."""
TIGHT = 1.08
"""Atoms nearer than this times the sum of the covalent radii are bonded, and no touch of two molecules."""
MOST_CHANGES, MOST_CANDIDATES = 4, 14
"""Bonds that are added or taken away to make molecules that are near each other sound, and pairs that are tried."""

Known = Callable[[tuple[str, ...], tuple[tuple[int, int], ...]], bool]
"""Says whether a molecule is a known one, from its chemical symbols and its bonds: indices i < j within it, sorted."""
Pair = tuple[int, int]


@dataclass(frozen=True)
class Connectivity:
    """The bonds of a configuration.

    Attributes
    ----------
    bonds
        Pairs of atom indices i < j, sorted, shape (bonds, 2).
    mol_id
        Molecule of each atom from 0 in the order of their first atoms, shape (atoms,).
    unknown
        Molecules that are none of the known ones.
    changed
        Number of bonds that differ from what distances alone say.
    """

    bonds: np.ndarray
    mol_id: np.ndarray
    unknown: tuple[int, ...]
    changed: int


def connectivity(
    atoms: Atoms, known: Known, scale: float = BOND_SCALE, mol_id: np.ndarray | None = None
) -> Connectivity:
    """Find the bonds of a configuration whose molecules should be known ones.

    Parameters
    ----------
    atoms
        The configuration; positions in angstrom.
    known
        What molecules there are.
    scale
        Pairs below this times the sum of covalent radii are bonds where nothing speaks against it.
    mol_id
        Molecule of each atom, where somebody has said it; no bond then joins two of them. Shape (atoms,).

    Returns
    -------
    Connectivity
        With `unknown` molecules where no few changes make them known: they have reacted, or nobody knows them.
    """
    near = scaled_distances(atoms, TORN)
    symbols = atoms.get_chemical_symbols()
    within = near if mol_id is None else {pair: near[pair] for pair in near if mol_id[pair[0]] == mol_id[pair[1]]}
    bonds = {pair for pair, distance in within.items() if distance < scale}
    everything = range(len(atoms))
    changed = 0
    tried: list[list[int]] = []
    for is_wide in (False, True):  # what an odd piece has lost may be a known molecule by itself: CO3 of a carbonate
        odd = _unknown(symbols, everything, bonds, known)
        for cluster in _clusters(odd + (_beside(odd, _pieces(everything, bonds), within) if is_wide else []), within):
            if cluster in tried:
                continue
            tried.append(cluster)
            found = _mended(symbols, cluster, bonds, _doubtful(cluster, bonds, within, scale), near, known)
            changed += len(found)
            bonds ^= found
    table = np.array(sorted(bonds), dtype=int).reshape(-1, 2)
    ids = molecule_ids(len(atoms), table)
    left = sorted({int(ids[piece[0]]) for piece in _unknown(symbols, everything, bonds, known)})
    return Connectivity(table, ids, tuple(left), changed)


def whole_molecules(atoms: Atoms, mol_id: np.ndarray) -> tuple[np.ndarray, Pair | None]:
    """Look whether molecules, whatever they are, are in one piece each and apart from each other.

    Parameters
    ----------
    atoms
        The configuration.
    mol_id
        Molecule of each atom from 0, shape (atoms,).

    Returns
    -------
    numpy.ndarray
        Pieces that the molecules fall into, numbered from 0: more of them than molecules if one fell apart.
    tuple of int or None
        Two atoms of different molecules that are bonded: too near for a touch, or nearer than a partner of their own.
    """
    near = scaled_distances(atoms, TORN)
    own = {pair for pair in near if mol_id[pair[0]] == mol_id[pair[1]]}
    pieces = molecule_ids(len(atoms), np.array(sorted(own), dtype=int).reshape(-1, 2))
    farthest: dict[int, float] = {}
    for pair in _tree(own, near):
        for atom in pair:
            farthest[atom] = max(farthest.get(atom, 0.0), near[pair])
    for pair, distance in near.items():
        if pair in own or distance >= BOND_SCALE:
            continue
        if distance < TIGHT or any(distance < farthest.get(atom, 0.0) for atom in pair):
            return pieces, pair
    return pieces, None


def _tree(pairs: Iterable[Pair], near: dict[Pair, float]) -> Iterator[Pair]:
    """Yield the shortest pairs that hold molecules together."""
    root: dict[int, int] = {}

    def find(atom: int) -> int:
        while (above := root.get(atom, atom)) != atom:
            atom = above
        return atom

    for i, j in sorted(pairs, key=lambda pair: near[pair]):
        one, other = find(i), find(j)
        if one != other:
            root[one] = other
            yield i, j


def scaled_distances(atoms: Atoms, limit: float) -> dict[Pair, float]:
    """Return the distances of pairs i < j in sums of their covalent radii, of nearest images, below `limit`.

    Ions of metals coordinate and are not bonded: they have no pairs here.
    """
    from ase.neighborlist import neighbor_list

    if len(atoms) < 2:
        return {}
    radii = bonding_radii(atoms.numbers)
    first, second, length = neighbor_list("ijd", atoms, list(limit * radii))
    keep = (first < second) & (radii[first] > 0) & (radii[second] > 0)
    first, second, length = first[keep], second[keep], length[keep]
    scaled = length / (radii[first] + radii[second])
    found: dict[Pair, float] = {}
    for index in np.argsort(scaled, kind="stable"):
        found.setdefault((int(first[index]), int(second[index])), float(scaled[index]))
    return found


def _pieces(atoms: Iterable[int], bonds: Iterable[Pair]) -> list[list[int]]:
    """Return the connected pieces of a graph, atoms rising."""
    partners: dict[int, list[int]] = {atom: [] for atom in atoms}
    for i, j in bonds:
        partners[i].append(j)
        partners[j].append(i)
    pieces, seen = [], set()
    for root in partners:
        if root in seen:
            continue
        seen.add(root)
        piece = [root]
        for atom in piece:  # grows while it is walked
            fresh = [other for other in partners[atom] if other not in seen]
            seen.update(fresh)
            piece += fresh
        pieces.append(sorted(piece))
    return pieces


def _unknown(symbols: Sequence[str], atoms: Iterable[int], bonds: set[Pair], known: Known) -> list[list[int]]:
    """Return the atoms of each molecule that is not known."""
    pieces = _pieces(atoms, bonds)
    place = {atom: (number, index) for number, piece in enumerate(pieces) for index, atom in enumerate(piece)}
    own: list[list[Pair]] = [[] for _ in pieces]
    for i, j in bonds:
        own[place[i][0]].append((place[i][1], place[j][1]))
    return [
        piece
        for piece, inside in zip(pieces, own, strict=True)
        if not known(tuple(symbols[atom] for atom in piece), tuple(sorted(inside)))
    ]


def _clusters(odd: Sequence[Sequence[int]], near: dict[Pair, float]) -> list[list[int]]:
    """Join odd molecules that are near each other: what one has lost another may have."""
    place = {atom: number for number, piece in enumerate(odd) for atom in piece}
    joined = [(place[i], place[j]) for i, j in near if i in place and j in place]
    return [sorted(atom for number in members for atom in odd[number]) for members in _pieces(range(len(odd)), joined)]


def _beside(odd: Sequence[Sequence[int]], pieces: Sequence[list[int]], near: dict[Pair, float]) -> list[list[int]]:
    """Return the other pieces that are near odd ones."""
    inside = {atom for piece in odd for atom in piece}
    reached = {atom for pair in near if inside & set(pair) for atom in pair} - inside
    return [piece for piece in pieces if reached & set(piece)]


def _doubtful(cluster: Iterable[int], bonds: set[Pair], near: dict[Pair, float], scale: float) -> list[Pair]:
    """Return the pairs of a cluster that may be bonds or not, those nearest to `scale` first.

    Not those at the ends of an angle, which are near by geometry.
    """
    members = set(cluster)
    partners = _partners(bonds)
    inside = [pair for pair in near if pair[0] in members and pair[1] in members and near[pair] > TIGHT]
    open_ = [(i, j) for i, j in inside if (i, j) in bonds or not partners.get(i, set()) & partners.get(j, set())]
    return sorted(open_, key=lambda pair: abs(near[pair] - scale))[:MOST_CANDIDATES]


def _partners(bonds: Iterable[Pair]) -> dict[int, set[int]]:
    partners: dict[int, set[int]] = {}
    for i, j in bonds:
        partners.setdefault(i, set()).add(j)
        partners.setdefault(j, set()).add(i)
    return partners


def _mended(
    symbols: Sequence[str],
    cluster: Sequence[int],
    bonds: set[Pair],
    doubtful: Sequence[Pair],
    near: dict[Pair, float],
    known: Known,
) -> set[Pair]:
    """Return the fewest bonds to add or take away that make every molecule of a cluster known; empty if none do."""
    members = set(cluster)
    inside = {pair for pair in bonds if pair[0] in members}
    for size in range(1, MOST_CHANGES + 1):
        for chosen in itertools.combinations(doubtful, size):
            graph = inside.symmetric_difference(chosen)
            if not _unknown(symbols, cluster, graph, known) and _own_are_nearest(chosen, graph, near):
                return set(chosen)
    return set()


def _own_are_nearest(changes: Sequence[Pair], graph: set[Pair], near: dict[Pair, float]) -> bool:
    """Say whether no atom of a changed pair has another partner nearer than one of its own.

    Atoms of one molecule that share a neighbor are near by geometry and are no partners.
    """
    partners = _partners(graph)
    for atom in {atom for pair in changes for atom in pair}:
        own = partners.get(atom, set())
        angles = {far for partner in own for far in partners[partner]}
        others = [
            distance
            for pair, distance in near.items()
            if atom in pair and pair not in graph and not set(pair) - {atom} <= angles
        ]
        farthest = max((near.get((min(atom, x), max(atom, x)), TORN) for x in own), default=0.0)
        if others and min(others) < farthest:
            return False
    return True
