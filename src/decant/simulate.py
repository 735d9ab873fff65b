"""Molecular dynamics of a packed liquid in LAMMPS: started, continued, watched, and its end recorded."""

from __future__ import annotations

import hashlib
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from decant.errors import InputError
from decant.files import read_yaml, write_yaml
from decant.lammps.command import command
from decant.lammps.data import atom_types, write_data
from decant.lammps.guards import Limits
from decant.lammps.launch import Outcome, launch, variables
from decant.lammps.restart import newest_restart
from decant.lammps.trajectory import cut
from decant.molecules import Molecule, parse_liquid, solvent_table
from decant.progress import Progress
from decant.run import SECONDS_PER_DAY, Run, locked

ENSEMBLES = ("npt", "nvt", "nve")
SHARED_INPUTS = ("setup.lammps", "production.lammps")
UNITS_PS = {"fs": 1e-3, "ps": 1.0, "ns": 1e3}
FRAME_INTERVAL_PS, ROW_INTERVAL_PS, RESTART_INTERVAL_PS = 0.1, 0.01, 1.0
LEAST_FRAMES, LEAST_RESTARTS = 100, 10
FREE_TO_CHANGE = ("potential", "ranks", "threads")
"""Keys of run.yaml in which a continued run may differ: they do not change what is simulated."""


@dataclass(frozen=True)
class Protocol:
    """What to simulate.

    Attributes
    ----------
    potential
        Folder of an exported potential.
    liquid
        Composition, for example ``"EC:4,EMC:8"``.
    copies
        How many times the composition goes into the box.
    ensemble
        npt, nvt or nve.
    temperature, pressure
        K and bar; in NVE the temperature is that of the equilibration.
    length_ps, equilibration_ps
        Length of the production, and of the equilibration before it (a quarter of the production if None).
    density
        Density of the packed start, g/cm3; None for that of the pure solvents, mixed without change of volume.
    timestep_fs
        Time step.
    seed
        Seed of the packing, the velocities and the Langevin forces.
    """

    potential: Path
    liquid: str
    copies: int = 1
    ensemble: str = "npt"
    temperature: float = 298.0
    pressure: float = 1.0
    length_ps: float = 20.0
    equilibration_ps: float | None = None
    density: float | None = None
    timestep_fs: float = 0.5
    seed: int = 1


def parse_length(text: str) -> float:
    """Return the length in ps of a text such as ``20ps``, ``0.5 ns`` or ``200fs``.

    Raises
    ------
    InputError
        If it is not a positive number with one of these units.
    """
    match = re.fullmatch(r"\s*(\d+\.?\d*|\.\d+)\s*(fs|ps|ns)\s*", str(text))
    if not match or float(match[1]) <= 0:
        raise InputError(f"length '{text}': expected a positive number with unit fs, ps or ns, for example 20ps")
    return float(match[1]) * UNITS_PS[match[2]]


def inputs_directory() -> Path:
    """Return the folder of LAMMPS inputs: in the installed package, or at the top of a source checkout."""
    package = Path(__file__).parent
    for folder in (package / "lammps_inputs", package.parents[1] / "lammps_inputs"):
        if (folder / "in.npt").is_file():
            return folder
    raise InputError(f"{package}: the LAMMPS inputs (lammps_inputs/in.npt) are missing; reinstall decant-mlip")


def simulate(protocol: Protocol, output: Path, ranks: int = 1, threads: int = 1) -> Run:
    """Run a protocol in a directory, or what is left of it.

    A finished run is left as it is, an interrupted one goes on from its last whole restart file. A guard that fires
    ends the run; that is a result, found in the run's status.

    Parameters
    ----------
    protocol
        What to simulate.
    output
        Run directory, made if missing.
    ranks, threads
        MPI ranks, and OpenMP threads of each.

    Returns
    -------
    Run
        Completed or stopped.

    Raises
    ------
    InputError
        If a setting is wrong, the potential does not know an element, the directory holds something else or a run
        with other settings or is in use, or LAMMPS failed.
    """
    command([], ranks)  # an impossible rank count is known before any file is written
    spec = specification(protocol, ranks, threads)
    output = Path(output)
    _require_free_or_run(output)
    with locked(output) as lock:
        if (output / "run.yaml").is_file():
            run = Run.open(output)
            _require_same(run, spec)
            if run.spec["ranks"] != ranks or run.spec["threads"] != threads:
                write_yaml(output / "run.yaml", {**run.spec, "ranks": ranks, "threads": threads})
                run = Run.open(output)
        else:
            run = _prepare(output, spec)
        recorded = read_yaml(output / "status.yaml") if (output / "status.yaml").is_file() else {}
        if recorded.get("state") not in ("completed", "stopped"):
            _segment(run, protocol.potential, lock)
    return run


def specification(protocol: Protocol, ranks: int, threads: int) -> dict[str, Any]:
    """Return the content of run.yaml for a protocol, every default resolved.

    Raises
    ------
    InputError
        If a setting is wrong or the potential does not know an element; a range trained on is only warned about.
    """
    from decant.potential import Potential

    _require_sensible(protocol)
    potential = Potential.open(protocol.potential)
    liquid = [(solvent, count * protocol.copies) for solvent, count in parse_liquid(protocol.liquid)]
    atom_types([symbol for solvent, _ in liquid for symbol in solvent.symbols], potential.elements)
    density = protocol.density or mixture_density(liquid)
    _warn_outside_training(potential.card, protocol.temperature, density)
    steps = round(protocol.length_ps / protocol.timestep_fs * 1000.0)
    frame_every, row_every, restart_every = intervals(steps, protocol.timestep_fs)
    equilibration = protocol.length_ps / 4 if protocol.equilibration_ps is None else protocol.equilibration_ps
    # the first frame of the production is its very start, so the equilibration is a whole number of frames
    equilibration_steps = max(1, round(equilibration / protocol.timestep_fs * 1000.0 / frame_every)) * frame_every
    return {
        "potential": str(protocol.potential),
        "potential_sha256": potential_hash(protocol.potential),
        "elements": list(potential.elements),
        "liquid": protocol.liquid,
        "copies": protocol.copies,
        "species": [[solvent.name, count] for solvent, count in liquid],
        "atoms": sum(len(solvent.symbols) * count for solvent, count in liquid),
        "ensemble": protocol.ensemble,
        "temperature_K": protocol.temperature,
        "pressure_bar": protocol.pressure,
        "start_density_g_cm3": round(density, 4),
        "length_ps": protocol.length_ps,
        "timestep_fs": protocol.timestep_fs,
        "production_steps": steps,
        "equilibration_steps": equilibration_steps,
        "dump_every": frame_every,
        "thermo_every": row_every,
        "restart_every": restart_every,
        "seed": protocol.seed,
        "ranks": ranks,
        "threads": threads,
    }


def intervals(steps: int, timestep_fs: float) -> tuple[int, int, int]:
    """Return the steps between frames, thermodynamic rows and restart files of a production of `steps` steps.

    Restarts fall on frames, so that a continued trajectory has no gap.
    """
    per_ps = 1000.0 / timestep_fs
    frame = max(1, min(round(FRAME_INTERVAL_PS * per_ps), steps // LEAST_FRAMES))
    row = max(1, min(round(ROW_INTERVAL_PS * per_ps), frame))
    restart = max(1, min(round(RESTART_INTERVAL_PS * per_ps), steps // LEAST_RESTARTS) // frame) * frame
    return frame, row, restart


def mixture_density(liquid: list[tuple[Molecule, int]]) -> float:
    """Return the density of an ideal mixture of the pure solvents, g/cm3; 1.0 for a solvent of unknown density."""
    table = solvent_table()
    masses = np.array([solvent.molar_mass * count for solvent, count in liquid])
    pure = np.array([table.get(solvent.name, {}).get("density_g_cm3") or 1.0 for solvent, _ in liquid])
    return float(masses.sum() / (masses / pure).sum())


def potential_hash(folder: Path) -> str:
    """Return the SHA-256 over what LAMMPS reads of a potential: its model file and pair.lammps."""
    digest = hashlib.sha256()
    for file in sorted([*Path(folder).glob("model.*"), Path(folder) / "pair.lammps"]):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _require_sensible(protocol: Protocol) -> None:
    if protocol.ensemble not in ENSEMBLES:
        raise InputError(f"--ensemble {protocol.ensemble}: expected one of {', '.join(ENSEMBLES)}")
    for name, value in (
        ("--copies", protocol.copies),
        ("--temperature", protocol.temperature),
        ("--timestep", protocol.timestep_fs),
        ("--density", 1.0 if protocol.density is None else protocol.density),
    ):
        if not value > 0:
            raise InputError(f"{name} {value}: expected a positive number")
    path = str(Path(protocol.potential).resolve())
    if len(path.split()) != 1 or "$" in path:
        raise InputError(f"{path}: LAMMPS cannot read a path with blanks or '$'; move the potential")
    if protocol.length_ps * 1000.0 < protocol.timestep_fs:
        raise InputError(f"--length {protocol.length_ps} ps: shorter than one time step of {protocol.timestep_fs} fs")


def _warn_outside_training(card: dict[str, Any], temperature: float, density: float) -> None:
    """Say on standard error if the conditions lie outside the range that the potential was trained on."""
    training = card.get("data") or {}  # null for a bare model file
    for key, value, unit in (("temperature_K", temperature, "K"), ("density_g_cm3", density, "g/cm3")):
        low, high = training.get(key) or (value, value)
        if not low <= value <= high:
            print(
                f"decant: warning: {key.split('_')[0]} {value:.4g} {unit} is outside the range that the potential was"
                f" trained on ({low:.4g} to {high:.4g} {unit})",
                file=sys.stderr,
            )


def _require_free_or_run(output: Path) -> None:
    """Refuse a directory that holds something else than a run."""
    if output.exists() and not output.is_dir():
        raise InputError(f"{output}: is a file; expected a run directory")
    own = {"run.lock", "system.data", *SHARED_INPUTS, *(f"in.{ensemble}" for ensemble in ENSEMBLES)}
    if output.is_dir() and not (output / "run.yaml").is_file():
        foreign = sorted(file.name for file in output.iterdir() if file.name not in own)
        if foreign:
            raise InputError(f"{output}: holds {foreign[0]} but no run.yaml; give an empty or new directory to -o")


def _require_same(run: Run, spec: dict[str, Any]) -> None:
    """Refuse to continue a run that was made with other settings."""
    for key, value in spec.items():
        if key not in FREE_TO_CHANGE and run.spec.get(key) != value:
            raise InputError(
                f"{run.path}: was made with {key}={run.spec.get(key)}, not {value};"
                " give the same settings to continue it, or another -o"
            )


def _prepare(output: Path, spec: dict[str, Any]) -> Run:
    """Pack the liquid and write everything that LAMMPS needs; run.yaml comes last and makes it a run."""
    from decant.configurations.packing import pack

    liquid = [(solvent, count * spec["copies"]) for solvent, count in parse_liquid(spec["liquid"])]
    atoms = pack(liquid, spec["start_density_g_cm3"], spec["seed"])
    bonds, mol_id = connectivity(liquid)
    write_data(output / "system.data", atoms, spec["elements"], bonds, mol_id)
    for name in (f"in.{spec['ensemble']}", *SHARED_INPUTS):
        shutil.copyfile(inputs_directory() / name, output / name)
    limits = Limits.around(spec["temperature_K"], spec["start_density_g_cm3"], longest_bond(atoms, bonds))
    write_yaml(output / "run.yaml", {**spec, "guards": vars(limits)})
    return Run.open(output)


def connectivity(liquid: list[tuple[Molecule, int]]) -> tuple[np.ndarray, np.ndarray]:
    """Return the bonds, shape (k, 2), and the molecule of each atom, shape (n,), of a packed liquid."""
    bonds, mol_id, first = [np.empty((0, 2), dtype=int)], [], 0
    molecules = [solvent for solvent, count in liquid for _ in range(count)]
    for index, solvent in enumerate(molecules):
        bonds.append(solvent.bonds + first)
        mol_id += [index] * len(solvent.symbols)
        first += len(solvent.symbols)
    return np.concatenate(bonds), np.array(mol_id, dtype=int)


def longest_bond(atoms: Atoms, bonds: np.ndarray) -> float:
    """Return the length of the longest bond, angstrom; 0 if there is none."""
    from ase.geometry import find_mic

    if not len(bonds):
        return 0.0
    vectors = atoms.positions[bonds[:, 1]] - atoms.positions[bonds[:, 0]]
    return float(find_mic(vectors, atoms.cell, atoms.pbc)[1].max())


def _segment(run: Run, potential: Path, lock: int) -> None:
    """Run LAMMPS from the last restart, or from the start, to the end; record how it ended."""
    number = len(run.segment_files("equilibration", "log"))
    restart = newest_restart(run.path)
    for file in run.segment_files("trajectory", "dcd"):
        cut(file, restart[1] if restart else 0)  # this segment writes these frames again
    write_yaml(run.path / "status.yaml", {"state": "running", "segment": number})
    arguments = ["-log", "none", "-in", f"in.{run.spec['ensemble']}"]
    values = _lammps_variables(run, potential, number, restart[0].suffix.lstrip(".") if restart else "none")
    end = run.spec["equilibration_steps"] + run.spec["production_steps"]
    first = restart[1] if restart else 0
    try:
        with Progress("simulate", end, "steps", done=first) as progress:
            outcome = launch(
                [*arguments, *variables(values)],
                run.spec["ranks"],
                run.path,
                threads=run.spec["threads"],
                on_row=_Narrator(run, progress),
                keep_open=(lock,),
            )
    except KeyboardInterrupt:
        message = "interrupted; the same command continues it"
        write_yaml(run.path / "status.yaml", {"state": "interrupted", "segment": number, "message": message})
        raise
    _conclude(run, outcome, end, number)


def _lammps_variables(run: Run, potential: Path, segment: int, restart: str) -> dict[str, object]:
    """Return the variables of lammps_inputs/setup.lammps for one segment of a run."""
    spec = run.spec
    return {
        "potential": Path(potential).resolve(),
        "data": "system.data",
        "restart": restart,
        "segment": segment,
        "temperature": spec["temperature_K"],
        "pressure": spec["pressure_bar"],
        "timestep": run.timestep_ps,
        "equilibration": spec["equilibration_steps"],
        "steps": spec["production_steps"],
        # LAMMPS wants a positive seed; a continuation must not repeat the random forces of the segment before it
        "seed": (spec["seed"] + 1 + 7919 * segment) % 900_000_000 + 1,
        "thermo_every": spec["thermo_every"],
        "dump_every": spec["dump_every"],
        "restart_every": spec["restart_every"],
        **Limits(**spec["guards"]).variables(),
    }


class _Narrator:
    """Turns thermodynamic rows into the live line."""

    def __init__(self, run: Run, progress: Progress):
        self.run, self.progress = run, progress
        self.first: dict[str, float] | None = None

    def __call__(self, row: dict[str, float]) -> None:
        if row["temperature_K"] == 0.0:  # no velocities yet
            self.progress.update(0, f"minimising, {row['potential_energy_eV']:.3f} eV")
            return
        if self.first is None or row["cpu_s"] < self.first["cpu_s"] or row["step"] < self.first["step"]:
            self.first = row  # each LAMMPS `run` counts its seconds anew
        seconds, steps = row["cpu_s"] - self.first["cpu_s"], row["step"] - self.first["step"]
        speed = steps * self.run.timestep_ps / 1000.0 / seconds * SECONDS_PER_DAY if seconds > 0 else 0.0
        time = (row["step"] - self.run.spec["equilibration_steps"]) * self.run.timestep_ps
        phase = "equilibrating" if time < 0 else "producing"
        state = f"{row['temperature_K']:.0f} K, {row['density_g_cm3']:.3f} g/cm3"
        self.progress.update(row["step"], f"{phase}, {time:.2f} ps, {state}, {speed:.3g} ns/day")


def _conclude(run: Run, outcome: Outcome, end: int, segment: int) -> None:
    """Record how LAMMPS ended.

    Raises
    ------
    InputError
        If it failed for another reason than an unstable system.
    """
    stop, last = outcome.stop, int(outcome.last_row.get("step", 0))
    status: dict[str, Any] = {"state": "completed", "segment": segment}
    if stop is not None:
        time = (stop.step - run.spec["equilibration_steps"]) * run.timestep_ps
        status |= {
            "state": "stopped",
            "guard": stop.guard,
            "phase": "equilibration" if time < 0 else "production",
            "step": stop.step,
            "time_ps": round(time, 6),
            "value": stop.value,
            "message": stop.message,
        }
    elif outcome.code != 0 or last < end:
        message = f"LAMMPS ended early: {outcome.reason()}"
        write_yaml(run.path / "status.yaml", {"state": "interrupted", "segment": segment, "message": message})
        raise InputError(f"{run.path}: {message}; see its .log files; the same command continues the run")
    write_yaml(
        run.path / "status.yaml", {**status, **{key: round(float(v), 4) for key, v in run.performance().items()}}
    )
