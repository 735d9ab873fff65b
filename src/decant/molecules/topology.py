"""Bonds and molecules found from a geometry."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

import numpy as np
from ase import Atoms
from ase.data import covalent_radii
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import breadth_first_order, connected_components, minimum_spanning_tree

from decant.molecules.periodicity import has_cell

BOND_SCALE = 1.2
"""Two atoms are bonded if closer than this times the sum of their covalent radii (Cordero et al., Dalton Trans. 2008,
2832). In liquid carbonates at 1200 K, C-H bonds reach 1.19 times the sum, while non-bonded C-C come down to 1.26."""


def bonds(atoms: Atoms, scale: float = BOND_SCALE) -> np.ndarray:
    """Find the bonds of a configuration, across periodic boundaries; ions of metals have none.

    Parameters
    ----------
    atoms
        The configuration; positions in angstrom.
    scale
        Largest length of a bond in units of the sum of the two covalent radii.

    Returns
    -------
    numpy.ndarray
        Pairs of atom indices i < j, shape (bonds, 2), sorted.
    """
    from ase.neighborlist import neighbor_list

    if len(atoms) < 2:
        return np.zeros((0, 2), dtype=int)
    radii = scale * bonding_radii(atoms.numbers)
    if len(atoms) <= 512 and shortest_height(atoms) > 4 * radii.max():
        # a vector shorter than half of every height of the cell is its own nearest image by rounding fractions
        first, second = np.triu_indices(len(atoms), 1)
        near = (pair_distances(atoms) < radii[first] + radii[second]) & (radii[first] > 0) & (radii[second] > 0)
        return np.column_stack([first[near], second[near]])
    first, second = neighbor_list("ij", atoms, list(radii))
    pairs = np.column_stack([first, second])[(first < second) & (radii[first] > 0) & (radii[second] > 0)]
    return np.unique(pairs, axis=0).astype(int).reshape(-1, 2)


def is_coordinating(numbers: np.ndarray) -> np.ndarray:
    """Say which elements are ions in a liquid, that solvents and anions coordinate without a bond.

    Alkali and alkaline earth metals from lithium on, and zinc.
    """
    return np.isin(numbers, (3, 11, 12, 19, 20, 30, 37, 38, 55, 56))


def bonding_radii(numbers: np.ndarray) -> np.ndarray:
    """Return the covalent radii of atoms, angstrom; 0 for those that coordinate instead of bonding, shape (atoms,)."""
    return np.where(is_coordinating(numbers), 0.0, covalent_radii[numbers])


def pair_distances(atoms: Atoms) -> np.ndarray:
    """Return the distances of all pairs i < j, angstrom, shape (pairs,), in the order of ``numpy.triu_indices``.

    The image is chosen by rounding fractional coordinates: exact in rectangular cells and for distances below half the
    height of a skewed one; beyond, perhaps not the nearest image, but always independent of origin and wrapping.
    """
    first, second = np.triu_indices(len(atoms), 1)
    vectors = atoms.positions[second] - atoms.positions[first]
    if atoms.pbc.any() and has_cell(atoms):
        periodic = atoms.cell.array[atoms.pbc]
        vectors = vectors - np.round(vectors @ np.linalg.pinv(periodic)) @ periodic
    return np.sqrt(np.einsum("ij,ij->i", vectors, vectors))


def shortest_height(atoms: Atoms) -> float:
    """Return the smallest distance between opposite faces of the cell along periodic directions, angstrom."""
    if not atoms.pbc.any():
        return np.inf
    if not has_cell(atoms):
        return 0.0
    return float((1 / np.linalg.norm(np.linalg.pinv(atoms.cell.array[atoms.pbc]), axis=0)).min())


def molecule_ids(count: int, bonds: np.ndarray) -> np.ndarray:
    """Number the molecules (connected components of the bond graph) by their first atom.

    Parameters
    ----------
    count
        Number of atoms.
    bonds
        Pairs of atom indices, shape (bonds, 2).

    Returns
    -------
    numpy.ndarray
        Molecule of each atom from 0, shape (count,).
    """
    pairs = np.asarray(bonds, dtype=int).reshape(-1, 2)
    graph = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    return renumbered(connected_components(graph, directed=False)[1])


def renumbered(labels: np.ndarray) -> np.ndarray:
    """Replace arbitrary labels by 0, 1, ... in the order of their first appearance."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=int)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse.ravel()]


def split_graph(
    atoms: Atoms, mol_id: np.ndarray, bonds: np.ndarray
) -> list[tuple[tuple[str, ...], tuple[tuple[int, int], ...]]]:
    """Return the symbols and the bonds (indices within the molecule) of every molecule."""
    mol_id = np.asarray(mol_id)
    symbols = np.array(atoms.get_chemical_symbols())
    order = np.argsort(mol_id, kind="stable")
    sizes = np.bincount(mol_id)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    local = np.empty(len(atoms), dtype=int)  # index of an atom within its molecule
    local[order] = np.arange(len(atoms)) - np.repeat(starts, sizes)
    edges: list[list[tuple[int, int]]] = [[] for _ in sizes]
    for i, j in np.asarray(bonds, dtype=int).reshape(-1, 2):
        edges[mol_id[i]].append((int(local[i]), int(local[j])))
    found = []
    for molecule, (start, size) in enumerate(zip(starts, sizes, strict=True)):
        elements = tuple(str(symbol) for symbol in symbols[order[start : start + size]])
        found.append((elements, tuple(sorted(edges[molecule]))))
    return found


@lru_cache(maxsize=4096)
def graph_signature(symbols: tuple[str, ...], edges: tuple[tuple[int, int], ...]) -> str:
    """Return a string that equals for molecules with the same graph (Weisfeiler-Lehman), whatever the atom order."""
    import networkx

    graph = networkx.Graph()
    graph.add_nodes_from((index, {"element": symbol}) for index, symbol in enumerate(symbols))
    graph.add_edges_from(edges)
    shape = networkx.weisfeiler_lehman_graph_hash(graph, node_attr="element", iterations=5)
    return f"{formula(symbols)}:{shape}"


def formula(symbols: tuple[str, ...] | list[str]) -> str:
    """Return the chemical formula in Hill order (C, H, then alphabetic), for example C3H4O3."""
    counts = Counter(symbols)
    first = [element for element in ("C", "H") if element in counts] if "C" in counts else []
    rest = sorted(element for element in counts if element not in first)
    return "".join(f"{element}{counts[element] if counts[element] > 1 else ''}" for element in [*first, *rest])


def molecule_trees(atoms: Atoms, mol_id: np.ndarray) -> np.ndarray:
    """Join the atoms of each molecule by their shortest distances, as bonds would, whatever the lengths.

    `unwrap` along these makes every molecule whole, also one with a bond stretched beyond what `bonds` takes for one.

    Parameters
    ----------
    atoms
        The configuration.
    mol_id
        Molecule of each atom; any integers, shape (atoms,).

    Returns
    -------
    numpy.ndarray
        Pairs of atom indices, atoms - 1 for each molecule (its minimum spanning tree), shape (pairs, 2).
    """
    from ase.geometry import find_mic

    pairs = [np.zeros((0, 2), dtype=int)]
    for label in np.unique(mol_id):
        members = np.flatnonzero(np.asarray(mol_id) == label)
        first, second = np.triu_indices(len(members), 1)
        pairs.append(np.column_stack([members[first], members[second]]))
    ends = np.concatenate(pairs)
    if not len(ends):
        return ends
    lengths = find_mic(atoms.positions[ends[:, 1]] - atoms.positions[ends[:, 0]], atoms.cell, atoms.pbc)[1]
    tree = minimum_spanning_tree(coo_matrix((lengths, (ends[:, 0], ends[:, 1])), shape=(len(atoms), len(atoms))))
    return np.column_stack(tree.nonzero())


def whole_positions(atoms: Atoms, mol_id: np.ndarray) -> np.ndarray:
    """Return the positions of a configuration with its molecules made whole, however far their bonds are stretched.

    Parameters
    ----------
    atoms
        The configuration.
    mol_id
        Molecule of each atom; any integers, shape (atoms,).

    Returns
    -------
    numpy.ndarray
        Positions in angstrom, shape (atoms, 3); without a periodic direction those of `atoms`.
    """
    return unwrap(atoms, molecule_trees(atoms, mol_id)) if atoms.pbc.any() else atoms.get_positions()


def unwrap(atoms: Atoms, bonds: np.ndarray) -> np.ndarray:
    """Make molecules whole: bonded atoms become nearest images of one another.

    The first atom of each molecule stays where it is. A molecule bonded to its own periodic image has no whole form;
    it is then opened at some bond.

    Parameters
    ----------
    atoms
        The configuration.
    bonds
        Pairs of atom indices, shape (bonds, 2).

    Returns
    -------
    numpy.ndarray
        Positions in angstrom, shape (atoms, 3).
    """
    from ase.geometry import find_mic

    positions = atoms.get_positions()
    pairs = np.asarray(bonds, dtype=int).reshape(-1, 2)
    if not len(pairs) or not atoms.pbc.any():
        return positions
    count = len(atoms)
    graph = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(count, count)).tocsr()
    labels = molecule_ids(count, pairs)
    for root in np.unique(labels, return_index=True)[1]:
        order, parents = breadth_first_order(graph, root, directed=False)
        children = order[1:]
        if not len(children):
            continue
        steps, _ = find_mic(positions[children] - positions[parents[children]], atoms.cell, atoms.pbc)
        for child, step in zip(children, steps, strict=True):
            positions[child] = positions[parents[child]] + step
    return positions
