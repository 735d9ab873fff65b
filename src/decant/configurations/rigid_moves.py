"""Recipe `rigid-moves`: rigid translations and rotations of the molecules of a liquid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from ase import Atoms
from ase.geometry import find_mic

from decant.configurations.base import Interval, check_whole, draw
from decant.configurations.docking import direction
from decant.configurations.liquid import LiquidRecipe

TRIES = 20


class RigidMovesRecipe:
    """Liquid boxes in which every molecule is translated and rotated as a rigid body.

    Good for forces on and torques of whole molecules: the frames of a box differ in their intermolecular energy only,
    at one density. Together with volume-scan it teaches what decides density and diffusion.
    """

    name = "rigid-moves"
    base = LiquidRecipe

    def build(
        self, count: int, seed: int, translation: Interval = [0.0, 0.6], rotation: Interval = [0.0, 30.0],  # noqa: B006
        closest: float = 1.5, moves: int = 4, **box: Any,
    ) -> list[Atoms]:  # fmt: skip
        """Return `count` boxes after moves.

        Parameters
        ----------
        count, seed
            How many, and the random seed.
        translation
            Length of each molecule's step in a random direction, angstrom, a number or [low, high].
        rotation
            Angle of each molecule's rotation about a random axis through its centre of mass, degrees, a number or
            [low, high].
        closest
            Least distance of atoms of different molecules after a move, angstrom; a molecule that finds no such move
            stays where it is.
        moves
            Configurations made of each box, each from its start; they share a split group.
        box
            See `LiquidRecipe`.
        """
        self.check({"moves": moves})
        starts = LiquidRecipe().build(-(-count // moves), seed, **box)
        frames = []
        for index, start in enumerate(starts):
            for move in range(moves):
                random = np.random.default_rng([seed, index, move])
                atoms = moved(start, translation, rotation, closest, random)
                atoms.info |= {"group": start.info.get("group", index), "parent": f"liquid-{seed}-{index}"}
                frames.append(atoms)
        return frames[:count]

    def check(self, parameters: Mapping[str, Any]) -> None:
        """Raise `InputError` if there are no moves."""
        check_whole(parameters["moves"], "moves", 1)


def moved(
    start: Atoms, translation: Interval, rotation: Interval, closest: float, random: np.random.Generator
) -> Atoms:
    """Return a box of whole molecules after one rigid move of each molecule, one after the other."""
    atoms = start.copy()
    ids = atoms.arrays["mol_id"]
    masses = atoms.get_masses()
    for molecule in range(int(ids.max()) + 1):
        inside = ids == molecule
        others = atoms.positions[~inside]
        for _ in range(TRIES):
            step = draw(translation, random, "translation") * direction(random)
            angle = np.radians(draw(rotation, random, "rotation"))
            trial = _turned(atoms.positions[inside], masses[inside], angle * direction(random)) + step
            if _shortest(trial, others, atoms) >= closest:
                atoms.positions[inside] = trial
                break
    return atoms


def _turned(positions: np.ndarray, masses: np.ndarray, rotation_vector: np.ndarray) -> np.ndarray:
    from scipy.spatial.transform import Rotation

    centre = masses @ positions / masses.sum()
    return np.asarray(centre + Rotation.from_rotvec(rotation_vector).apply(positions - centre))


def _shortest(positions: np.ndarray, others: np.ndarray, atoms: Atoms) -> float:
    """Return the shortest distance between two sets of atoms, angstrom."""
    vectors = (others[None, :, :] - positions[:, None, :]).reshape(-1, 3)
    return float(find_mic(vectors, atoms.cell, atoms.pbc)[1].min(initial=np.inf))
