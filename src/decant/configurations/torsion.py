"""Recipe `torsion`: rotor scans of every rotatable bond of a molecule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from ase import Atoms

from decant.configurations.base import Interval, check_whole, draw
from decant.configurations.groups import flat
from decant.configurations.sizes import Sizes, atoms_of
from decant.configurations.thermal import Disorder, thermal_molecule
from decant.foundation.errors import InputError
from decant.molecules import geometry
from decant.molecules.charge import describe_molecules
from decant.molecules.molecule import Molecule, rotatable_bonds
from decant.molecules.solvents import molecule
from decant.molecules.topology import bonds, molecule_ids

GOLDEN = 0.5 * (5**0.5 - 1)
"""Multiples of it, less whole numbers, never come close to each other: the least regular way to fill an interval."""


@dataclass(frozen=True)
class Rotor:
    """A rotatable bond: its atoms, those that turn with the second, and the turn (degrees) after which it repeats."""

    axis: tuple[int, int]
    moving: np.ndarray
    turn: float


class TorsionRecipe:
    """Rotor scans: the two sides of each rotatable bond are turned against each other, through a whole turn.

    Good for the barriers between conformers, which thermal disorder around conformers never reaches. Everything but
    the torsion is rigid along a scan: nothing relaxes. A methyl group is turned by a third, after which it repeats.
    """

    name = "torsion"

    @flat
    def build(
        self,
        count: int,
        seed: int,
        molecule: str,
        steps: int = 12,
        temperature: Interval = 0.0,
        disorder: Disorder = Disorder(),
    ) -> list[Atoms]:
        """Return `count` frames of scans over the rotatable bonds in turn.

        Parameters
        ----------
        count, seed
            How many, and the random seed.
        molecule
            Solvent name or SMILES.
        steps
            Angles of a scan, evenly spaced from the conformer's own; they share a split group. An angle at which atoms
            come so close that they look bonded is left out. Without temperature, a bond that is scanned again gets
            angles between those that it had, and a geometry that was there before is left out.
        temperature
            K, a number or [low, high], of the thermal disorder that a scan starts from; 0 is the relaxed conformer.
        disorder
            What the thermal disorder starts from.
        """
        self.check({"steps": steps})
        kind = _molecule(molecule)
        found = rotors(kind)
        if not found:
            raise InputError(f"molecule '{molecule}': has no rotatable bond; leave it out of torsion")
        frames: list[Atoms] = []
        scan = news = 0
        while len(frames) < count:
            random = np.random.default_rng([seed, scan])
            kelvin = draw(temperature, random, "temperature")
            start = thermal_molecule(kind, kelvin, random, disorder)
            turns, number = divmod(scan, len(found))
            offset = 0.0 if kelvin else turns * GOLDEN % 1.0
            made = _scan(start, kind, found[number], (np.arange(steps) + offset) / steps)
            for atoms in made:
                atoms.info |= {"temperature": kelvin, "group": scan, "parent": f"start-torsion-{seed}-{scan}"}
                describe_molecules(atoms, [kind])
            before, frames = len(frames), geometry.distinct([*frames, *made])
            scan += 1
            news = scan if len(frames) > before else news
            if scan > news + 2 * len(found):
                raise InputError(
                    f"`count` {count}: torsion finds only {len(frames)} different configurations of {molecule};"
                    " give fewer, or a `temperature`"
                )
        return frames[:count]

    def check(self, parameters: Mapping[str, Any]) -> None:
        """Raise `InputError` if there are too few angles."""
        check_whole(parameters["steps"], "steps", 2)

    def sizes(self, parameters: Mapping[str, Any]) -> Sizes:
        """Return the size of the molecule."""
        return Sizes((atoms_of(molecule(str(parameters["molecule"]))),), periodic=False)


_molecule = molecule  # the parameter of `build` has the same name


def rotors(kind: Molecule) -> list[Rotor]:
    """Return the rotors of a molecule in the order of its bonds; the smaller side is the one that turns."""
    count = len(kind.symbols)
    found = []
    for first, second in rotatable_bonds(kind.smiles):
        others = [pair for pair in kind.bonds.tolist() if sorted(pair) != sorted((first, second))]
        sides = molecule_ids(count, np.array(others, dtype=int))
        if 2 * (sides == sides[second]).sum() > count:
            first, second = second, first
        moving = np.flatnonzero(sides == sides[second])
        tops = [
            sorted(kind.symbols[a] for a in _ends(kind, end, other))
            for end, other in ((first, second), (second, first))
        ]
        found.append(Rotor((first, second), moving, 120.0 if ["H"] * 3 in tops else 360.0))
    return found


def _ends(kind: Molecule, atom: int, other: int) -> list[int]:
    """Return the neighbours of an atom but one."""
    pairs = kind.bonds
    near = np.concatenate([pairs[pairs[:, 0] == atom, 1], pairs[pairs[:, 1] == atom, 0]])
    return [int(index) for index in near if index != other]


def _scan(start: Atoms, kind: Molecule, rotor: Rotor, shares: np.ndarray) -> list[Atoms]:
    """Return the start turned about a rotor by shares of its whole turn, shape (angles,)."""
    from scipy.spatial.transform import Rotation

    first, second = rotor.axis
    pivot = start.positions[second]
    axis = (pivot - start.positions[first]) / np.linalg.norm(pivot - start.positions[first])
    frames = []
    for angle in shares * rotor.turn:
        atoms = start.copy()
        turn = Rotation.from_rotvec(np.radians(angle) * axis)
        atoms.positions[rotor.moving] = pivot + turn.apply(start.positions[rotor.moving] - pivot)
        if np.array_equal(bonds(atoms), kind.bonds):
            atoms.set_array("mol_id", np.zeros(len(atoms), dtype=int))
            bond = "-".join(f"{kind.symbols[index]}{index}" for index in rotor.axis)
            atoms.info = {"rotor": bond, "angle_degree": float(angle)}
            frames.append(atoms)
    return frames
