"""Recipe `hot`: snapshots of molecular dynamics at high temperature and under compression."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from ase import Atoms

from decant.configurations.base import Interval, draw
from decant.configurations.groups import flat
from decant.configurations.packed import Packing, pack_boxes
from decant.configurations.sampling import Dynamics
from decant.configurations.sizes import Sizes, box_molecules
from decant.foundation.errors import InputError
from decant.molecules.liquid import mixture

PACKED = 300.0  # K, of the disorder of the molecules that are packed; the dynamics heats them


class HotRecipe:
    """Snapshots of a liquid from molecular dynamics at high temperature and, if wished, compressed.

    Good for stability: stretched bonds and hard contacts that room temperature shows once in a nanosecond, so that a
    potential knows the way back. Molecules that break are left out.
    """

    name = "hot"

    @flat
    def build(
        self,
        count: int,
        seed: int,
        liquid: str,
        density: float,
        driver: str,
        atoms: int | None = None,
        molecules: int | None = None,
        temperature: Interval = [600.0, 1000.0],  # noqa: B006  (never changed)
        compression: Interval = [1.0, 1.2],  # noqa: B006
        dynamics: Dynamics = Dynamics(snapshots=2),
        packing: Packing = Packing(tolerance=(1.7, 2.2)),
    ) -> list[Atoms]:
        """Return `count` snapshots.

        Parameters
        ----------
        count, seed
            How many, and the random seed.
        liquid, atoms, molecules
            As for the recipe liquid.
        density
            g/cm3 of the liquid as it normally is.
        driver
            What drives the dynamics: ``potential:DIRECTORY`` or a reference method such as ``openff`` or ``gfn2-xtb``.
        temperature
            K, a number or [low, high].
        compression
            Density of a box in units of the normal one, a number or [low, high].
        length
            Length of the dynamics of each box, for example ``1ps``.
        snapshots
            Configurations taken from the dynamics of each box, evenly spaced; they share a split group.
        dynamics, packing
            The dynamics with this driver, and how boxes are packed.
        tolerance, conformers, hessian
            As for the recipe liquid.
        """
        driven = replace(dynamics, driver=driver)
        driven.check()
        boxes = driven.starts(count)
        random = np.random.default_rng([seed, boxes])
        temperatures = [draw(temperature, random, "temperature") for _ in range(boxes)]
        factors = [draw(compression, random, "compression") for _ in range(boxes)]
        if not isinstance(density, (int, float)):
            raise InputError(f"density: expected a number of g/cm3, not {density!r}")
        composition, densities = mixture(liquid, atoms, molecules), [density * factor for factor in factors]
        starts = pack_boxes(boxes, seed, [composition], densities, PACKED, packing)
        for start, kelvin in zip(starts, temperatures, strict=True):
            start.info["temperature"] = kelvin
        return driven.configurations(starts, seed, self.name)[:count]

    def sizes(self, parameters: Mapping[str, Any]) -> Sizes:
        """Return the size of the boxes."""
        return Sizes(box_molecules(parameters))
