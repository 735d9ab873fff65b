"""Recipe `liquid`: periodic boxes of molecules at a range of densities, packed, and sampled by MD if wished."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from ase import Atoms

from decant.configurations.base import Interval
from decant.configurations.groups import flat
from decant.configurations.packed import Packing, pack_boxes
from decant.configurations.sampling import Dynamics
from decant.configurations.sizes import Sizes, box_molecules
from decant.molecules.electrolyte import Solution, dissolved


class LiquidRecipe:
    """Periodic boxes of molecules with thermal disorder, packed at given densities.

    Good for the liquid itself. Without a driver the packing is random and far from equilibrium: good for a first
    potential. With one, molecular dynamics starts from there, at constant volume or pressure: configurations as they
    are in the liquid. The force field ``openff`` equilibrates a box before an expensive method labels it.
    """

    name = "liquid"

    @flat
    def build(
        self,
        count: int,
        seed: int,
        liquid: str,
        density: Interval,
        atoms: int | None = None,
        molecules: int | None = None,
        temperature: Interval = 300.0,
        solution: Solution = Solution(),
        packing: Packing = Packing(),
        dynamics: Dynamics = Dynamics(),
    ) -> list[Atoms]:
        """Return `count` boxes.

        Parameters
        ----------
        count, seed
            How many, and the random seed.
        liquid
            Composition by counts, for example ``EC:2,EMC:4``; with atoms or molecules by mole ratio.
        density
            g/cm3, a number or [low, high].
        atoms
            Size of a box given by mole ratio: about how many atoms.
        molecules
            Size of a box given by mole ratio: how many molecules.
        temperature
            K, a number or [low, high].
        solution
            What the ratio is of, and a salt.
        packing, dynamics
            How boxes are packed, and what goes on from there.
        conformers
            Conformers of each molecule to choose from; each costs one relaxation and one Hessian, once.
        """
        middle = float(np.mean(density))
        composition = dissolved(liquid, solution, molecules, atoms, middle)
        packed = pack_boxes(dynamics.starts(count), seed, [composition], [density], temperature, packing)
        return dynamics.configurations(packed, seed, self.name)[:count]

    def sizes(self, parameters: Mapping[str, Any]) -> Sizes:
        """Return the size of the boxes."""
        return Sizes(box_molecules(parameters))
