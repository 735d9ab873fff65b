"""Recipes `monomer` (single molecules with thermal disorder) and `atom` (isolated atoms)."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers

from decant.configurations.base import Interval, draw
from decant.configurations.thermal import thermal_molecule
from decant.dataset import ISOLATED
from decant.errors import InputError
from decant.molecules import molecule


class MonomerRecipe:
    """Single molecules with thermal disorder, in the vacuum or in a large periodic box."""

    name = "monomer"

    def build(
        self,
        count: int,
        seed: int,
        molecule: str,
        temperature: Interval = 300.0,
        conformers: int = 4,
        hessian: str = "gfn2-xtb",
        box: float | None = None,
    ) -> list[Atoms]:
        """Return `count` distorted molecules.

        Parameters
        ----------
        count, seed
            How many, and the random seed.
        molecule
            Solvent name or SMILES.
        temperature
            K, a number or [low, high].
        conformers, hessian
            See `thermal_molecule`.
        box
            Edge of a cubic periodic box, angstrom; without one the molecule is in the vacuum.
        """
        return [
            _monomer(molecule, seed + 1000003 * index, temperature, conformers, hessian, box) for index in range(count)
        ]


def _monomer(name: str, seed: int, temperature: Interval, conformers: int, hessian: str, box: float | None) -> Atoms:
    random = np.random.default_rng(seed)
    kelvin = draw(temperature, random, "temperature")
    atoms = thermal_molecule(molecule(name), kelvin, random, conformers, hessian)
    if box is not None:
        size = np.ptp(atoms.positions, axis=0).max()
        if box < size + 8:
            raise InputError(f"box {box:g}: {name} needs at least {size + 8:.0f} A to be alone")
        atoms.set_cell([box] * 3)
        atoms.pbc = True
        atoms.center()
    atoms.set_array("mol_id", np.zeros(len(atoms), dtype=int))
    atoms.info["temperature"] = kelvin
    return atoms


class AtomRecipe:
    """One isolated atom of each element, from which an algorithm takes the energies of the elements."""

    name = "atom"

    def build(self, count: int, seed: int, elements: str | list[str]) -> list[Atoms]:
        """Return an isolated atom of each element (a list, or text as ``"H,C,O"``); count and seed do not matter."""
        symbols = elements.split(",") if isinstance(elements, str) else elements
        frames = []
        for symbol in [str(text).strip() for text in symbols]:
            if symbol not in atomic_numbers or symbol == "X":
                raise InputError(f"elements: unknown element '{symbol}'")
            atoms = Atoms([symbol], positions=[[0.0, 0.0, 0.0]])
            atoms.set_array("mol_id", np.zeros(1, dtype=int))
            atoms.info |= {"config_type": ISOLATED, "group": symbol}
            frames.append(atoms)
        return frames
