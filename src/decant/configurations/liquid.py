"""Recipe `liquid`: periodic boxes of thermally disordered molecules at a range of densities."""

from __future__ import annotations

import numpy as np
from ase import Atoms

from decant.configurations.base import Interval, draw
from decant.configurations.packing import pack_molecules
from decant.configurations.thermal import thermal_molecule
from decant.errors import InputError
from decant.molecules import parse_liquid


class LiquidRecipe:
    """Packed boxes; the molecules carry thermal disorder, the packing is random and not in equilibrium."""

    name = "liquid"

    def build(
        self,
        count: int,
        seed: int,
        liquid: str,
        density: Interval,
        temperature: Interval = 300.0,
        tolerance: Interval = [1.8, 2.2],  # noqa: B006  (never changed)
        conformers: int = 4,
        hessian: str = "gfn2-xtb",
    ) -> list[Atoms]:
        """Return `count` boxes.

        Parameters
        ----------
        count, seed
            How many, and the random seed.
        liquid
            Composition, for example ``EC:2,EMC:4``.
        density
            g/cm3, a number or [low, high].
        temperature
            K, a number or [low, high].
        tolerance
            Least distance of atoms of different molecules, angstrom, a number or [low, high]; a box that cannot be
            packed at the value drawn is packed at the lowest.
        conformers, hessian
            See `thermal_molecule`.
        """
        composition = parse_liquid(liquid)
        frames = []
        for index in range(count):
            random = np.random.default_rng([seed, index])
            kelvin = draw(temperature, random, "temperature")
            molecules = [
                thermal_molecule(solvent, kelvin, random, conformers, hessian)
                for solvent, number in composition
                for _ in range(number)
            ]
            packed = draw(density, random, "density")
            contacts = [draw(tolerance, random, "tolerance"), float(np.atleast_1d(tolerance)[0])]
            atoms = _packed(molecules, liquid, packed, int(random.integers(2**31 - 1)), contacts)
            atoms.info |= {"temperature": kelvin, "density_g_cm3": packed}
            frames.append(atoms)
        return frames


def _packed(molecules: list[Atoms], name: str, density: float, seed: int, tolerances: list[float]) -> Atoms:
    """Pack at the first tolerance that works."""
    for tolerance in tolerances[:-1]:
        try:
            return pack_molecules(molecules, name, density, seed, tolerance)
        except InputError:
            continue
    return pack_molecules(molecules, name, density, seed, tolerances[-1])
