"""Recipe `dimer`: pairs of molecules that approach each other, down into the repulsive wall."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
from ase import Atoms

from decant.configurations.base import Interval, check_rising, check_whole, draw, names
from decant.configurations.docking import direction, docked, turned
from decant.configurations.groups import flat
from decant.configurations.rigid import apart
from decant.configurations.sizes import Sizes, atoms_of, mean_molecules
from decant.configurations.thermal import Disorder, thermal_molecule
from decant.foundation.errors import InputError
from decant.molecules.charge import describe_molecules
from decant.molecules.solvents import molecule

TRIES = 100


class DimerRecipe:
    """Approach curves of two rigid molecules in random orientations, from well apart into the repulsive wall.

    Good for the intermolecular energy of pairs alone: along a curve nothing else changes. The wall is what keeps
    molecular dynamics from collapsing, and the liquid never shows it.
    """

    name = "dimer"

    @flat
    def build(
        self,
        count: int,
        seed: int,
        molecules: str | list[str],
        contact: list[float] = [0.6, 2.0],  # noqa: B006  (never changed)
        steps: int = 10,
        temperature: Interval = 300.0,
        disorder: Disorder = Disorder(),
    ) -> list[Atoms]:
        """Return `count` frames of approach curves.

        Parameters
        ----------
        count, seed
            How many, and the random seed.
        molecules
            Names or SMILES, as a list or as text (``"EC,EMC"``); the curves go through all their pairs in turn.
        contact
            Nearest and farthest shortest distance of atoms of the two molecules, in sums of van der Waals radii
            (see `docked`); 0.6 is deep in the wall, as H...O at 1.6 angstrom.
        steps
            Distances of a curve, evenly spaced in contact; they share a split group.
        temperature
            K, a number or [low, high], of the thermal disorder of the two molecules.
        disorder
            What the thermal disorder starts from.
        """
        self.check({"contact": contact, "steps": steps})
        ends = np.asarray(contact)
        pairs = list(combinations_with_replacement([molecule(name) for name in names(molecules)], 2))
        frames: list[Atoms] = []
        for curve in range(-(-count // steps)):
            random = np.random.default_rng([seed, curve])
            kelvin = draw(temperature, random, "temperature")
            pair = pairs[curve % len(pairs)]
            parts = [thermal_molecule(kind, kelvin, random, disorder) for kind in pair]
            found = _curve(parts, np.linspace(ends[0], ends[1], steps), random)
            for atoms in found:
                atoms.info |= {"temperature": kelvin, "group": curve, "parent": f"start-dimer-{seed}-{curve}"}
                describe_molecules(atoms, pair)
            frames += found
        return frames[:count]

    def check(self, parameters: Mapping[str, Any]) -> None:
        """Raise `InputError` if the distances are none, or too few."""
        check_rising(parameters["contact"], "contact", "[nearest, farthest]")
        check_whole(parameters["steps"], "steps", 2)

    def sizes(self, parameters: Mapping[str, Any]) -> Sizes:
        """Return the size of a pair, of molecules of mean size."""
        kinds = [atoms_of(molecule(name)) for name in names(parameters["molecules"])]
        return Sizes(mean_molecules(kinds, 2), periodic=False)


def _curve(parts: list[Atoms], contacts: np.ndarray, random: np.random.Generator) -> list[Atoms]:
    """Return the frames of one approach, nearest first."""
    for _ in range(TRIES):
        host, guest = (turned(part, random) for part in parts)
        along = direction(random)
        frames = []
        for contact in contacts:
            atoms = host + docked(host, guest, contact, along)
            atoms.set_array("mol_id", np.repeat([0, 1], [len(host), len(guest)]))
            atoms.info = {"contact": float(contact)}
            frames.append(atoms)
        if apart(frames[0]):  # else the nearest looks like a bond: draw anew
            return frames
    raise InputError(f"contact {contacts[0]:g}: molecules so close look bonded in {TRIES} of {TRIES} tries; give more")
