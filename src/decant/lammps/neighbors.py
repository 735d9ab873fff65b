"""How many neighbors LAMMPS's lists must hold."""

from __future__ import annotations

import math

SKIN_A = 2.0
"""Skin of neighbor lists that is allowed for, angstrom."""
CROWDED_A3 = 0.15
"""Atoms in a cubic angstrom of the densest liquids, of which the lists must hold all."""
USUAL = 2000
"""Neighbors of an atom that the lists hold unless told otherwise."""


def room(cutoff: float) -> list[str]:
    """Return the line that makes room in the lists, where a cutoff, angstrom, needs more than the usual."""
    most = CROWDED_A3 * 4.0 / 3.0 * math.pi * (cutoff + SKIN_A) ** 3
    if most <= USUAL:
        return []
    one = 1000 * math.ceil(most / 1000)
    return [f"neigh_modify one {one} page {20 * one}"]
