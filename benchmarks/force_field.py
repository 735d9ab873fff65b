"""Labels of the force field by LAMMPS against OpenMM, and their cost: molecules, clusters, periodic boxes.

    python benchmarks/force_field.py

Needs the extra ``forcefield`` and OpenMM.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
from ase import Atoms

from decant.labels.registry import labeler
from decant.molecules.liquid import parse_liquid
from decant.molecules.packing import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.openmm_reference import openmm_energy_forces

MOLECULES = ("EC", "EMC", "DME", "ACN", "water", "TFSI-", "PF6-", "BF4-")
CLUSTERS = ("EC:2,EMC:2", "EC:3,Li+:1,Cl-:1", "EC:3,Li+:1,PF6-:1")
HEADS = ("meV/atom", "relative", "eV/A", "relative")  # errors of energies, then of forces: the largest, and the rms
BOXES = (
    ("EC:4,EMC:8", 1.0), ("EC:12", 1.2), ("EC:3,Li+:2,Cl-:2,water:8", 1.0), ("EC:8,EMC:16,Li+:3,PF6-:3", 1.0),
    ("EC:27,EMC:54", 1.0),
)  # fmt: skip


def shaken(liquid: str, density: float, periodic: bool) -> Atoms:
    """Return molecules side by side, their atoms moved a little."""
    atoms = pack(parse_liquid(liquid), density, 1)
    atoms.positions += np.random.default_rng(1).normal(scale=0.03, size=(len(atoms), 3))
    if not periodic:
        atoms.pbc, atoms.cell = False, None
    return atoms


def compare(liquid: str, atoms: Atoms) -> None:
    """Print one line of the table."""
    method = labeler("openff")
    kinds = [kind for kind, count in parse_liquid(liquid) for _ in range(count)]
    atoms.info["charge"] = sum(kind.charge for kind in kinds)
    answer = method.label(atoms)  # starts LAMMPS
    took = []
    for _ in range(5):
        start = time.perf_counter()
        method.label(atoms)
        took.append(time.perf_counter() - start)
    energy, forces = openmm_energy_forces(atoms, kinds)
    error = answer.forces - forces
    relative = np.sqrt((error**2).mean() / (forces**2).mean())
    print(
        f"{liquid:26s} {'box' if atoms.pbc.any() else 'alone':5s} {len(atoms):5d} {answer.energy:12.6f} "
        f"{1e3 * (answer.energy - energy) / len(atoms):10.1e} {abs(answer.energy - energy) / abs(energy):8.0e} "
        f"{np.abs(error).max():10.1e} {relative:8.0e} {1e3 * min(took):7.1f}",
        flush=True,
    )


def main() -> None:
    """Print the table."""
    heads = zip((26, 5, 5, 12, 10, 8, 10, 8, 7), ("", "", "atoms", "E, eV", *HEADS, "ms"), strict=True)
    print(" ".join(f"{word:>{width}s}" for width, word in heads))
    for name in MOLECULES:
        compare(f"{name}:1", shaken(f"{name}:1", 0.05, periodic=False))
    for liquid in CLUSTERS:
        compare(liquid, shaken(liquid, 0.5, periodic=False))
    for liquid, density in BOXES:
        compare(liquid, shaken(liquid, density, periodic=True))


if __name__ == "__main__":
    main()
