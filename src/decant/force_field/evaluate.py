"""Energy, forces and virial of configurations under the force field, by a LAMMPS that stays."""

from __future__ import annotations

import functools
import itertools
import os
import tempfile
from pathlib import Path

import numpy as np
from ase import Atoms

from decant.data.prediction import Prediction
from decant.force_field.lammps_input import CUTOFF_A, force_field_lines, write_system
from decant.force_field.recognition import placed_molecules, require_charge
from decant.force_field.system import MolecularSystem, molecular_system
from decant.foundation.errors import InputError
from decant.lammps.answers import asking, read_answer
from decant.lammps.data import LammpsBox
from decant.lammps.session import LammpsSession

LONG_RANGE = "ewald 1.0e-7"
"""Of a label: forces within 1e-6 eV/angstrom of the exact sum."""


def evaluate(atoms: Atoms, charge: int = 0, spin: int | None = None, ion_charge_scale: float = 1.0) -> Prediction:
    """Return energy, forces and, in a periodic cell, virial of a configuration.

    A frame without a cell has every pair of its atoms, without a cutoff.

    Parameters
    ----------
    atoms
        Periodic in all directions or in none.
    charge, spin
        Charge (e) and multiplicity that it is said to have; None for an unknown multiplicity.
    ion_charge_scale
        Factor on the partial charges of ions.

    Raises
    ------
    InputError
        If the force field does not know its molecules, or the cell is too small for them.
    ProgramFailed
        If LAMMPS ends with an error.
    """
    placed = placed_molecules(atoms)
    require_charge(placed, charge, spin)
    system = molecular_system(placed, ion_charge_scale)
    with tempfile.TemporaryDirectory(prefix="decant-") as name:
        folder = Path(name)
        box = write_system(folder / "system.data", atoms, system)
        if box.periodic:
            _require_room(box, atoms, system)
        commands = _commands(folder, box, force_field_lines(system, *_reach(atoms, box)))
        _session(os.getpid()).run(commands, folder / "done")
        return read_answer(folder / "scalars", folder / "forces", box)


def _reach(atoms: Atoms, box: LammpsBox) -> tuple[str, float]:
    """Return how far pairs are counted: what follows ``kspace_style``, and the cutoff."""
    if box.periodic:
        return LONG_RANGE, CUTOFF_A
    return "", float(np.linalg.norm(np.ptp(atoms.positions, axis=0))) + 1.0  # more than any two atoms are apart


def _commands(folder: Path, box: LammpsBox, force_field: list[str]) -> list[str]:
    return [
        "units metal",
        "atom_style full",
        "newton on",
        f"boundary {box.boundary}",
        "atom_modify sort 0 0.0",
        f'read_data "{folder / "system.data"}"',
        *force_field,
        f"neighbor 0.0 {'bin' if box.periodic else 'nsq'}",
        *asking(folder / "scalars", folder / "forces"),
    ]


def _require_room(box: LammpsBox, atoms: Atoms, system: MolecularSystem) -> None:
    """Refuse a cell in which an atom's partner three bonds away is as near as the image of that partner.

    LAMMPS tells the two apart by half the length of the box.
    """
    from ase.geometry import find_mic

    reach = [np.zeros(3)]
    for terms in (system.bonds, system.angles, system.dihedrals):
        if not len(terms.atoms):
            continue
        steps = np.zeros((len(terms.atoms), 3))
        for one, other in itertools.pairwise(terms.atoms.T):  # along the bonds: the ends' nearest images may be others
            steps += find_mic(atoms.positions[other] - atoms.positions[one], atoms.cell, atoms.pbc)[0]
        reach.append(np.abs(box.vectors_to_lammps(steps)).max(axis=0))
    extent, half = np.max(reach, axis=0), np.diag(box.cell) / 2
    if (extent >= half).any():
        raise InputError(
            f"a cell {2 * half.min():.1f} A wide is too small for its molecules: some reach their own images; "
            f"expected more than {2 * extent.max():.1f} A"
        )


@functools.cache
def _session(process: int) -> LammpsSession:
    """Return the LAMMPS of a process: one that was forked does not share it."""
    return LammpsSession()
