"""Finding configurations that are the same, or nearly the same, geometry."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

import numpy as np
from ase import Atoms
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import squareform

from decant.molecules.neighbors import find_edges
from decant.molecules.periodicity import has_cell
from decant.molecules.topology import pair_distances

SAME = 2.0e-3
"""Two geometries are one if the sorted distances from their atoms agree within this everywhere (angstrom)."""
NEAR = 0.15
"""Frames whose pair distances differ by less than this root mean square (angstrom) are correlated."""
SMALL = 20
"""Frames of fewer atoms are not told to be correlated: small molecules are alike at any temperature."""
_SIEVE, _LEAST = 16, 64  # neighbors of an atom that a fingerprint knows, and least that a comparison does
_PIECES = 48  # of a frame, whose mean distances are compared before all are


def environments(atoms: Atoms, count: int) -> np.ndarray:
    """Describe a geometry by what its atoms see, independently of origin, orientation, wrapping and order of atoms.

    A periodic geometry is known by the neighbors of its atoms, images included: no choice of the cell changes them, and
    a single atom sees the lattice. Mirror images are described alike; their labels are the same as well.

    Parameters
    ----------
    atoms
        The configuration.
    count
        Neighbors of an atom, in the proportion of the elements, if the configuration is periodic; else all are taken.

    Returns
    -------
    numpy.ndarray
        Distances in angstrom, shape (atoms, columns): the nearest atoms of each element in turn, beginning with the
        lightest; each column sorted within the atoms of each element. Frames of equal composition that are periodic in
        as many directions have the same shape.
    """
    kinds, kind = np.unique(atoms.numbers, return_inverse=True)
    if _directions(atoms):
        table = _nearest_images(atoms, kind, np.ceil(count * np.bincount(kind) / len(atoms)).astype(int))
    else:
        distances = squareform(pair_distances(atoms))
        table = np.hstack([np.sort(distances[:, kind == one], axis=1) for one in range(len(kinds))])
    return np.vstack([np.sort(table[kind == one], axis=0) for one in range(len(kinds))])


def _nearest_images(atoms: Atoms, kind: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the distances of each atom's nearest neighbors, `counts` of each kind; how far it sees for those beyond.

    As that sight is the same for copies, a neighbor at its very edge makes no difference.
    """
    sight = _sight(atoms, int(counts.sum()))
    edges = find_edges(atoms, sight)
    distance, of_kind = np.linalg.norm(edges.vector, axis=1), kind[edges.source]
    order = np.lexsort((distance, of_kind, edges.owner))
    distance, of_kind, owner = distance[order], of_kind[order], edges.owner[order]
    listed = owner * len(counts) + of_kind
    rank = np.arange(len(listed)) - np.searchsorted(listed, listed)
    kept = rank < counts[of_kind]
    column = (np.cumsum(counts) - counts)[of_kind] + rank
    table = np.full((len(atoms), counts.sum()), sight)
    table[owner[kept], column[kept]] = distance[kept]
    return table


def _directions(atoms: Atoms) -> int:
    """Return in how many directions a configuration is periodic; in none without a cell."""
    return int(atoms.pbc.sum()) if has_cell(atoms) else 0


def _sight(atoms: Atoms, count: int) -> float:
    """Return a radius within which an atom has about `count` neighbors if they are spread evenly, and some more."""
    periodic = atoms.cell.array[atoms.pbc]
    share = count / len(atoms) * np.sqrt(np.linalg.det(periodic @ periodic.T))  # of a slab an area, of a wire a length
    per_sphere = {1: 2.0, 2: np.pi, 3: 4 / 3 * np.pi}[len(periodic)]
    return float(1.1 * (share / per_sphere) ** (1 / len(periodic)))


def fingerprint(atoms: Atoms, length: int = 64) -> np.ndarray:
    """Return distances of `environments` at even places: alike for one geometry, and cheap to look up.

    Parameters
    ----------
    atoms
        The configuration.
    length
        Number of distances kept.

    Returns
    -------
    numpy.ndarray
        Distances in angstrom, shape (length,).
    """
    distances = environments(atoms, _SIEVE).T.ravel()
    if not len(distances):
        return np.zeros(length)
    return distances[np.linspace(0, len(distances) - 1, length).round().astype(int)]


def duplicates(frames: Sequence[Atoms], tolerance: float = SAME) -> list[tuple[int, int]]:
    """Return pairs of frames (i < j) with the same composition and the same geometry, periodic images included.

    Large frames whose fingerprints agree are compared by all distances: one atom that moved by 0.1 angstrom tells two
    boxes apart.
    """
    from scipy.spatial import cKDTree

    @lru_cache(maxsize=64)
    def described(index: int) -> np.ndarray:
        return environments(frames[index], max(_LEAST, len(frames[index]) - 1)).ravel()

    def is_same(one: int, other: int) -> bool:
        if _is_shifted(frames[one], frames[other], tolerance / 2):
            return True
        return bool(np.abs(described(one) - described(other)).max() <= tolerance)

    alike = defaultdict(list)
    for index, atoms in enumerate(frames):
        # no cell in the key: cells of copies may be written with other digits, or be another of the same lattice
        alike[_directions(atoms), tuple(np.sort(atoms.numbers))].append(index)
    pairs = []
    for (_, numbers), members in alike.items():
        if len(members) > 1:
            small = len(numbers) < SMALL
            tree = cKDTree([described(index) if small else fingerprint(frames[index]) for index in members])
            found = sorted((members[i], members[j]) for i, j in tree.query_pairs(tolerance, p=np.inf))
            pairs += [pair for pair in found if small or is_same(*pair)]
    return sorted(pairs)


def _is_shifted(one: Atoms, other: Atoms, tolerance: float) -> bool:
    """Say at once of most copies that they are: the same atoms in the same cell, moved and wrapped at most."""
    periodic = one.cell.array[one.pbc]
    if (one.pbc != other.pbc).any() or (one.numbers != other.numbers).any():
        return False
    if not np.allclose(periodic, other.cell.array[other.pbc], rtol=0, atol=tolerance / 10):  # images are cells away
        return False
    moved = other.positions - one.positions
    moved = moved - moved[0]
    if len(periodic):
        moved = moved - np.round(moved @ np.linalg.pinv(periodic)) @ periodic
    return bool(np.ptp(moved, axis=0).max() < tolerance)


def distinct(frames: list[Atoms]) -> list[Atoms]:
    """Return the frames without those that repeat the geometry of an earlier one."""
    repeats = {later for _, later in duplicates(frames)}
    return [atoms for index, atoms in enumerate(frames) if index not in repeats]


def correlated(frames: Sequence[Atoms], tolerance: float = NEAR) -> list[tuple[int, int]]:
    """Return pairs of frames of the same atoms in the same order that have moved little: steps of one trajectory.

    The steps may stand anywhere among the frames, in any order. Not every such pair is returned, but enough to join all
    that are connected (`merge`). Frames of fewer than `SMALL` atoms are not compared, nor single molecules of a recipe.
    """
    group, pairs = np.arange(len(frames)), []
    for i, j in _near(frames, tolerance, lambda rows, columns: group[rows, None] != group[columns]):
        if group[i] != group[j]:
            group[group == group[j]] = group[i]
            pairs.append((i, j))
    return sorted(pairs)


def correlated_across(
    frames: Sequence[Atoms], parts: Sequence[str], tolerance: float = NEAR
) -> list[tuple[int, int]]:  # fmt: skip
    """Return each frame j with the first frame i < j of another part that it is correlated with, if there is any."""
    first: dict[int, int] = {}
    part = np.unique(parts, return_inverse=True)[1]
    alone = np.ones(len(frames), dtype=bool)

    def asked(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        return (part[rows, None] != part[columns]) & alone[columns]

    for i, j in _near(frames, tolerance, asked):
        alone[j] = False
        first.setdefault(j, i)
    return sorted((i, j) for j, i in first.items())


def _near(
    frames: Sequence[Atoms], tolerance: float, asked: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> Iterator[tuple[int, int]]:  # fmt: skip
    """Yield pairs i < j of frames of the same atoms that differ by less than the tolerance.

    Only those that are asked for: of indices, shape (rows,) and (columns,), a mask of shape (rows, columns). Mean
    distances of pieces of a frame change by no more than the distances: only where they are near is each compared.
    """
    alike = defaultdict(list)
    for index, atoms in enumerate(frames):
        if len(atoms) >= SMALL and not _is_drawn(atoms):
            alike[tuple(atoms.numbers)].append(index)
    for members in (np.array(indices) for indices in alike.values() if len(indices) > 1):
        coarse = np.array([_coarse_distances(frames[index]) for index in members], dtype=np.float32)
        coarse -= coarse.mean(axis=0)
        for rows, columns in _blocks(len(members), len(frames[members[0]])):
            wanted = (rows[:, None] < columns) & asked(members[rows], members[columns])
            if wanted.any():
                wanted &= _squared_changes(coarse[rows], coarse[columns]) < (1.01 * tolerance) ** 2  # single precision
            if wanted.any():
                i, j = np.flatnonzero(wanted.any(axis=1)), np.flatnonzero(wanted.any(axis=0))
                fine = [
                    np.array([_scaled_distances(frames[index]) for index in members[some]])
                    for some in (rows[i], columns[j])
                ]
                wanted[np.ix_(i, j)] &= _squared_changes(*fine) < tolerance**2
                yield from ((int(members[rows[i]]), int(members[columns[j]])) for i, j in np.argwhere(wanted))


def _is_drawn(atoms: Atoms) -> bool:
    """Say whether a recipe has drawn a single molecule by itself: a stiff one is always near itself, and no step.

    What belongs together the recipe says by its groups.
    """
    return atoms.info.get("recipe", "import") != "import" and len(set(atoms.arrays.get("mol_id", ()))) == 1


def _blocks(frames: int, atoms: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield pairs of runs of frames, the first not behind the second, whose distances fit in memory."""
    size = min(512, max(8, 10_000_000 // atoms**2))
    runs = np.split(np.arange(frames), range(size, frames, size))
    for number, columns in enumerate(runs):
        for rows in runs[: number + 1]:
            yield rows, columns


def _scaled_distances(atoms: Atoms) -> np.ndarray:
    """Return the pair distances so scaled that a sum of squares is a mean of squares."""
    distances = pair_distances(atoms)
    return distances / np.sqrt(len(distances))


def _coarse_distances(atoms: Atoms) -> np.ndarray:
    """Return mean distances between pieces of consecutive atoms so scaled that they change by no more than all do.

    By the inequality of Jensen a mean's square is no more than the mean of squares.
    """
    starts = np.unique(np.linspace(0, len(atoms), min(len(atoms), _PIECES), endpoint=False).astype(int))
    sizes = np.diff([*starts, len(atoms)])
    sums = np.add.reduceat(np.add.reduceat(squareform(pair_distances(atoms)), starts), starts, axis=1)
    return (sums / np.sqrt(np.outer(sizes, sizes)) / len(atoms)).ravel()


def _squared_changes(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the squared distance of every row of one from every row of the other."""
    return (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1) - 2 * one @ other.T


def merge(labels: list[str], pairs: list[tuple[int, int]]) -> list[str]:
    """Give frames that are joined by `pairs`, directly or through others, the label of the first of them."""
    if not labels:
        return []
    names = {label: index for index, label in enumerate(dict.fromkeys(labels))}
    codes = np.array([names[label] for label in labels])
    links = np.array([(codes[i], codes[j]) for i, j in pairs], dtype=int).reshape(-1, 2)
    graph = coo_matrix((np.ones(len(links)), (links[:, 0], links[:, 1])), shape=(len(names), len(names)))
    component = connected_components(graph, directed=False)[1]
    first: dict[int, str] = {}
    for label, code in names.items():
        first.setdefault(int(component[code]), label)
    return [first[int(component[code])] for code in codes]
