"""Runs the real `lmp` under `mpirun` on small inputs, and reads back everything that a pair style computes."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import ase
import numpy as np
from ase import units

from decant.lammps.command import command, environment
from decant.lammps.data import write_data

ELEMENTS = ("H", "C", "O")
BAR_A3 = units.bar  # eV of one bar times one cubic angstrom


@dataclass(frozen=True)
class Evaluation:
    """What LAMMPS says of one configuration: energy (eV), forces (eV/A), virials (eV), energies of atoms (eV)."""

    energy: float
    forces: np.ndarray
    virial: np.ndarray
    atom_energies: np.ndarray
    atom_virial_sum: np.ndarray


def run_lmp(
    folder: Path, script: str, ranks: int = 1, timeout: float = 300, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run an input script in `folder` and return the finished process, successful or not.

    `variables` are environment variables besides those that every run has.
    """
    (folder / "in.test").write_text(script)
    return subprocess.run(
        command(["-in", "in.test", "-log", "log.lammps"], ranks),
        cwd=folder,
        env={**environment("mace"), **(variables or {})},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def header(atoms: ase.Atoms, model: Path, precision: str = "", elements: Sequence[str] = ELEMENTS) -> str:
    """Return the lines that read ``system.data`` and set up ``pair_style mace``."""
    return system(atoms) + f'pair_style mace {precision}\npair_coeff * * "{model}" {" ".join(elements)}\n'


def system(atoms: ase.Atoms) -> str:
    """Return the lines that read ``system.data``."""
    boundary = "p p p" if atoms.pbc.all() else "f f f"
    return (
        f"units metal\natom_style molecular\nboundary {boundary}\nnewton on\nread_data system.data\nneighbor 1.0 bin\n"
    )


def evaluate(
    folder: Path, atoms: ase.Atoms, model: Path, ranks: int, precision: str = "", **variables: str
) -> Evaluation:
    """Evaluate one configuration with ``pair_style mace``."""
    return evaluate_pair(folder, atoms, header(atoms, model, precision).removeprefix(system(atoms)), ranks, **variables)


def evaluate_pair(folder: Path, atoms: ase.Atoms, pair: str, ranks: int, **variables: str) -> Evaluation:
    """Evaluate one configuration with the pair style that some lines of a script set up."""
    box = write_data(folder / "system.data", atoms, ELEMENTS)
    done = run_lmp(
        folder,
        system(atoms)
        + pair
        + """
compute pa all pe/atom
compute sa all stress/atom NULL virial
compute sum all reduce sum c_sa[*]
thermo_style custom pe pxx pyy pzz pxy pxz pyz vol c_sum[*]
thermo_modify format float %.16g
dump d all custom 1 forces.dump id fx fy fz c_pa
dump_modify d sort id format float %.16g
run 0
""",
        ranks,
        variables=variables,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    lines = done.stdout.splitlines()
    row = next(i for i, line in enumerate(lines) if line.split()[:1] == ["PotEng"]) + 1
    values = np.array(lines[row].split(), dtype=float)
    table = np.loadtxt(folder / "forces.dump", skiprows=9)

    def tensor(v: np.ndarray) -> np.ndarray:
        full = np.array([[v[0], v[3], v[4]], [v[3], v[1], v[5]], [v[4], v[5], v[2]]])
        return box.rotation @ full @ box.rotation.T

    return Evaluation(
        energy=values[0],
        forces=table[:, 1:4] @ box.rotation.T,
        virial=tensor(values[1:7]) * values[7] * BAR_A3,
        atom_energies=table[:, 4],
        atom_virial_sum=-tensor(values[8:14]) * BAR_A3,
    )
