"""Packed periodic boxes of molecules with thermal disorder, from which the recipes of liquids start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ase import Atoms

from decant.configurations.base import Interval, check_interval, draw
from decant.configurations.thermal import Disorder, thermal_molecule
from decant.foundation.errors import InputError
from decant.molecules.charge import describe_molecules
from decant.molecules.liquid import composition_name
from decant.molecules.molecule import Molecule
from decant.molecules.packing import pack_molecules

Composition = list[tuple[Molecule, int]]


@dataclass(frozen=True)
class Packing:
    """How boxes are packed.

    Attributes
    ----------
    tolerance
        Least distance of atoms of different molecules, angstrom, a number or [low, high]; a box that cannot be
        packed at the value drawn is packed at the lowest.
    disorder
        Of the molecules.
    """

    tolerance: Interval = (1.8, 2.2)
    disorder: Disorder = Disorder()

    def check(self) -> None:
        """Raise `InputError` if the distances are none."""
        check_interval(self.tolerance, "tolerance")


def pack_boxes(
    count: int, seed: int, compositions: Sequence[Composition], densities: Sequence[Interval], temperature: Interval,
    packing: Packing,
) -> list[Atoms]:  # fmt: skip
    """Return `count` packed boxes, going through the compositions and their densities in turn.

    Parameters
    ----------
    count, seed
        How many, and the random seed.
    compositions
        Molecules and their counts.
    densities
        g/cm3, each a number or [low, high].
    temperature
        K, a number or [low, high], of the thermal disorder of the molecules.
    packing
        How to pack.

    Returns
    -------
    list of ase.Atoms
        Each with ``info`` liquid, temperature and density_g_cm3; their molecules are whole.
    """
    boxes = []
    for index in range(count):
        random = np.random.default_rng([seed, index])
        kelvin = draw(temperature, random, "temperature")
        composition = compositions[index % len(compositions)]
        kinds = [solvent for solvent, number in composition for _ in range(number)]
        molecules = [thermal_molecule(solvent, kelvin, random, packing.disorder) for solvent in kinds]
        density = draw(densities[index % len(densities)], random, "density")
        contacts = [draw(packing.tolerance, random, "tolerance"), float(np.atleast_1d(packing.tolerance)[0])]
        name = composition_name(composition)
        atoms = _pack(molecules, name, density, int(random.integers(2**31 - 1)), contacts)
        atoms.info |= {"temperature": kelvin, "density_g_cm3": density}
        describe_molecules(atoms, kinds)
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
