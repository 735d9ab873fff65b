"""Choosing the frames of a set that tell most: far from what is known and from each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ase import Atoms

from decant.data.charges import charge_of, spin_of
from decant.data.isolated import is_isolated
from decant.foundation.errors import InputError
from decant.foundation.progress import track
from decant.labels.cost import label_costs
from decant.molecules import geometry
from decant.selection.descriptors import descriptors
from decant.selection.deviation import read_deviations


@dataclass(frozen=True)
class Wanted:
    """What may be chosen, and how much of it.

    Attributes
    ----------
    count
        Most frames to choose.
    seconds
        Most seconds that their labels may take on one core.
    min_distance
        Least distance of descriptors between two frames chosen, 0 to 2.
    min_deviation, max_deviation
        Largest force deviation of a frame must lie between these, eV/angstrom.
    kind
        Descriptors: see `decant.selection.descriptors.descriptors`.
    """

    count: int | None = None
    seconds: float | None = None
    min_distance: float = 0.0
    min_deviation: float | None = None
    max_deviation: float | None = None
    kind: str = "soap"


@dataclass(frozen=True)
class Selection:
    """What was chosen.

    Attributes
    ----------
    chosen
        Indices of the frames in the order chosen.
    distances
        Distance of each from the known frames and those chosen before it; infinite for the first of all.
    radius
        Every frame that could have been chosen and was not lies within this distance of a chosen or known one.
    left_out
        Reasons why frames could not be chosen, with their counts.
    seconds
        What the labels of the chosen frames will take on one core; None if nobody asked.
    """

    chosen: list[int]
    distances: list[float]
    radius: float
    left_out: dict[str, int]
    seconds: float | None


def select(
    frames: Sequence[Atoms], wanted: Wanted, known: Sequence[Atoms] = (), timed: Sequence[Atoms] = ()
) -> Selection:
    """Choose frames by deviation, then one of each geometry, then the farthest from what is known and each other.

    Parameters
    ----------
    frames
        Configurations to choose from; isolated atoms are passed over.
    wanted
        Bounds and budget. Frames are chosen in the order of `farthest` until the first one that the budget does not
        cover.
    known
        Frames that count as chosen already.
    timed
        Frames that tell what a label costs, besides `frames` and `known`: see `decant.labels.cost`.

    Raises
    ------
    InputError
        If no budget is set or more frames are asked for than there are, a frame lacks its deviation, nothing tells the
        cost of labels, or no frame is left.
    """
    bulk = [index for index, atoms in enumerate(frames) if not is_isolated(atoms)]
    _check_budget(wanted, len(bulk))
    reasons = {**_repeats(frames, bulk, known), **_outside(frames, bulk, wanted)}
    left_out = dict(Counter(reasons.values()))
    left = [index for index in bulk if index not in reasons]
    if not left:
        raise InputError(f"no frame is left to choose from; {told(left_out)}")
    costs = None
    if wanted.seconds is not None:
        costs = label_costs([frames[index] for index in left], [*timed, *known, *frames])
    most = min(len(left), wanted.count if wanted.count is not None else len(left))
    if costs is not None and wanted.seconds is not None:
        most = min(most, int(wanted.seconds / costs.min()))
    ahead = min(most + 1, len(left))  # the one after the last tells how far the rest is
    rows = descriptors([*known, *(frames[index] for index in left)], wanted.kind)
    order, distances = farthest_points(rows[len(known) :], ahead, rows[: len(known)])
    most = min(most, sum(distance >= wanted.min_distance for distance in distances))
    if costs is not None:
        most = min(most, int(np.sum(np.cumsum(costs[order]) <= wanted.seconds)))
    if most == 0:
        raise InputError(_nothing(wanted, distances[0], None if costs is None else float(costs[order[0]])))
    return Selection(
        [left[place] for place in order[:most]],
        distances[:most],
        distances[most] if most < len(order) else 0.0,
        left_out,
        None if costs is None else float(costs[order[:most]].sum()),
    )


def select_randomly(
    frames: Sequence[Atoms], count: int | None, seed: int, known: Sequence[Atoms] = ()
) -> Selection:  # fmt: skip
    """Choose one of each geometry by chance; of the same frames and seed, a smaller choice lies inside a larger one.

    Parameters
    ----------
    frames
        Configurations to choose from; isolated atoms are passed over.
    count
        How many; None for all.
    seed
        Random seed.
    known
        Frames whose geometry is not chosen.

    Returns
    -------
    Selection
        In the order of `frames`, without distances.

    Raises
    ------
    InputError
        If more frames are asked for than there are.
    """
    bulk = [index for index, atoms in enumerate(frames) if not is_isolated(atoms)]
    if count is not None:
        _check_budget(Wanted(count=count), len(bulk))
    reasons = _repeats(frames, bulk, known)
    left = [index for index in bulk if index not in reasons]
    order = np.random.default_rng(seed).permutation(len(left))[:count]
    return Selection([left[place] for place in sorted(order)], [], 0.0, dict(Counter(reasons.values())), None)


def without(frames: Sequence[Atoms], other: Sequence[Atoms]) -> list[Atoms]:
    """Return the frames whose geometry is not among `other`, isolated atoms included."""
    bulk = [index for index, atoms in enumerate(frames) if not is_isolated(atoms)]
    known = [atoms for atoms in other if not is_isolated(atoms)]
    pairs = geometry.duplicates([*known, *(frames[index] for index in bulk)])
    same = {bulk[second - len(known)] for first, second in pairs if first < len(known) <= second}
    return [atoms for index, atoms in enumerate(frames) if index not in same]


def one_of_each_element(isolated: Sequence[Atoms]) -> list[Atoms]:
    """Return the first isolated atom of each element."""
    first: dict[str, Atoms] = {}
    for atoms in isolated:
        first.setdefault(str(atoms.symbols), atoms)
    return list(first.values())


def _nothing(wanted: Wanted, distance: float, cost: float | None) -> str:
    """Say why the first choice is not made."""
    if distance < wanted.min_distance:
        return (
            f"every frame is closer to a known one than `min_distance` {wanted.min_distance:g}; {distance:.3g} at most"
        )
    return f"`seconds` {wanted.seconds:g} covers no label; the first choice takes about {cost:.3g} s"


def _check_budget(wanted: Wanted, count: int) -> None:
    if wanted.count is None and wanted.seconds is None and wanted.min_distance == 0:
        raise InputError("nothing says how many frames to choose; give `count`, `seconds` or `min_distance`")
    for name, value in (("count", wanted.count), ("seconds", wanted.seconds)):
        if value is not None and not value > 0:
            raise InputError(f"`{name}` {value:g}: expected a positive number")
    if wanted.count is not None and wanted.count > count:
        raise InputError(f"`count` {wanted.count}: the data hold only {count} frames to choose from")


def _repeats(frames: Sequence[Atoms], bulk: Sequence[int], known: Sequence[Atoms]) -> dict[int, str]:
    """Return why frames that have the geometry, charge and spin of a known or an earlier one are left out."""
    everything = [*known, *(frames[index] for index in bulk)]
    states = [(charge_of(atoms), spin_of(atoms) or 1) for atoms in everything]
    found: dict[int, str] = {}
    for one, other in geometry.duplicates(everything):
        if (
            other >= len(known) and states[one] == states[other]
        ):  # pairs are sorted, so that a known twin is met before any other
            found.setdefault(bulk[other - len(known)], f"repeat a {'known' if one < len(known) else 'former'} frame")
    return found


def _outside(frames: Sequence[Atoms], bulk: Sequence[int], wanted: Wanted) -> dict[int, str]:
    """Return why frames whose deviation is out of bounds are left out."""
    if wanted.min_deviation is None and wanted.max_deviation is None:
        return {}
    low = wanted.min_deviation if wanted.min_deviation is not None else -np.inf
    high = wanted.max_deviation if wanted.max_deviation is not None else np.inf
    values, found = read_deviations(frames), {}
    for index in bulk:
        if not low <= values[index] <= high:
            side = f"below {low:g}" if values[index] < low else f"above {high:g}"
            found[index] = f"force deviation {side} eV/A"
    return found


def told(left_out: dict[str, int]) -> str:
    """Return the reasons as one line: ``left out: 3 repeat a known frame``."""
    return "left out: " + (", ".join(f"{count} {reason}" for reason, count in sorted(left_out.items())) or "none")


def report_lines(selection: Selection, wanted: Wanted) -> list[str]:
    """Return what `decant select` says of a selection."""
    chosen, lines = len(selection.chosen), [told(selection.left_out)]
    short = f" (fewer than -n {wanted.count})" if wanted.count is not None and chosen < wanted.count else ""
    lines.append(f"chosen: {chosen} frames{short}")
    finite = [distance for distance in selection.distances if np.isfinite(distance)]
    if finite:
        lines.append(
            f"distance to those chosen before ({wanted.kind}): {finite[0]:.3g} for the first, {finite[-1]:.3g} for the "
            f"last; the rest lies within {selection.radius:.3g}"
        )
    if selection.seconds is not None:
        lines.append(f"labels of these: about {selection.seconds:.3g} s on one core")
    return lines


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
        Descriptors: see `decant.selection.descriptors.descriptors`.
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
    for _ in track(range(count - len(order)), "choose", count - len(order), "frames"):
        index = int(np.argmax(nearest))
        order.append(index)
        distances.append(float(nearest[index]))
        np.minimum(nearest, cdist(points, points[index][None])[:, 0], out=nearest)
        nearest[index] = -1.0
    return order, distances
