"""Whether the molecules of a run stayed whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from MDAnalysis.lib.distances import calc_bonds

from decant.analysis.centres import frame_range
from decant.errors import InputError

if TYPE_CHECKING:
    from MDAnalysis import Universe

INTACT_WITHIN = 0.25
BROKEN_BEYOND = 0.5
MOST_FRAMES = 1000


def reference_lengths(universe: Universe) -> np.ndarray:
    """Return a reference length for each bond: the median over bonds of its kind in the first frame.

    Two bonds are of one kind if their atoms agree in element and number of neighbours. Shape (bonds,), angstrom.
    """
    pairs = universe.bonds.indices
    degree = np.bincount(pairs.ravel(), minlength=len(universe.atoms))
    site = [f"{element}{count}" for element, count in zip(universe.atoms.elements, degree, strict=True)]
    kinds = np.array(["-".join(sorted((site[one], site[two]))) for one, two in pairs])
    step = universe.trajectory[0]
    lengths = calc_bonds(universe.atoms.positions[pairs[:, 0]], universe.atoms.positions[pairs[:, 1]], step.dimensions)
    medians = {kind: float(np.median(lengths[kinds == kind])) for kind in np.unique(kinds)}
    return np.array([medians[kind] for kind in kinds])


def bond_integrity(
    universe: Universe, intact_within: float = INTACT_WITHIN, broken_beyond: float = BROKEN_BEYOND
) -> dict[str, Any]:
    """Measure how far the bonds of the start are kept, over the whole run.

    Parameters
    ----------
    universe
        With bonds and elements.
    intact_within
        A bond is intact while its length is within this fraction of its reference length.
    broken_beyond
        A bond is broken once it is longer than its reference by this fraction.

    Returns
    -------
    dict
        ``intact_fraction`` over all bonds and frames, ``intact_fraction_last_frame``, ``largest_stretch`` (length over
        reference, minus 1) with ``largest_stretch_bond`` and ``largest_stretch_time_ps``, ``first_broken_ps`` (None if
        none broke) and ``first_broken_bond``, and the two limits.

    Raises
    ------
    InputError
        If the universe has no bonds.
    """
    if not hasattr(universe, "bonds") or not len(universe.bonds):
        raise InputError("the run has no bonds to follow")
    pairs, reference = universe.bonds.indices, reference_lengths(universe)
    frames = frame_range(universe, 0.0, MOST_FRAMES)
    intact, largest, first_broken = [], (-1.0, 0, 0.0), None
    for step in universe.trajectory[frames]:
        positions = universe.atoms.positions
        stretch = calc_bonds(positions[pairs[:, 0]], positions[pairs[:, 1]], step.dimensions) / reference - 1.0
        intact.append(float(np.mean(np.abs(stretch) <= intact_within)))
        worst = int(np.nanargmax(stretch)) if np.isfinite(stretch).any() else 0
        if stretch[worst] > largest[0]:
            largest = (float(stretch[worst]), worst, float(step.time))
        if first_broken is None and not stretch[worst] <= broken_beyond:
            first_broken = (float(step.time), worst)
    return {
        "bonds": len(pairs),
        "intact_fraction": float(np.mean(intact)),
        "intact_fraction_last_frame": intact[-1],
        "largest_stretch": largest[0],
        "largest_stretch_bond": _bond_name(universe, pairs[largest[1]]),
        "largest_stretch_time_ps": largest[2],
        "first_broken_ps": first_broken[0] if first_broken else None,
        "first_broken_bond": _bond_name(universe, pairs[first_broken[1]]) if first_broken else None,
        "intact_within": intact_within,
        "broken_beyond": broken_beyond,
    }


def _bond_name(universe: Universe, pair: np.ndarray) -> str:
    """Name a bond as ``C17-H23 in EC 4``; numbers are 1-based, as in LAMMPS."""
    one, two = (universe.atoms[int(index)] for index in pair)
    return f"{one.element}{one.ix + 1}-{two.element}{two.ix + 1} in {one.residue.resname} {one.residue.ix + 1}"
