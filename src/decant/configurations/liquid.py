"""Recipe `liquid`: periodic boxes of molecules at a range of densities, packed, and sampled by MD if wished."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ase import Atoms

from decant.configurations.base import Interval, draw
from decant.configurations.sampling import check_driver, sample_starts
from decant.configurations.thermal import thermal_molecule
from decant.foundation.errors import InputError
from decant.molecules.liquid import composition_name, mixture
from decant.molecules.molecule import Molecule
from decant.molecules.packing import pack_molecules

Composition = list[tuple[Molecule, int]]


class LiquidRecipe:
    """Periodic boxes of molecules with thermal disorder, packed at given densities.

    Good for the liquid itself. Without a driver the packing is random and far from equilibrium: good for a first
    potential. With one, molecular dynamics at constant volume starts from there: configurations as they are in the
    liquid.
    """

    name = "liquid"

    def build(
        self,
        count: int,
        seed: int,
        liquid: str,
        density: Interval,
        atoms: int | None = None,
        molecules: int | None = None,
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
            Composition by counts, for example ``EC:2,EMC:4``; with atoms or molecules by mole ratio.
        density
            g/cm3, a number or [low, high].
        atoms
            Size of a box given by mole ratio: about how many atoms.
        molecules
            Size of a box given by mole ratio: how many molecules.
        temperature
            K, a number or [low, high].
        tolerance
            Least distance of atoms of different molecules, angstrom, a number or [low, high]; a box that cannot be
            packed at the value drawn is packed at the lowest.
        conformers
            Conformers of each molecule to choose from; each costs one relaxation and one Hessian, once.
        hessian
            What relaxes conformers and gives their vibrations: gfn2-xtb, gfn1-xtb, or mmff94, which is quicker.
        driver
            What drives molecular dynamics: ``potential:DIRECTORY`` for an exported potential through LAMMPS, or a
            reference method such as ``gfn2-xtb``; none takes the boxes as packed.
        length
            Length of the dynamics of each packed box, for example ``1ps``.
        snapshots
            Configurations taken from the dynamics of each packed box, evenly spaced; they share a split group.
        """
        compositions = [mixture(liquid, atoms, molecules)]
        boxes = count if driver is None else -(-count // max(snapshots, 1))
        if driver is not None:
            check_driver(driver)
        packed = pack_boxes(boxes, seed, compositions, [density], temperature, tolerance, conformers, hessian)
        if driver is None:
            return packed
        temperatures = [start.info["temperature"] for start in packed]
        return sample_starts(packed, temperatures, driver, length, snapshots, seed, self.name)[:count]


def pack_boxes(
    count: int, seed: int, compositions: Sequence[Composition], densities: Sequence[Interval],
    temperature: Interval, tolerance: Interval, conformers: int, hessian: str,
) -> list[Atoms]:  # fmt: skip
    """Return `count` packed boxes, going through the compositions and their densities in turn.

    Each has ``info`` liquid, temperature and density_g_cm3; their molecules are whole.
    """
    boxes = []
    for index in range(count):
        random = np.random.default_rng([seed, index])
        kelvin = draw(temperature, random, "temperature")
        composition = compositions[index % len(compositions)]
        molecules = [
            thermal_molecule(solvent, kelvin, random, conformers, hessian)
            for solvent, number in composition
            for _ in range(number)
        ]
        density = draw(densities[index % len(densities)], random, "density")
        contacts = [draw(tolerance, random, "tolerance"), float(np.atleast_1d(tolerance)[0])]
        name = composition_name(composition)
        atoms = _pack(molecules, name, density, int(random.integers(2**31 - 1)), contacts)
        atoms.info |= {"temperature": kelvin, "density_g_cm3": density}
        boxes.append(atoms)
    return boxes


def _pack(molecules: list[Atoms], name: str, density: float, seed: int, tolerances: list[float]) -> Atoms:
    """Pack at the first tolerance that works."""
    for tolerance in tolerances[:-1]:
        try:
            return pack_molecules(molecules, name, density, seed, tolerance)
        except InputError:
            continue
    return pack_molecules(molecules, name, density, seed, tolerances[-1])
