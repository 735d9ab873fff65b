"""What a potential must say of a few configurations: stored at export, so that any machine can be held to it.

The values are those of the algorithm's own calculator in double precision, and the configurations are made up, since
the training data are not ours to hand on. A check against them needs neither data nor the packages of the algorithm.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from decant.data.frames import read_frames, write_frames
from decant.data.prediction import Prediction, predict
from decant.foundation.errors import InputError

if TYPE_CHECKING:
    from ase import Atoms

    from decant.potentials.potential import Potential

EXAMPLES = "examples.extxyz"
SMALLEST = 16
"""Atoms of a configuration at least; each element has one at least."""
APART = 1.25
"""Shortest distance of two atoms over the sum of their covalent radii: nearer ones are in no training set."""
FILLED = 0.15
"""Share of the volume that atoms of these distances fill: loose enough to be placed at random."""


def write_examples(potential: Potential, path: Path) -> None:
    """Write made-up configurations with what the algorithm's own calculator says of them.

    Parameters
    ----------
    potential
        The potential.
    path
        File to write, in the house form.
    """
    frames = [scattered(potential.elements, seed=1, periodic=True), scattered(potential.elements, seed=2)]
    for atoms, said in zip(frames, predict(potential.reference_calculator(), frames, "examples"), strict=True):
        atoms.info["REF_energy"], atoms.arrays["REF_forces"] = said.energy, said.forces
        if said.virial is not None:
            atoms.info["REF_virial"] = said.virial
    write_frames(path, frames)


def read_examples(potential: Potential) -> tuple[list[Atoms], list[Prediction]]:
    """Return the configurations stored with a potential, and what it must say of them.

    Raises
    ------
    InputError
        If none are stored, as in potentials of earlier versions.
    """
    if potential.in_python:
        raise InputError(f"{potential.path}: brings no examples, since it is the calculator itself: give `data`")
    if EXAMPLES not in potential.card["files"]:
        raise InputError(f"{potential.path}: has no {EXAMPLES} to check against; give `data`, or export it again")
    frames = read_frames(potential.path / EXAMPLES)
    return frames, [
        Prediction(atoms.info["REF_energy"], atoms.arrays["REF_forces"], atoms.info.get("REF_virial"))
        for atoms in frames
    ]


def scattered(elements: Sequence[str], seed: int, periodic: bool = False) -> Atoms:
    """Return atoms of some elements at random places, none nearer to another than bonded atoms are.

    Parameters
    ----------
    elements
        Chemical symbols, each of which occurs.
    seed
        Of the places.
    periodic
        Whether they fill a skewed cell, instead of standing alone.
    """
    from ase import Atoms
    from ase.data import atomic_numbers, covalent_radii
    from ase.geometry import get_distances

    symbols = [elements[number % len(elements)] for number in range(max(SMALLEST, len(elements)))]
    reach = APART * covalent_radii[[atomic_numbers[symbol] for symbol in symbols]]
    edge = (4 / 3 * np.pi * (reach**3).sum() / FILLED) ** (1 / 3)
    cell = (edge * np.array([[1, 0, 0], [0.1, 1, 0], [-0.1, 0.2, 1]])).round(8)  # as a file holds them
    generator, places = np.random.default_rng(seed), np.zeros((1, 3))
    order = np.argsort(-reach, kind="stable")  # the largest first, while there is room
    while len(places) < len(symbols):
        trial, near = (generator.random(3) @ cell).round(8), reach[order[: len(places)]] + reach[order[len(places)]]
        if (get_distances(trial[None], places, cell, pbc=True)[1][0] > near).all():
            places = np.vstack([places, trial])
    placed = Atoms([symbols[number] for number in order], positions=places, cell=cell, pbc=True)
    if not periodic:
        placed.pbc, placed.cell = False, None
    placed.arrays["mol_id"] = np.arange(len(placed)) + 1
    placed.info |= {"recipe": "examples", "group": f"examples-{seed}"}
    return placed
