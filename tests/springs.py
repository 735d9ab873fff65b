"""A small force field with exact forces and virials: springs between all atoms of a molecule, soft spheres between
molecules. It stands for a calculation whose labels are right, so that a test can make them wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from ase import Atoms
from ase.data import covalent_radii
from ase.geometry import find_mic

from decant.data.extxyz import format_frame
from decant.molecules.solvents import molecule

BOND, ANGLE, CONTACT = 31.0, 2.0, 0.3
"""Spring constants of bonds and of other pairs of a molecule, and of contacts between molecules, eV/angstrom^2."""
REACH = 3.2
ATOMS = {"H": -12.0, "C": -150.0, "O": -430.0}
"""Energies of isolated atoms, eV."""
BOND_ENERGY = 4.0


def evaluate(atoms: Atoms, rest: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Return energy (eV), forces (eV/angstrom) and virial (eV) of equal molecules whose rest shape is given."""
    size = len(rest)
    first, second = np.triu_indices(len(atoms), 1)
    vectors, lengths = find_mic(atoms.positions[second] - atoms.positions[first], atoms.cell, atoms.pbc)
    inside = first // size == second // size
    inner = np.linalg.norm(rest[first % size] - rest[second % size], axis=1)
    bonded = inside & (inner < 1.3 * (covalent_radii[atoms.numbers[first]] + covalent_radii[atoms.numbers[second]]))
    stiffness = np.where(bonded, BOND, np.where(inside, ANGLE, np.where(lengths < REACH, CONTACT, 0.0)))
    away = lengths - np.where(inside, inner, REACH)
    pull = (stiffness * away / lengths)[:, None] * vectors
    forces = np.zeros((len(atoms), 3))
    np.add.at(forces, first, pull)
    np.subtract.at(forces, second, pull)
    free = sum(ATOMS[symbol] for symbol in atoms.symbols) - BOND_ENERGY * bonded.sum()
    return free + float(0.5 * (stiffness * away**2).sum()), forces, -pull.T @ vectors


def label(atoms: Atoms, rest: np.ndarray) -> Atoms:
    """Return a frame with its labels under the names of ASE: energy, forces, and in a box the virial."""
    energy, forces, virial = evaluate(atoms, rest)
    made = Atoms(atoms.symbols, positions=atoms.positions, cell=atoms.cell, pbc=atoms.pbc)
    made.info["energy"] = energy
    made.set_array("forces", forces)
    if atoms.pbc.all():
        made.info["virial"] = virial
    return made


def liquid(count: int, spread: float = 0.03, boxed: bool = True, size: int = 8, seed: int = 0) -> list[Atoms]:
    """Return labelled frames of up to eight molecules of methanol, turned and shaken anew, each hotter."""
    random = np.random.default_rng(seed)
    single = molecule("MEOH").embed(1)
    rest = single.positions - single.positions.mean(axis=0)
    grid = 5.0 * np.array(list(np.ndindex(2, 2, 2)))[:size]
    frames = []
    for index in range(count):
        turns = [np.linalg.qr(random.normal(size=(3, 3)))[0] for _ in grid]
        turns = [turn * np.sign(np.linalg.det(turn)) for turn in turns]
        positions = np.concatenate([rest @ turn + place for turn, place in zip(turns, grid, strict=True)])
        atoms = Atoms(list(single.symbols) * len(grid), positions=positions, pbc=boxed)
        atoms.cell = np.eye(3) * 10.0 * boxed
        atoms.positions += random.normal(scale=spread * (0.5 + index / max(count - 1, 1)), size=positions.shape)
        frames.append(label(atoms, rest))
    return frames


def isolated_atoms() -> list[Atoms]:
    """Return the isolated atoms of the force field."""
    frames = []
    for symbol, energy in ATOMS.items():
        frames.append(Atoms(symbol, positions=[[0, 0, 0]]))
        frames[-1].info |= {"energy": energy, "config_type": "IsolatedAtom"}
    return frames


def write(path: Path, frames: list[Atoms]) -> Path:
    """Write frames as extended XYZ under the names they have."""
    path.write_text("".join(format_frame(atoms) for atoms in frames))
    return path
