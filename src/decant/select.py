"""Choosing the frames of a set that tell most: far from what is known and from each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ase import Atoms

from decant.descriptors import descriptors
from decant.errors import InputError


def farthest(
    frames: Sequence[Atoms],
    count: int,
    known: Sequence[Atoms] = (),
    kind: str = "soap",
    min_distance: float = 0.0,
) -> list[int]:
    """Choose frames by farthest-point sampling of their descriptors.

    Parameters
    ----------
    frames
        Configurations to choose from.
    count
        Number of frames to choose, at most all.
    known
        Frames that count as chosen already. Without any, the first choice is the frame nearest to the mean.
    kind
        Descriptors: see `decant.descriptors.descriptors`.
    min_distance
        Stop when all that is left is closer than this to a known or chosen frame; from 0 to 2, without unit.

    Returns
    -------
    list of int
        Indices of `frames` in the order chosen; the first ones are what a smaller `count` gives.

    Raises
    ------
    InputError
        If more frames are asked for than there are.
    """
    if not 0 <= count <= len(frames):
        raise InputError(f"cannot choose {count} of {len(frames)} frames; ask for at most {len(frames)}")
    if count == 0:
        return []
    rows = descriptors([*known, *frames], kind)
    order, distances = farthest_points(rows[len(known) :], count, rows[: len(known)])
    return [index for index, distance in zip(order, distances, strict=True) if distance >= min_distance]


def farthest_points(points: np.ndarray, count: int, known: np.ndarray | None = None) -> tuple[list[int], list[float]]:
    """Order points so that each is the one farthest from all before it.

    The greedy algorithm of Gonzalez (Theor. Comput. Sci. 38, 293, 1985), which covers the points with balls at most
    twice as wide as the best choice of the same number could; known as farthest point sampling since Eldar, Lindenbaum,
    Porat and Zeevi (IEEE Trans. Image Process. 6, 1305, 1997).

    Parameters
    ----------
    points
        Shape (points, features).
    count
        Number of points to choose.
    known
        Points that count as chosen already, shape (known, features).

    Returns
    -------
    order
        Indices in the order chosen. Equal distances are decided by the lower index.
    distances
        Of each choice from the known and those chosen before it, never increasing; infinite for the first of all, if
        nothing is known.
    """
    from scipy.spatial.distance import cdist

    if known is None or not len(known):
        # the most ordinary point first; the distances to it are what the second is chosen by
        first = int(np.argmin(cdist(points, points.mean(axis=0)[None])[:, 0]))
        order, distances, nearest = [first], [np.inf], cdist(points, points[first][None])[:, 0]
    else:
        order, distances, nearest = [], [], np.full(len(points), np.inf)
        for row in known:
            np.minimum(nearest, cdist(points, row[None])[:, 0], out=nearest)
    nearest[order] = -1.0  # below any distance: not to be chosen twice
    while len(order) < count:
        index = int(np.argmax(nearest))
        order.append(index)
        distances.append(float(nearest[index]))
        np.minimum(nearest, cdist(points, points[index][None])[:, 0], out=nearest)
        nearest[index] = -1.0
    return order, distances
