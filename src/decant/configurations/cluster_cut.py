"""Recipe `cluster-cut`: clusters cut out of a liquid, whole molecules around a centre."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from ase import Atoms
from ase.geometry import find_mic

from decant.configurations.base import check_whole, whole_ends
from decant.configurations.liquid import LiquidRecipe
from decant.configurations.rigid import centres_of_mass
from decant.configurations.sizes import Sizes, box_molecules, mean_molecules
from decant.foundation.errors import InputError
from decant.molecules.charge import describe_molecules, described_molecules


class ClusterCutRecipe:
    """Clusters in the vacuum cut out of a liquid: a molecule and those around it, whole, where they were.

    Good for the contacts that the liquid really has, labelled without periodic boundaries by methods that have none or
    that are too expensive for a box.
    """

    name = "cluster-cut"
    base = LiquidRecipe

    def build(
        self, count: int, seed: int, size: int | list[int] = [2, 4], cuts: int = 4, **box: Any  # noqa: B006
    ) -> list[Atoms]:  # fmt: skip
        """Return `count` clusters.

        Parameters
        ----------
        count, seed
            How many, and the random seed.
        size
            Number of molecules, or [fewest, most].
        cuts
            Clusters cut out of each box, around different molecules; they share a split group.
        box
            See `LiquidRecipe`.
        """
        self.check({"size": size, "cuts": cuts})
        few, most = whole_ends(size, "size")
        boxes = LiquidRecipe().build(-(-count // cuts), seed, **box)
        frames = []
        for index, source in enumerate(boxes):
            random = np.random.default_rng([seed, index])
            molecules = int(source.arrays["mol_id"].max()) + 1
            if molecules < max(most, cuts):
                raise InputError(f"size {size!r}, cuts {cuts}: a box of {molecules} molecules is too small for them")
            group = source.info.get("group", index)
            for centre in random.permutation(molecules)[:cuts]:
                atoms = _cut(source, int(centre), int(random.integers(few, most + 1)))
                atoms.info |= {"group": group, "parent": f"liquid-{seed}-{index}"}
                frames.append(atoms)
        return frames[:count]

    def check(self, parameters: Mapping[str, Any]) -> None:
        """Raise `InputError` if there are no clusters, or nothing is in them."""
        whole_ends(parameters["size"], "size")
        check_whole(parameters["cuts"], "cuts", 1)

    def sizes(self, parameters: Mapping[str, Any]) -> Sizes:
        """Return the size of a cluster, of molecules of mean size."""
        return Sizes(mean_molecules(box_molecules(parameters), parameters["size"]), periodic=False)


def _cut(box: Atoms, centre: int, size: int) -> Atoms:
    """Return the `size` molecules nearest to the centre's centre of mass, as its nearest images."""
    centres = centres_of_mass(box)
    steps, distances = find_mic(centres - centres[centre], box.cell, box.pbc)
    chosen = np.argsort(distances, kind="stable")[:size]
    ids = box.arrays["mol_id"]
    members = [np.flatnonzero(ids == molecule) for molecule in chosen]
    positions = [
        box.positions[atoms] - centres[molecule] + steps[molecule]
        for molecule, atoms in zip(chosen, members, strict=True)
    ]
    cluster = Atoms(box.numbers[np.concatenate(members)], positions=np.concatenate(positions))
    cluster.set_array("mol_id", np.repeat(np.arange(size), [len(atoms) for atoms in members]))
    cluster.info = {key: box.info[key] for key in ("temperature", "liquid", "driver") if key in box.info}
    kinds = described_molecules(box)
    describe_molecules(cluster, [kinds[molecule] for molecule in chosen])
    return cluster
