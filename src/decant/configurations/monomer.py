"""Recipes `monomer` (single molecules with thermal disorder) and `atom` (isolated atoms)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers

from decant.configurations.base import Interval, build_entry, draw, names
from decant.configurations.groups import flat
from decant.configurations.sampling import POTENTIAL, Dynamics
from decant.configurations.sizes import Sizes, atoms_of
from decant.configurations.thermal import Disorder, thermal_molecule
from decant.data.charges import ground_multiplicity, write_state
from decant.data.isolated import ISOLATED, is_isolated
from decant.data.stated_charge import Stated
from decant.foundation.errors import InputError
from decant.molecules import geometry
from decant.molecules.charge import describe_molecules
from decant.molecules.solvents import molecule

TRIES = 4
"""Molecules that are made for one that is wanted before the recipe gives up: at 0 K all of a conformer are alike."""


class MonomerRecipe:
    """Single molecules with thermal disorder, in the vacuum or alone in a large periodic box.

    Good for bonds, angles and torsions: the intramolecular part of the energy; cheap to label. The disorder is that of
    the normal modes of conformers; with a driver short molecular dynamics goes on from there, anharmonic.
    """

    name = "monomer"

    @flat
    def build(
        self,
        count: int,
        seed: int,
        molecule: str,
        temperature: Interval = 300.0,
        disorder: Disorder = Disorder(),
        box: float | None = None,
        dynamics: Dynamics = Dynamics(length="0.2ps"),
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
        disorder
            What the thermal disorder starts from.
        box
            Edge of a cubic periodic box, angstrom; without one the molecule is in the vacuum.
        dynamics
            What goes on from there.
        driver
            What drives short molecular dynamics: a reference method such as ``openff`` or ``gfn2-xtb``, or
            ``potential:DIRECTORY`` for an exported potential through LAMMPS, which needs a box.
        length
            Length of the dynamics of each molecule, for example ``0.2ps``.
        snapshots
            Configurations taken from each dynamics, evenly spaced; they share a split group.
        """
        if dynamics.pressure is not None:
            raise InputError(f"pressure {dynamics.pressure:g}: a molecule alone has none; leave it out")
        if box is None and dynamics.driver is not None and dynamics.driver.startswith(POTENTIAL):
            raise InputError(f"driver '{dynamics.driver}': LAMMPS needs a periodic box; set box, for example 20")
        wanted = dynamics.starts(count)
        made: list[Atoms] = []
        for index in range(TRIES * wanted):
            made.append(_monomer(molecule, seed + 1000003 * index, temperature, disorder, box))
            if index + 1 >= wanted and len(made := _distinct(made)) >= wanted:
                return dynamics.configurations(made, seed, self.name)[:count]
        raise InputError(
            f"`count` {count}: monomer finds only {len(made)} different configurations of {molecule} at `temperature`"
            f" {temperature}; give fewer, or a higher temperature"
        )

    def sizes(self, parameters: Mapping[str, Any]) -> Sizes:
        """Return the size of the molecule."""
        return Sizes((atoms_of(molecule(str(parameters["molecule"]))),), periodic=parameters["box"] is not None)


def _distinct(made: list[Atoms]) -> list[Atoms]:
    """Return frames without repeated ones; at a temperature molecules differ, a diatomic by less than counts there."""
    moves = len(made[0]) > 1 and any(atoms.info["temperature"] for atoms in made)
    return made if moves else geometry.distinct(made)


def _monomer(name: str, seed: int, temperature: Interval, disorder: Disorder, box: float | None) -> Atoms:
    random = np.random.default_rng(seed)
    kelvin = draw(temperature, random, "temperature")
    kind = molecule(name)
    atoms = thermal_molecule(kind, kelvin, random, disorder)
    if box is not None:
        size = np.ptp(atoms.positions, axis=0).max()
        if box < size + 8:
            raise InputError(f"box {box:g}: {name} needs at least {size + 8:.0f} A to be alone")
        atoms.set_cell([box] * 3)
        atoms.pbc = True
        atoms.center()
    atoms.set_array("mol_id", np.zeros(len(atoms), dtype=int))
    atoms.info["temperature"] = kelvin
    describe_molecules(atoms, [kind])
    return atoms


class AtomRecipe:
    """One isolated atom of each element.

    Good for the energies of the elements, which an algorithm takes from them: every set needs them once.
    """

    name = "atom"

    def build(self, count: int, seed: int, elements: str | list[str]) -> list[Atoms]:
        """Return an isolated atom of each element; count and seed do not matter.

        Parameters
        ----------
        count, seed
            Not used.
        elements
            Chemical symbols, a list or text as ``"H,C,O"``.
        """
        self.check({"elements": elements})
        frames = []
        for symbol in names(elements):
            atoms = Atoms([symbol], positions=[[0.0, 0.0, 0.0]])
            atoms.set_array("mol_id", np.zeros(1, dtype=int))
            write_state(atoms, Stated(0, ground_multiplicity(atomic_numbers[symbol])))
            atoms.info |= {"config_type": ISOLATED, "group": symbol}
            frames.append(atoms)
        return frames

    def check(self, parameters: Mapping[str, Any]) -> None:
        """Raise `InputError` if there is no such element."""
        for symbol in names(parameters["elements"]):
            if symbol not in atomic_numbers or symbol == "X":
                raise InputError(f"elements: unknown element '{symbol}'; expected symbols, such as \"H,C,O\"")

    def sizes(self, parameters: Mapping[str, Any]) -> Sizes:
        """Return the size of an atom."""
        return Sizes((1.0,), periodic=False, isolated=True)


def missing_atoms(frames: Sequence[Atoms]) -> list[Atoms]:
    """Return an isolated atom of each element that has none among the frames: MACE takes the energies of the elements
    from them, all by the method of the other labels."""
    present = {atoms.get_chemical_symbols()[0] for atoms in frames if is_isolated(atoms)}
    missing = sorted({symbol for atoms in frames for symbol in atoms.get_chemical_symbols()} - present)
    return build_entry({"recipe": "atom", "parameters": {"elements": missing}}, 0, 0) if missing else []
