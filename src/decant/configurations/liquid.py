"""Recipe `liquid`: periodic boxes of molecules at a range of densities, packed, and sampled by MD if wished."""

from __future__ import annotations

import numpy as np
from ase import Atoms

from decant.configurations.base import Interval, draw
from decant.configurations.packing import pack_molecules
from decant.configurations.sampling import Sampling, check_driver, sample_all
from decant.configurations.thermal import thermal_molecule
from decant.errors import InputError
from decant.molecules import parse_liquid
from decant.protocol import parse_length


class LiquidRecipe:
    """Packed boxes of molecules with thermal disorder.

    Without a driver the packing is random and far from equilibrium: good for a first potential. With one, molecular
    dynamics at constant volume starts from there: configurations as they are in the liquid.
    """

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
        driver: str | None = None,
        length: str = "1ps",
        snapshots: int = 1,
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
        driver
            What drives molecular dynamics: ``potential:DIRECTORY`` for an exported potential through LAMMPS, or a
            reference method such as ``gfn2-xtb``; none takes the boxes as packed.
        length
            Length of the dynamics of each packed box, for example ``1ps``.
        snapshots
            Configurations taken from the dynamics of each packed box, evenly spaced; they share a split group.
        """
        if driver is None:
            return self._packed(count, seed, liquid, density, temperature, tolerance, conformers, hessian)
        check_driver(driver)
        if snapshots < 1:
            raise InputError(f"snapshots {snapshots}: expected a positive whole number")
        boxes = -(-count // snapshots)
        starts = self._packed(boxes, seed, liquid, density, temperature, tolerance, conformers, hessian)
        tasks = [
            Sampling(driver, start, start.info["temperature"], parse_length(length), snapshots, seed + index)
            for index, start in enumerate(starts)
        ]
        taken = sample_all(tasks, self.name)
        for index, frames in enumerate(taken):
            for atoms in frames:
                atoms.info |= {"group": index, "driver": driver}
        return [atoms for frames in taken for atoms in frames][:count]

    def _packed(
        self, count: int, seed: int, liquid: str, density: Interval, temperature: Interval, tolerance: Interval,
        conformers: int, hessian: str,
    ) -> list[Atoms]:  # fmt: skip
        """Return `count` packed boxes."""
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
            atoms = _pack(molecules, liquid, packed, int(random.integers(2**31 - 1)), contacts)
            atoms.info |= {"temperature": kelvin, "density_g_cm3": packed}
            frames.append(atoms)
        return frames


def _pack(molecules: list[Atoms], name: str, density: float, seed: int, tolerances: list[float]) -> Atoms:
    """Pack at the first tolerance that works."""
    for tolerance in tolerances[:-1]:
        try:
            return pack_molecules(molecules, name, density, seed, tolerance)
        except InputError:
            continue
    return pack_molecules(molecules, name, density, seed, tolerances[-1])
