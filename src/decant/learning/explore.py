"""Exploring a state with a committee: molecular dynamics in LAMMPS, its frames, and how far the members disagree."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from ase import Atoms

from decant.foundation.directories import wait_until_free
from decant.lammps.model_deviation import cut_last_line, read_model_deviation
from decant.learning.settings import State
from decant.potentials.committee import DEVIATION
from decant.simulation.protocol import Protocol
from decant.simulation.run import Run, configuration
from decant.simulation.simulate import simulate

if TYPE_CHECKING:
    from MDAnalysis import Universe

PATIENCE = 120.0
"""Seconds to wait for the LAMMPS of a killed process, which ends when it prints its next row."""


@dataclass(frozen=True)
class Frame:
    """One frame of an exploration.

    Attributes
    ----------
    atoms
        Configuration, molecules whole; positions and cell in angstrom, in the orientation of LAMMPS.
    step
        Time step.
    deviation
        Largest deviation of a force over the atoms, eV/angstrom.
    energy
        Potential energy of the driver, eV.
    """

    atoms: Atoms
    step: int
    deviation: float
    energy: float


def explore(committee: Path, state: State, directory: Path, seed: int, ranks: int = 1, threads: int = 1) -> Run:
    """Run molecular dynamics of a packed liquid with a committee, or what is left of an interrupted run.

    Parameters
    ----------
    committee
        Directory of `decant.potentials.committee.write_committee`.
    state
        What to run.
    directory
        Run directory, as of ``decant simulate``.
    seed
        Seed of the packing, the velocities and the Langevin forces.
    ranks, threads
        MPI ranks, and OpenMP threads of each.

    Returns
    -------
    Run
        Completed, or stopped by a guard: that is a result as well.

    Raises
    ------
    InputError, ProgramFailed
        As `decant.simulation.simulate.simulate`.
    """
    wait_until_free(directory, PATIENCE)
    cut_last_line(directory / DEVIATION)
    return simulate(dynamics(committee, state, seed), directory, ranks, threads)


def dynamics(committee: Path, state: State, seed: int) -> Protocol:
    """Return what `explore` runs.

    Raises
    ------
    InputError
        If that makes no sense, such as a state that is shorter than its time step.
    """
    return Protocol(
        potential=committee,
        liquid=state.liquid,
        copies=state.copies,
        ensemble="sample" if state.pressure is None else "sample_npt",
        temperature=state.temperature,
        pressure=1.0 if state.pressure is None else state.pressure,
        length_ps=state.length,
        density=state.density,
        timestep_fs=state.timestep,
        seed=seed,
    )


def stable_ps(run: Run) -> float:
    """Return the time that a run of `explore` lasted: its length, or up to the guard that stopped it."""
    status = run.status
    if status["state"] == "completed":
        return run.description.length_ps
    # a potential that fails in the minimisation before the dynamics has not lasted at all
    return float(status["step"]) * run.description.timestep_ps if run.trajectory_segments() else 0.0


def explored_frames(run: Run) -> list[Frame]:
    """Return the frames of a run of `explore` whose deviation was written, in the order of time."""
    segments = run.trajectory_segments()
    if not segments:
        return []
    deviation = read_model_deviation(run.path / DEVIATION)
    of_step = dict(zip(deviation["step"].tolist(), deviation["max_devi_f"].tolist(), strict=True))
    steps = [segment.first_step + number * segment.every for segment in segments for number in range(segment.frames)]
    thermo = run.thermo() or {"step": np.zeros(1), "potential_energy_eV": np.full(1, np.nan)}
    energies = np.interp(steps, thermo["step"], thermo["potential_energy_eV"])
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # of what a time step will share with the next in MDAnalysis 3
        universe: Universe = run.universe()
    frames = []
    for step, energy, _ in zip(steps, energies, universe.trajectory, strict=True):
        if step in of_step:
            frames.append(Frame(configuration(universe), step, of_step[step], float(energy)))
    return frames
