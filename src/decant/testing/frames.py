"""Small labelled frames to fit to and to ask about: shaken molecules and boxes, made and labelled within seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from ase import Atoms

from decant.data.charges import complete_charges
from decant.data.frames import write_frames
from decant.data.isolated import ISOLATED
from decant.labels.registry import labeler
from decant.molecules.liquid import parse_liquid
from decant.molecules.packing import pack
from decant.molecules.solvents import molecule


def labelled(atoms: Atoms, group: str, recipe: str) -> Atoms:
    """Return a frame in the house form with GFN1-xTB labels."""
    complete_charges([atoms])
    prediction = labeler("gfn1-xtb").label(atoms)
    atoms.info.update(REF_energy=prediction.energy, group=group, recipe=recipe)
    atoms.set_array("REF_forces", prediction.forces)
    if prediction.virial is not None:
        atoms.info["REF_virial"] = prediction.virial
    return atoms


def shaken_frames(smiles: str, count: int, seed: int) -> list[Atoms]:
    """Return liquid boxes of three molecules and single molecules, shaken, by turns."""
    random = np.random.default_rng(seed)
    frames = []
    for number in range(count):
        if number % 2:
            atoms, recipe = pack(parse_liquid(f"{smiles}:3"), random.uniform(0.5, 0.8), seed + number), "liquid"
        else:
            atoms, recipe = molecule(smiles).embed(seed + number + 1), "monomer"
            atoms.set_array("mol_id", np.zeros(len(atoms), dtype=int))
        atoms.positions += random.normal(scale=0.05, size=(len(atoms), 3))
        frames.append(labelled(atoms, f"{recipe}-{seed}-{number}", recipe))
    return frames


def methanol_frames(count: int, seed: int) -> list[Atoms]:
    """Return liquid boxes of three methanol molecules and single molecules, shaken, by turns."""
    return shaken_frames("CO", count, seed)


def isolated_atoms() -> list[Atoms]:
    """Return one isolated atom of each element of methanol."""
    frames = []
    for symbol in "HCO":
        atoms = Atoms(symbol)
        atoms.set_array("mol_id", np.zeros(1, dtype=int))
        atoms.info["config_type"] = ISOLATED
        frames.append(labelled(atoms, f"atom-{symbol}", "atom"))
    return frames


def write_data(directory: Path) -> None:
    """Write train, valid and test.extxyz of methanol, periodic and not, with the isolated atoms."""
    write_frames(directory / "train.extxyz", [*isolated_atoms(), *methanol_frames(12, seed=1)])
    write_frames(directory / "valid.extxyz", methanol_frames(4, seed=101))
    write_frames(directory / "test.extxyz", methanol_frames(4, seed=201))
