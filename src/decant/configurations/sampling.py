"""Configurations from molecular dynamics at constant volume, driven by an exported potential or a reference method."""

from __future__ import annotations

import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from decant.foundation.errors import InputError
from decant.foundation.progress import Progress
from decant.foundation.threads import worker_count
from decant.foundation.units import parse_length
from decant.foundation.workers import workers
from decant.labels.base import Labeler, LabelError
from decant.labels.registry import labeler
from decant.molecules.topology import bonds
from decant.potentials.potential import Potential

POTENTIAL = "potential:"
TIMESTEP_FS = 0.5
FRICTION_PS = 0.1  # relaxation time of the Langevin thermostat
RECORDED = 20  # times at which a trajectory is looked at, besides its start
LONGEST = 1.35  # of a bond, in sums of covalent radii; a hot C-H passes 1.2
RELAXATION = (30, 1.0)  # most steps and largest force (eV/angstrom) of the relaxation before a method's dynamics


@dataclass(frozen=True)
class Sampling:
    """One trajectory from which configurations are taken.

    Attributes
    ----------
    driver
        ``potential:DIRECTORY`` for an exported potential, run by LAMMPS; or the name of a reference method.
    start
        Configuration to start from, molecules whole.
    temperature
        K.
    length_ps
        Length of the trajectory.
    snapshots
        Configurations to take, evenly spaced; the last one at the end.
    seed
        Seed of velocities and random forces.
    """

    driver: str
    start: Atoms
    temperature: float
    length_ps: float
    snapshots: int
    seed: int


def check_driver(driver: str) -> None:
    """Raise `InputError` if there is no such driver."""
    if driver.startswith(POTENTIAL):
        Potential.open(Path(driver.removeprefix(POTENTIAL)))
    else:
        labeler(driver)


def sample_starts(
    starts: Sequence[Atoms],
    temperatures: Sequence[float],
    driver: str,
    length: str,
    snapshots: int,
    seed: int,
    name: str,
) -> list[Atoms]:
    """Run a trajectory from each start and return all snapshots; those of one start share a group.

    Parameters
    ----------
    starts
        Configurations, molecules whole.
    temperatures
        K, one for each start.
    driver, snapshots, seed
        As for `Sampling`.
    length
        Length of each trajectory, for example ``1ps``.
    name
        Name of the recipe, for the progress line.
    """
    if snapshots < 1:
        raise InputError(f"snapshots {snapshots}: expected a positive whole number")
    tasks = [
        Sampling(driver, start, kelvin, parse_length(length), snapshots, seed + index)
        for index, (start, kelvin) in enumerate(zip(starts, temperatures, strict=True))
    ]
    taken = sample_all(tasks, name)
    for index, frames in enumerate(taken):
        for atoms in frames:
            parent = f"start-{name}-{seed}-{index}"
            atoms.info |= {"group": index, "parent": parent, "driver": driver, "temperature": tasks[index].temperature}
    return [atoms for frames in taken for atoms in frames]


def sample_all(tasks: Sequence[Sampling], name: str) -> list[list[Atoms]]:
    """Run trajectories on all cores and return the snapshots of each.

    Parameters
    ----------
    tasks
        The trajectories.
    name
        Name of the recipe, for the progress line.

    Returns
    -------
    list of list of ase.Atoms
        The snapshots of each trajectory; fewer than asked for where it broke off early, as standard error then says.
    """
    done: list[list[Atoms]] = []
    with (
        Progress(f"build {name}", len(tasks), "trajectories") as progress,
        workers(min(worker_count(), len(tasks)), "sampling", "sample smaller boxes") as pool,
    ):
        for snapshots in pool.map(sample, tasks):
            done.append(snapshots)
            progress.update(len(done))
    missing = sum(task.snapshots - len(snapshots) for task, snapshots in zip(tasks, done, strict=True))
    if missing:
        print(f"decant: warning: molecules broke early: {missing} snapshots fewer than asked for", file=sys.stderr)
    return done


def sample(task: Sampling) -> list[Atoms]:
    """Run one trajectory and return its snapshots, with the arrays and the info of the start.

    A trajectory in which a molecule breaks is used up to there, so a poor driver gives configurations, too: as many
    different ones as were recorded by then.

    Raises
    ------
    InputError
        If the driver does not know an element or fails at the start.
    """
    run: Callable[[Sampling], list[Atoms]] = _by_lammps if task.driver.startswith(POTENTIAL) else _by_method
    frames = run(task)
    whole = _intact(task.start)
    broken = next((index for index, atoms in enumerate(frames) if not whole(atoms)), len(frames))
    if broken == 0:
        raise InputError(
            f"driver '{task.driver}': breaks molecules before the first step; it cannot sample this liquid"
        )
    chosen = np.linspace(0, broken - 1, task.snapshots + 1)[1:].round().astype(int)
    return [frames[index] for index in dict.fromkeys(chosen.tolist())]


def _intact(start: Atoms) -> Callable[[Atoms], bool]:
    """Return what tells whether a configuration has the bonds of the start."""
    expected = {tuple(pair) for pair in bonds(start).tolist()}

    def whole(atoms: Atoms) -> bool:
        tight, loose = ({tuple(pair) for pair in found.tolist()} for found in (bonds(atoms), bonds(atoms, LONGEST)))
        return tight <= expected <= loose

    return whole


def _by_lammps(task: Sampling) -> list[Atoms]:
    """Return the frames of a run of lammps_inputs/in.sample."""
    from decant.lammps.data import write_data
    from decant.lammps.guards import Limits
    from decant.lammps.inputs import inputs_directory
    from decant.lammps.launch import launch, variables
    from decant.simulation.start import longest_bond

    potential = Potential.open(Path(task.driver.removeprefix(POTENTIAL)))
    pairs = bonds(task.start)
    every = max(1, round(1000.0 * task.length_ps / TIMESTEP_FS / RECORDED))
    limits = Limits.around(task.temperature, 1.0, longest_bond(task.start, pairs))
    with tempfile.TemporaryDirectory(prefix="decant-") as name:
        directory = Path(name)
        for file in ("in.sample", "setup.lammps", "production.lammps"):
            shutil.copyfile(inputs_directory() / file, directory / file)
        (directory / "potential").symlink_to(potential.path.resolve())
        box = write_data(directory / "system.data", task.start, potential.elements, pairs, task.start.arrays["mol_id"])
        values = {
            "potential": "potential", "temperature": task.temperature, "timestep": TIMESTEP_FS / 1000.0,
            "steps": every * RECORDED, "dump_every": every, "restart_every": 2 * every * RECORDED,
            "seed": task.seed % 900_000_000 + 1, **limits.variables(), "min_density": 0.0, "max_density": 1e6,
        }  # fmt: skip
        arguments = ["-log", "none", "-in", "in.sample", *variables(values)]
        outcome = launch(arguments, 1, directory, plugin=potential.algorithm)
        if outcome.code != 0 and outcome.stop is None:
            raise InputError(f"{potential.path}: LAMMPS failed while sampling: {outcome.reason()}")
        return [task.start, *_read_frames(directory / "trajectory.0.dcd", task.start, box.vectors_from_lammps)]


def _read_frames(path: Path, start: Atoms, turn: Callable[[np.ndarray], np.ndarray]) -> list[Atoms]:
    """Return the frames of a DCD file, in the cell and orientation of the start."""
    from decant.lammps.trajectory import read_segment

    if not path.is_file() or read_segment(path) is None:
        return []
    from MDAnalysis.coordinates.DCD import DCDReader

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of copies; we make our own
        with DCDReader(str(path)) as reader:
            positions = [turn(step.positions.astype(float)) for step in reader]
    return [_moved(start, frame) for frame in positions if np.isfinite(frame).all()]


def _moved(start: Atoms, positions: np.ndarray) -> Atoms:
    atoms = start.copy()
    atoms.positions = positions
    return atoms


def _by_method(task: Sampling) -> list[Atoms]:
    """Return the frames of Langevin dynamics by ASE with a reference method."""
    from ase import units
    from ase.md.langevin import Langevin
    from ase.md.velocitydistribution import MaxwellBoltzmannDistribution
    from ase.optimize import FIRE

    random = np.random.default_rng(task.seed)
    atoms = task.start.copy()
    atoms.calc = calculator(labeler(task.driver))
    frames = [task.start.copy()]
    every = max(1, round(1000.0 * task.length_ps / TIMESTEP_FS / RECORDED))
    try:
        FIRE(atoms, logfile=None).run(fmax=RELAXATION[1], steps=RELAXATION[0])
        MaxwellBoltzmannDistribution(atoms, temperature_K=task.temperature, rng=random)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of ASE, on the centre of mass of a Langevin run
            dynamics = Langevin(
                atoms, TIMESTEP_FS * units.fs, temperature_K=task.temperature, rng=random,
                friction=1 / (1000 * FRICTION_PS * units.fs),
            )  # fmt: skip
        for _ in range(RECORDED):
            dynamics.run(every)
            frames.append(_moved(task.start, atoms.positions))
    except LabelError as error:
        if len(frames) == 1:
            raise InputError(f"driver '{task.driver}' fails at the start: {error}") from error
    return frames


def calculator(method: Labeler) -> Any:
    """Return a reference method as an ASE calculator of energy and forces."""
    from ase.calculators.calculator import Calculator, all_changes

    class Reference(Calculator):
        implemented_properties = ("energy", "forces")

        def calculate(self, atoms: Any = None, properties: Any = (), system_changes: Any = all_changes) -> None:
            super().calculate(atoms, properties, system_changes)
            answer = method.label(self.atoms)
            self.results = {"energy": answer.energy, "forces": answer.forces}

    return Reference()
