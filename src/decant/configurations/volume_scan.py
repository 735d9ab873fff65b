"""Recipe `volume-scan`: rigid molecules, centres of mass and cell scaled together from vapour to compressed liquid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from ase import Atoms

from decant.configurations.base import Interval, check_rising, check_whole
from decant.configurations.liquid import LiquidRecipe
from decant.configurations.rigid import apart, centres_of_mass
from decant.data.frames import density

SHORTER = 0.95  # what the densest end of a scan is multiplied by until no molecules overlap


class VolumeScanRecipe:
    """Liquid boxes scaled from vapour to compressed: cell and centres of mass together, each molecule rigid.

    Good for the density: along a scan only the intermolecular energy changes, which the much larger intramolecular
    energy otherwise hides from a fit. The human-designed recipe (doi:10.1038/s41524-023-01100-w).
    """

    name = "volume-scan"
    base = LiquidRecipe

    def build(
        self, count: int, seed: int, density: Interval, span: list[float] = [0.05, 1.25], steps: int = 12,  # noqa: B006
        **box: Any,
    ) -> list[Atoms]:  # fmt: skip
        """Return `count` frames of scans.

        Parameters
        ----------
        count, seed
            How many, and the random seed.
        density
            g/cm3, a number or [low, high], of the box that a scan starts from.
        span
            Lowest and highest density of a scan, in units of the density of its start. The high end is lowered where
            molecules would come so close that they look bonded.
        steps
            Densities of a scan, evenly spaced; they share a split group.
        box
            See `LiquidRecipe`.
        """
        self.check({"span": span, "steps": steps})
        ends = np.asarray(span)
        starts = LiquidRecipe().build(-(-count // steps), seed, density=density, **box)
        frames = []
        for index, start in enumerate(starts):
            high = float(ends[1])
            while not apart(scaled(start, high)) and high > ends[0]:
                high *= SHORTER
            for factor in np.linspace(ends[0], high, steps):
                atoms = scaled(start, factor)
                atoms.info |= {"group": start.info.get("group", index), "parent": f"liquid-{seed}-{index}"}
                frames.append(atoms)
        return frames[:count]

    def check(self, parameters: Mapping[str, Any]) -> None:
        """Raise `InputError` if the densities are none, or too few."""
        check_rising(parameters["span"], "span", "[lowest, highest] density in units of the start's")
        check_whole(parameters["steps"], "steps", 2)


def scaled(start: Atoms, factor: float) -> Atoms:
    """Return a box of `factor` times the density, every molecule rigid.

    Parameters
    ----------
    start
        A box of whole molecules.
    factor
        Ratio of the densities; cell and centres of mass are scaled by its inverse cube root.
    """
    length = factor ** (-1 / 3)
    atoms = start.copy()
    atoms.positions += (length - 1) * centres_of_mass(start)[start.arrays["mol_id"]]
    atoms.set_cell(length * start.cell.array)
    atoms.info["density_g_cm3"] = density(atoms)
    return atoms
