"""Distances between two sets of points in a periodic box, in parts that fit into memory and the processor's cache."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
from MDAnalysis.lib.distances import distance_array

from decant.analysis.box import cell_vectors, widths

AROUND = np.array(list(product((-1, 0, 1), repeat=3)))


def close_pairs(
    first: np.ndarray, second: np.ndarray, dimensions: np.ndarray, r_max: float
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield every pair of a first and a second point within `r_max` of each other, once, a part at a time.

    A large box is divided into cells at least `r_max` wide; a part holds the pairs of the points of a cell with those
    of the 27 cells in and around it. Their distances are one matrix product, which is several times as fast as to
    search for each point's neighbours.

    Parameters
    ----------
    first, second
        Points, angstrom, shape (points, 3); they may lie outside the box.
    dimensions
        Of the box, as MDAnalysis gives them.
    r_max
        angstrom, at most half the shortest width of the box.

    Yields
    ------
    one, two, distances
        Indices of both points, and minimum-image distances, angstrom; shape (pairs,).
    """
    vectors = cell_vectors(dimensions)
    cells = np.floor(widths(vectors) / r_max).astype(int)
    if cells.min() < 3:  # one and the same cell would be around twice
        distances = distance_array(first, second, box=dimensions)
        one, two = np.nonzero(distances < r_max)
        yield one, two, distances[one, two]
        return
    inverse = np.linalg.inv(vectors)
    one, two = first @ inverse, second @ inverse
    rows_of, columns_of = _by_cell(one, cells), _by_cell(two, cells)
    for number, cell in enumerate(np.ndindex(*cells)):
        rows = rows_of[number]
        if len(rows):
            around = np.ravel_multi_index(((np.array(cell) + AROUND) % cells).T, cells)
            columns = np.concatenate([columns_of[k] for k in around])
            middle = (np.array(cell) + 0.5) / cells
            # seen from the middle of the cell, the nearest image of a point around is the one that is near its points
            from_middle = [part - middle for part in (one[rows], two[columns])]
            squares = _squared_distances(*((part - np.rint(part)) @ vectors for part in from_middle))
            near = np.flatnonzero(squares < r_max**2)
            row, column = np.divmod(near, len(columns))
            yield rows[row], columns[column], np.sqrt(np.maximum(squares.ravel()[near], 0.0))


def _squared_distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return |a|^2 - 2 a b + |b|^2 as one product of matrices; shape (first, second)."""
    one, two = np.ones((len(first), 1)), np.ones((len(second), 1))
    squares = [np.einsum("pk,pk->p", points, points)[:, None] for points in (first, second)]
    return np.hstack([-2.0 * first, squares[0], one]) @ np.hstack([second, two, squares[1]]).T


def _by_cell(fractional: np.ndarray, cells: np.ndarray) -> list[np.ndarray]:
    """Return the indices of the points in each cell."""
    inside = ((fractional - np.floor(fractional)) * cells).astype(int)
    flat = np.ravel_multi_index(np.minimum(inside, cells - 1).T, cells)
    return np.split(np.argsort(flat, kind="stable"), np.cumsum(np.bincount(flat, minlength=cells.prod()))[:-1])
