"""Configurations from molecular dynamics at constant volume, driven by an exported potential or a reference method."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from decant.data.frames import density
from decant.force_field.cache import parameters_of
from decant.force_field.lammps_input import write_system
from decant.force_field.recognition import placed_molecules
from decant.force_field.system import molecular_system
from decant.foundation.errors import InputError, ProgramFailed, warn
from decant.foundation.progress import Progress
from decant.foundation.settings import mapping, read_named
from decant.foundation.threads import worker_count
from decant.foundation.units import parse_length
from decant.foundation.workers import workers
from decant.labels.base import Labeler, LabelError
from decant.labels.registry import labeler
from decant.lammps.contacts import write_contacts
from decant.lammps.data import LammpsBox, write_data
from decant.lammps.guards import CROWDED, Limits
from decant.lammps.inputs import inputs_directory
from decant.lammps.launch import launch, variables
from decant.lammps.trajectory import read_segment
from decant.molecules.contacts import closest_contact
from decant.molecules.molecule import Molecule
from decant.molecules.topology import bonds, renumbered
from decant.potentials.potential import Potential
from decant.simulation.force_field import ATOM_STYLE, METHODS, write_force_field
from decant.simulation.start import longest_bond

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
        ``potential:DIRECTORY`` for an exported potential, or ``openff``, run by LAMMPS; or the name of another
        reference method.
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
    pressure
        bar; None keeps the cell.
    settings
        Of a driver that is a reference method; None for its defaults.
    """

    driver: str
    start: Atoms
    temperature: float
    length_ps: float
    snapshots: int
    seed: int
    pressure: float | None = None
    settings: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Dynamics:
    """Molecular dynamics that goes on from what a recipe made.

    Attributes
    ----------
    driver
        What drives molecular dynamics: ``openff`` for a force field, or ``potential:DIRECTORY`` for an exported
        potential, through LAMMPS; or a reference method such as ``gfn2-xtb``; none takes the boxes as packed.
    length
        Length of the dynamics of each packed box, for example ``1ps``.
    snapshots
        Configurations taken from the dynamics of each packed box, evenly spaced; they share a split group.
    pressure
        bar, with a driver through LAMMPS: boxes take the density that it gives them; none keeps that of the packing.
    driver_settings
        Settings of a driver that is a reference method, for example ``{ion_charge_scale: 0.8}`` of ``openff``.
    """

    driver: str | None = None
    length: str = "1ps"
    snapshots: int = 1
    pressure: float | None = None
    driver_settings: dict[str, Any] | None = None

    def check(self) -> None:
        """Raise `InputError` if there is no such driver, it keeps no pressure, or length or number make no sense."""
        parse_length(self.length)
        if isinstance(self.snapshots, bool) or not isinstance(self.snapshots, int) or self.snapshots < 1:
            raise InputError(f"snapshots {self.snapshots}: expected a positive whole number")
        if self.pressure is not None and (self.driver is None or not _is_lammps(self.driver)):
            raise InputError(
                f"pressure {self.pressure!r} with driver {self.driver}: expected a driver that LAMMPS runs,"
                f" {', '.join(METHODS)} or {POTENTIAL}DIRECTORY"
            )
        if self.pressure is not None and not isinstance(self.pressure, int | float):
            raise InputError(f"pressure: expected a number of bar, not {self.pressure!r}")
        settings = {} if self.driver_settings is None else read_named("driver_settings", mapping, self.driver_settings)
        if settings and (self.driver is None or self.driver.startswith(POTENTIAL)):
            raise InputError(f"driver_settings with driver {self.driver}: expected a reference method as the driver")
        if self.driver is None:
            return
        if self.driver.startswith(POTENTIAL):
            Potential.open(Path(self.driver.removeprefix(POTENTIAL)))
        else:
            labeler(self.driver, settings)

    def starts(self, count: int) -> int:
        """Return how many starts give `count` configurations."""
        return count if self.driver is None else -(-count // max(self.snapshots, 1))

    def configurations(self, starts: list[Atoms], seed: int, name: str) -> list[Atoms]:
        """Return the starts themselves without a driver, else snapshots of a trajectory from each.

        Parameters
        ----------
        starts
            Molecules whole, ``info["temperature"]`` (K) that of the dynamics. Snapshots of one start share a group.
        seed
            Seed of the first trajectory; each has the next.
        name
            Name of the recipe.
        """
        if self.driver is None:
            return starts
        length_ps, settings = parse_length(self.length), self.driver_settings
        tasks = [
            Sampling(
                self.driver, start, start.info["temperature"], length_ps, self.snapshots, seed + index, self.pressure,
                settings,
            )
            for index, start in enumerate(starts)
        ]  # fmt: skip
        taken = sample_all(tasks, name)
        for index, frames in enumerate(taken):
            for atoms in frames:
                atoms.info |= {"group": index, "parent": f"start-{name}-{seed}-{index}", "driver": self.driver}
        return [atoms for frames in taken for atoms in frames]


def require_known(method: str | None, kinds: Sequence[Molecule]) -> None:
    """Raise `InputError` if a driver, or a method of labels, of which that can be told does not know a molecule."""
    if method in METHODS:
        for kind in kinds:
            parameters_of(kind.smiles)
    elif method is not None and method.startswith(POTENTIAL):
        known = Potential.open(Path(method.removeprefix(POTENTIAL))).elements
        unknown = sorted({symbol for kind in kinds for symbol in kind.symbols} - set(known))
        if unknown:
            raise InputError(f"'{method}' does not know {', '.join(unknown)}; it knows {' '.join(known)}")


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
        warn(f"molecules broke early: {missing} snapshots fewer than asked for")
    return done


def sample(task: Sampling) -> list[Atoms]:
    """Run one trajectory and return its snapshots, with the arrays and the info of the start.

    A trajectory in which a molecule breaks is used up to there, so a poor driver gives configurations, too: as many
    different ones as were recorded by then.

    Raises
    ------
    InputError
        If the driver does not know an element or fails at the start.
    ProgramFailed
        If the driver is a potential and LAMMPS failed.
    """
    by_method = not _is_lammps(task.driver) or (task.driver in METHODS and not task.start.pbc.all())
    run: Callable[[Sampling], list[Atoms]] = _by_method if by_method else _by_lammps
    frames = run(task)
    whole = intact(bonds(task.start))
    broken = next((index for index, atoms in enumerate(frames) if not whole(atoms)), len(frames))
    if broken == 0:
        raise InputError(
            f"driver '{task.driver}': breaks molecules before the first step; it cannot sample this liquid"
        )
    chosen = np.linspace(0, broken - 1, task.snapshots + 1)[1:].round().astype(int)
    return [frames[index] for index in dict.fromkeys(chosen.tolist())]


def intact(pairs: np.ndarray) -> Callable[[Atoms], bool]:
    """Return what tells whether a configuration, however hot, has these bonds (shape (n, 2), i < j) and no other."""
    expected = {tuple(pair) for pair in pairs.tolist()}

    def whole(atoms: Atoms) -> bool:
        tight, loose = ({tuple(pair) for pair in found.tolist()} for found in (bonds(atoms), bonds(atoms, LONGEST)))
        return tight <= expected <= loose

    return whole


def _is_lammps(driver: str) -> bool:
    return driver.startswith(POTENTIAL) or driver in METHODS


def _by_lammps(task: Sampling) -> list[Atoms]:
    """Return the frames of a run of lammps_inputs/in.sample, or with a pressure of in.sample_npt."""
    pairs = bonds(task.start)
    script = "in.sample" if task.pressure is None else "in.sample_npt"
    every = max(1, round(1000.0 * task.length_ps / TIMESTEP_FS / RECORDED))
    near = closest_contact(task.start, CROWDED)
    limits = Limits.around(task.temperature, 1.0, longest_bond(task.start, pairs), near)
    with tempfile.TemporaryDirectory(prefix="decant-") as name:
        directory = Path(name)
        for file in (script, "setup.lammps", "production.lammps"):
            shutil.copyfile(inputs_directory() / file, directory / file)
        potential, box, more = _written(task, directory, pairs)
        values = {
            "potential": "potential", "temperature": task.temperature, "timestep": TIMESTEP_FS / 1000.0,
            "steps": every * RECORDED, "dump_every": every, "restart_every": 2 * every * RECORDED,
            "seed": task.seed % 900_000_000 + 1, **limits.variables(), "min_density": 0.0, "max_density": 1e6, **more,
        }  # fmt: skip
        arguments = ["-log", "none", "-in", script, *variables(values)]
        outcome = launch(arguments, 1, directory, plugin=potential.plugin)
        if outcome.code != 0 and outcome.stop is None:
            raise ProgramFailed(f"driver '{task.driver}': LAMMPS failed while sampling: {outcome.reason()}")
        return [task.start, *_read_frames(directory / "trajectory.0.dcd", task, box)]


def _written(task: Sampling, directory: Path, pairs: np.ndarray) -> tuple[Potential, LammpsBox, dict[str, object]]:
    """Write the data file of a start, and the potential beside it; return that, the box and more LAMMPS variables."""
    more: dict[str, object] = {} if task.pressure is None else {"pressure": task.pressure}
    data, link = directory / "system.data", directory / "potential"
    if task.driver in METHODS:
        scale = (task.settings or {}).get("ion_charge_scale", 1.0)
        system = molecular_system(placed_molecules(task.start), scale)
        box = write_system(data, task.start, replace(system, mol_id=renumbered(task.start.arrays["mol_id"])))
        return write_force_field(link, system, scale), box, {**more, "atom_style": ATOM_STYLE}
    potential = Potential.open(Path(task.driver.removeprefix(POTENTIAL)))
    link.symlink_to(potential.path.resolve())
    write_contacts(directory, potential.elements)
    box = write_data(data, task.start, potential.elements, pairs, task.start.arrays["mol_id"])
    return potential, box, {**more, "contacts": "yes"}


def _read_frames(path: Path, task: Sampling, box: LammpsBox) -> list[Atoms]:
    """Return the frames of a DCD file in the orientation of the start; with a pressure, each in its own cell."""
    if not path.is_file() or read_segment(path) is None:
        return []
    from MDAnalysis.coordinates.DCD import DCDReader

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of copies; we make our own
        with DCDReader(str(path)) as reader:
            found = [
                (box.vectors_from_lammps(step.positions.astype(float)), float(step.dimensions[0])) for step in reader
            ]
    frames = [(_moved(task.start, positions), length) for positions, length in found if np.isfinite(positions).all()]
    if task.pressure is not None:
        for atoms, length in frames:
            atoms.set_cell(atoms.cell.array * (length / box.cell[0, 0]))  # the barostat scales all directions alike
            atoms.info["density_g_cm3"] = density(atoms)
    return [atoms for atoms, _ in frames]


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
    atoms.calc = calculator(labeler(task.driver, task.settings))
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
