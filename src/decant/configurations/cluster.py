"""Recipe `cluster`: a few molecules in contact, from squeezed to loose, in the vacuum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from ase import Atoms

from decant.configurations.base import Interval, draw, names, whole_ends
from decant.configurations.docking import direction, docked, turned
from decant.configurations.groups import flat
from decant.configurations.rigid import apart
from decant.configurations.sizes import Sizes, atoms_of, mean_molecules
from decant.configurations.thermal import Disorder, thermal_molecule
from decant.foundation.errors import InputError
from decant.molecules.charge import describe_molecules
from decant.molecules.solvents import molecule

TRIES = 100


class ClusterRecipe:
    """Clusters in the vacuum, grown molecule by molecule: each comes in from a random side until it touches.

    Good for forces between molecules from hard to loose contact, without long-range effects; cheap to label.
    """

    name = "cluster"

    @flat
    def build(
        self,
        count: int,
        seed: int,
        molecules: str | list[str],
        size: int | list[int] = 2,
        temperature: Interval = 300.0,
        contact: Interval = [0.7, 1.0],  # noqa: B006  (never changed)
        disorder: Disorder = Disorder(),
    ) -> list[Atoms]:
        """Return `count` clusters.

        Parameters
        ----------
        count, seed
            How many, and the random seed.
        molecules
            Names or SMILES to draw each molecule from, as a list or as text (``"EC,EMC"``).
        size
            Number of molecules, or [fewest, most].
        temperature
            K, a number or [low, high].
        contact
            Shortest distance of atoms of different molecules, in sums of van der Waals radii (see `docked`), a number
            or [low, high]; each molecule draws its own. 0.7 is hard, as H...H at 1.7 and O...H at 1.9 angstrom.
        disorder
            What the thermal disorder starts from.
        """
        kinds = [molecule(name) for name in names(molecules)]
        few, most = whole_ends(size, "size")
        frames = []
        for index in range(count):
            random = np.random.default_rng([seed, index])
            kelvin = draw(temperature, random, "temperature")
            members, parts = [], []
            for _ in range(int(random.integers(few, most + 1))):
                members.append(kinds[random.integers(len(kinds))])
                parts.append(thermal_molecule(members[-1], kelvin, random, disorder))
            frames.append(_cluster(parts, contact, kelvin, random))
            describe_molecules(frames[-1], members)
        return frames

    def sizes(self, parameters: Mapping[str, Any]) -> Sizes:
        """Return the size of a cluster, of molecules of mean size."""
        kinds = [atoms_of(molecule(name)) for name in names(parameters["molecules"])]
        return Sizes(mean_molecules(kinds, parameters["size"]), periodic=False)


def _cluster(parts: list[Atoms], contact: Interval, temperature: float, random: np.random.Generator) -> Atoms:
    for _ in range(TRIES):
        atoms = turned(parts[0], random)
        for part in parts[1:]:
            atoms += docked(atoms, turned(part, random), draw(contact, random, "contact"), direction(random))
        atoms.set_array("mol_id", np.repeat(np.arange(len(parts)), [len(part) for part in parts]))
        if apart(atoms):  # else a contact looks like a bond: draw anew
            atoms.info = {"temperature": temperature}
            return atoms
    raise InputError(f"contact {contact}: molecules so close look bonded in {TRIES} of {TRIES} tries; give larger ones")
