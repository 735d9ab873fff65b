"""Finding configurations that are the same, or nearly the same, geometry."""

from __future__ import annotations

import itertools
from collections import defaultdict

import numpy as np
from ase import Atoms
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from decant.molecules.topology import pair_distances

SAME = 2.0e-3
"""Two sorted lists of pair distances that agree within this everywhere (angstrom) are one geometry."""
NEAR = 0.15
"""Consecutive frames whose pair distances differ by less than this root mean square (angstrom) are correlated."""


def fingerprint(atoms: Atoms, length: int = 64) -> np.ndarray:
    """Describe a geometry independently of origin, orientation, wrapping and order of atoms.

    The distances of all pairs, sorted within each pair of elements, sampled at `length` even places. Mirror images
    share a fingerprint; their labels are the same as well.

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
    distances = pair_distances(atoms)
    if not len(distances):
        return np.zeros(length)
    first, second = np.triu_indices(len(atoms), 1)
    numbers = atoms.numbers
    kind = 1000 * np.minimum(numbers[first], numbers[second]) + np.maximum(numbers[first], numbers[second])
    ordered = distances[np.lexsort((distances, kind))]
    return ordered[np.linspace(0, len(ordered) - 1, length).round().astype(int)]


def duplicates(frames: list[Atoms], tolerance: float = SAME) -> list[tuple[int, int]]:
    """Return pairs of frames (i < j) with the same composition and the same geometry."""
    from scipy.spatial import cKDTree

    alike = defaultdict(list)
    for index, atoms in enumerate(frames):
        # no cell in the key: cells of copies may be written with other digits, and the distances know the images
        alike[tuple(np.sort(atoms.numbers))].append(index)
    pairs = []
    for members in alike.values():
        if len(members) > 1:
            tree = cKDTree([fingerprint(frames[index]) for index in members])
            pairs += [(members[i], members[j]) for i, j in tree.query_pairs(tolerance, p=np.inf)]
    return sorted(pairs)


def distinct(frames: list[Atoms]) -> list[Atoms]:
    """Return the frames without those that repeat the geometry of an earlier one."""
    repeats = {later for _, later in duplicates(frames)}
    return [atoms for index, atoms in enumerate(frames) if index not in repeats]


def correlated(frames: list[Atoms], tolerance: float = NEAR) -> list[tuple[int, int]]:
    """Return consecutive frames (i, i + 1) of the same atoms that have moved little: steps of one trajectory.

    Frames below 20 atoms are not compared: small molecules are alike at any temperature.
    """
    pairs = []
    for index, (before, after) in enumerate(itertools.pairwise(frames)):
        if len(before) < 20 or len(before) != len(after) or (before.numbers != after.numbers).any():
            continue
        change = pair_distances(after) - pair_distances(before)
        if np.sqrt(np.mean(change**2)) < tolerance:
            pairs.append((index, index + 1))
    return pairs


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
