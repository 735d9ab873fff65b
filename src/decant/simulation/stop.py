"""Why a guard stopped a run, in words that name what broke and what to do."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from ase import Atoms
from ase.geometry import find_mic

from decant.foundation.errors import InputError, ProgramFailed
from decant.lammps.guards import Stop
from decant.lammps.restart import newest_restart
from decant.molecules.contacts import closest_pair
from decant.potentials.potential import Potential
from decant.simulation.run import POTENTIAL, Run
from decant.simulation.start import read_restart

POOR = 0.5
"""Force error over the reference force from which on a potential is to be trained longer before anything else."""


def stop_message(run: Run, stop: Stop, launcher: str | None = None) -> str:
    """Return why a run was stopped: the bond that broke, by name, and whether its potential is to be blamed.

    Parameters
    ----------
    run
        The run, ended.
    stop
        The guard that fired.
    launcher
        MPI launcher; LAMMPS reads the last restart file, where the bond is found.
    """
    message = stop.message
    if stop.guard in NAMED:
        with contextlib.suppress(InputError, ProgramFailed):  # the run is over; LAMMPS's own words are left then
            message = NAMED[stop.guard](run, *_configuration(run, stop, launcher)) or message
    share = _force_error(Potential.open(run.path / POTENTIAL).card)
    if share is not None and share > POOR:
        message += f"; the force error of this potential is {share:.0%} of the force: train it longer"
    return message


def _configuration(run: Run, stop: Stop, launcher: str | None) -> tuple[Atoms, np.ndarray]:
    """Return the atoms and bonds of the step at which the run was stopped.

    Raises
    ------
    InputError
        If they were not written.
    """
    found = newest_restart(run.path)
    if found is None or found[1] != stop.step:
        raise InputError(f"{run.path}: has no restart file of step {stop.step}")
    return read_restart(run, found[0], launcher)


def _bond(run: Run, atoms: Atoms, bonds: np.ndarray) -> str:
    """Name the longest bond."""
    lengths = find_mic(atoms.positions[bonds[:, 1]] - atoms.positions[bonds[:, 0]], atoms.cell, atoms.pbc)[1]
    worst = int(np.argmax(lengths))
    limit = run.description.guards.max_bond_A if run.description.guards else np.nan
    return f"{bond_name(run, atoms, bonds[worst])} is {lengths[worst]:.2f} A long (limit {limit:.2f})"


def _contact(run: Run, atoms: Atoms, bonds: np.ndarray) -> str:
    """Name the two atoms of different molecules that are nearest to a collision."""
    share, *pair = closest_pair(atoms)
    if min(pair) < 0:
        return ""
    names = [name for name, count in run.description.species for _ in range(count)]
    molecules = atoms.arrays["mol_id"][pair]
    ends = (
        f"{atoms.symbols[atom]}{atom + 1} of {names[molecule]} {molecule + 1}"
        for atom, molecule in sorted(zip(pair, molecules.tolist(), strict=True))
    )
    distance = atoms.get_distance(*pair, mic=True)
    return (
        f"{' and '.join(ends)} are {distance:.2f} A apart, {share:.2f} of the distance at which they touch (limit"
        f" {run.description.guards.min_contact if run.description.guards else np.nan:.2f}): the potential has a hole"
    )


NAMED = {"bond": _bond, "contact": _contact}
"""What names the atoms that made a guard fire."""


def bond_name(run: Run, atoms: Atoms, bond: np.ndarray) -> str:
    """Return a bond as, for example, ``C5-H9 of EMC``: elements with the numbers of the atoms in their molecule."""
    names = [name for name, count in run.description.species for _ in range(count)]
    molecule = int(atoms.arrays["mol_id"][bond[0]])
    first = int(np.flatnonzero(atoms.arrays["mol_id"] == molecule)[0])
    ends = "-".join(f"{atoms.symbols[atom]}{atom - first}" for atom in map(int, bond))
    return f"{ends} of {names[molecule]}"


def _force_error(card: Mapping[str, Any]) -> float | None:
    """Return the force error on the test set over the reference force; None if the card does not tell."""
    total = ((card.get("test_errors") or {}).get("force_meV_per_A") or {}).get("total") or {}
    ratio = total.get("ratio")
    return float(ratio) if isinstance(ratio, int | float) else None
