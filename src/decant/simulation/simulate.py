"""Molecular dynamics of a liquid in LAMMPS: started, continued, watched, and its end recorded."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from decant.foundation.errors import InputError
from decant.foundation.files import read_yaml, write_beside, write_yaml
from decant.foundation.locks import locked
from decant.foundation.progress import Progress
from decant.foundation.units import PS_PER_NS, SECONDS_PER_DAY
from decant.lammps.command import command
from decant.lammps.data import atom_types, write_data
from decant.lammps.guards import Limits
from decant.lammps.inputs import inputs_directory
from decant.lammps.launch import Outcome, launch, variables
from decant.lammps.observe import OBSERVE
from decant.lammps.restart import newest_restart, whole_restarts
from decant.lammps.trajectory import cut
from decant.potentials.potential import Potential
from decant.simulation.description import DESCRIPTION, ENSEMBLES, SAMPLING, RunDescription
from decant.simulation.protocol import Protocol, describe
from decant.simulation.run import POTENTIAL, Run
from decant.simulation.start import starting

SHARED_INPUTS = ("setup.lammps", "production.lammps")
FREE_TO_CHANGE = ("potential", "ranks", "threads")
"""Keys of run.yaml in which a continued run may differ: they do not change what is simulated."""
LENGTHS = ("length_ps", "production_steps")
FOLLOW_LENGTH = ("equilibration_steps", "dump_every", "thermo_every", "restart_every")
"""Keys of run.yaml that make a run longer, and those that a longer one keeps from what it was."""
LARGEST_MARGIN_S, MARGIN = 300.0, 0.1
"""Part of a walltime that is kept for the start and for writing the last restart file, and its largest value."""


@dataclass(frozen=True)
class Resources:
    """On what a run runs, and for how long.

    Attributes
    ----------
    ranks, threads
        MPI ranks, and OpenMP threads of each.
    launcher
        Name or command line of the MPI launcher; see `decant.lammps.launcher`.
    gpus
        GPUs of a node, of which each rank gets one; 0 leaves it to the pair style.
    until
        Time, as of `time.time`, at which the command must have ended; None for no limit.
    """

    ranks: int = 1
    threads: int = 1
    launcher: str | None = None
    gpus: int = 0
    until: float | None = None

    def walltime(self) -> str:
        """Return the seconds that LAMMPS may run from now on, for its ``timer timeout``."""
        if self.until is None:
            return "off"
        left = self.until - time.time()
        return str(max(1, int(left - min(LARGEST_MARGIN_S, MARGIN * left))))


def simulate(
    protocol: Protocol,
    output: Path,
    ranks: int = 1,
    threads: int = 1,
    launcher: str | None = None,
    gpus: int = 0,
    until: float | None = None,
) -> Run:
    """Run a protocol in a directory, or what is left of it.

    A finished run is left as it is, or made longer if the protocol is; an interrupted one goes on from its last whole
    restart file. A guard that fires ends the run; that is a result, found in the run's status. A run that is out of
    time has the status interrupted, and the same call continues it.

    Parameters
    ----------
    protocol
        What to simulate.
    output
        Run directory, made if missing.
    ranks, threads, launcher, gpus, until
        On what to run it and for how long; see `Resources`.

    Returns
    -------
    Run
        Completed, stopped, or interrupted at the end of its time.

    Raises
    ------
    InputError
        If a setting is wrong, the potential does not know an element, the directory holds something else or a run
        with other settings or is in use, or LAMMPS failed.
    """
    resources = Resources(ranks, threads, launcher, gpus, until)
    # an impossible rank count or launcher is known before any file is written
    command([], ranks, threads, launcher, gpus)
    potential = Potential.open(protocol.potential)
    asked = describe(protocol, potential, ranks, threads)
    output = Path(output)
    _require_free_or_run(output)
    with locked(output) as lock:
        if (output / DESCRIPTION).is_file():
            run = _continued(Run.open(output), asked)
        else:
            run = _prepare(output, asked, potential, launcher)
        recorded = read_yaml(output / "status.yaml") if (output / "status.yaml").is_file() else {}
        if recorded.get("state") not in ("completed", "stopped"):
            run = _on_ranks(run, ranks, threads)
            link_potential(output, protocol.potential)
            _segment(run, potential.algorithm, lock, resources)
    return run


def _require_free_or_run(output: Path) -> None:
    """Refuse a directory that holds something else than a run."""
    if output.exists() and not output.is_dir():
        raise InputError(f"{output}: is a file; expected a run directory")
    inputs = {*SHARED_INPUTS, *(f"in.{ensemble}" for ensemble in (*ENSEMBLES, *SAMPLING))}
    own = {"run.lock", "system.data", OBSERVE, *inputs}
    if output.is_dir() and not (output / DESCRIPTION).is_file():
        foreign = sorted(file.name for file in output.iterdir() if file.name not in own)
        if foreign:
            raise InputError(f"{output}: holds {foreign[0]} but no {DESCRIPTION}; give an empty or new directory to -o")


def _continued(run: Run, asked: RunDescription) -> Run:
    """Return a run as it goes on: as it was asked for, or longer.

    Raises
    ------
    InputError
        If it was made with other settings, or was longer.
    """
    made = run.description
    longer = asked.production_steps > made.production_steps
    free = FREE_TO_CHANGE + (LENGTHS if longer else ())
    free += FOLLOW_LENGTH if longer or made.lengthened else ()
    before = made.as_mapping()
    for key, value in asked.as_mapping().items():
        if key not in free and before.get(key) != value:
            raise InputError(
                f"{run.path}: was made with {key}={before.get(key)}, not {value};"
                " give the same settings to continue it, or another -o"
            )
    if not longer:
        return run
    run = run.described(length_ps=asked.length_ps, production_steps=asked.production_steps, lengthened=True)
    if run.status["state"] == "completed":
        write_yaml(run.path / "status.yaml", {"state": "interrupted", "message": "asked for more length"})
    return run


def _on_ranks(run: Run, ranks: int, threads: int) -> Run:
    """Return the run as it goes on: its speed counts from here if the ranks or threads are others than before."""
    if (run.description.ranks, run.description.threads) == (ranks, threads):
        return run
    return run.described(ranks=ranks, threads=threads, speed_from_segment=_segments(run))


def link_potential(output: Path, potential: Path) -> None:
    """Link the potential as ``potential`` into a run directory, by a relative path.

    LAMMPS splits a variable's text at blanks wherever it replaces it, so its inputs get this name, whatever the path.
    """
    link = output / POTENTIAL
    if link.exists() and not link.is_symlink():
        raise InputError(f"{link}: is in the way of the link to the potential; remove it")
    link.unlink(missing_ok=True)
    link.symlink_to(os.path.relpath(Path(potential).resolve(), output.resolve()), target_is_directory=True)


def _prepare(output: Path, asked: RunDescription, potential: Potential, launcher: str | None) -> Run:
    """Make the start and write everything that LAMMPS needs; run.yaml comes last and makes it a run."""
    start = starting(asked, launcher)
    density = asked.start_density_g_cm3 or round(start.density_g_cm3, 4)
    description = replace(
        asked,
        start_density_g_cm3=density,
        guards=Limits.around(asked.temperature_K, density, start.longest_bond()),
        centre_atoms=tuple(start.centre_atoms(asked.molecule_counts)) if asked.trajectory == "centres" else (),
    )
    atoms, elements = start.atoms, description.elements
    write_data(output / "system.data", atoms, elements, start.bonds)
    for name in (f"in.{description.ensemble}", *SHARED_INPUTS):
        shutil.copyfile(inputs_directory() / name, output / name)
    types = atom_types(atoms.get_chemical_symbols(), elements)
    reach = 0.0 if description.has_trajectory else potential.cutoff
    if lines := description.observation.lines(types, atoms.arrays["mol_id"], reach):
        with write_beside(output / OBSERVE) as temporary:
            temporary.write_text("\n".join([*lines, ""]), encoding="utf-8")
    description.write(output / DESCRIPTION)
    return Run(output, description)


def _segments(run: Run) -> int:
    """Return how many segments a run has so far."""
    return len(run.segment_files("equilibration", "log"))


def _segment(run: Run, plugin: str, lock: int, resources: Resources) -> None:
    """Run LAMMPS from the last restart, or from the start, to the end; record how it ended."""
    number = _segments(run)
    restart = _restart(run)
    for file in run.segment_files("trajectory", "dcd"):
        cut(file, restart[1] if restart else 0)  # this segment writes these frames again
    write_yaml(run.path / "status.yaml", {"state": "running", "segment": number})
    arguments = ["-log", "none", "-in", f"in.{run.description.ensemble}"]
    values = _lammps_variables(run, number, restart[0].suffix.lstrip(".") if restart else "none")
    values["walltime"] = resources.walltime()
    first = restart[1] if restart else 0
    try:
        with Progress("simulate", run.description.end, "steps", done=first) as progress:
            outcome = launch(
                [*arguments, *variables(values)],
                resources.ranks,
                run.path,
                threads=resources.threads,
                plugin=plugin,
                on_row=_Narrator(run, progress),
                keep_open=(lock,),
                launcher=resources.launcher,
                gpus=resources.gpus,
            )
    except KeyboardInterrupt:
        message = "interrupted; the same command continues it"
        write_yaml(run.path / "status.yaml", {"state": "interrupted", "segment": number, "message": message})
        raise
    _conclude(run, outcome, number)


def _restart(run: Run) -> tuple[Path, int] | None:
    """Return the newest whole restart file before which no frame is missing, with its step; None to begin anew.

    Raises
    ------
    InputError
        If there are only restart files of steps that the trajectory did not come to.
    """
    found = whole_restarts(run.path)
    usable = [restart for restart in found if restart[1] <= run.frames_until()]
    if found and not usable:
        file = run.segment_files("trajectory", "dcd")[-1]
        raise InputError(
            f"{file}: frames before step {found[-1][1]}, that of the oldest restart file, are lost (a full disk, or a"
            " crash of the machine); give another -o, or remove restart.* to begin this run anew"
        )
    return usable[0] if usable else None


def _lammps_variables(run: Run, segment: int, restart: str) -> dict[str, object]:
    """Return the variables of lammps_inputs/setup.lammps for one segment of a run."""
    description = run.description
    if description.guards is None:
        raise InputError(f"{run.path / DESCRIPTION}: the key 'guards' is missing; give another -o")
    return {
        "potential": POTENTIAL,
        "data": "system.data",
        "restart": restart,
        "segment": segment,
        "temperature": description.temperature_K,
        "pressure": description.pressure_bar,
        "timestep": description.timestep_ps,
        "equilibration": description.equilibration_steps,
        "steps": description.production_steps,
        # LAMMPS wants a positive seed; a continuation must not repeat the random forces of the segment before it
        "seed": (description.seed + 1 + 7919 * segment) % 900_000_000 + 1,
        "thermo_every": description.thermo_every,
        "dump_every": description.dump_every,
        "restart_every": description.restart_every,
        "trajectory": description.observation.group,
        "observe": "yes" if (run.path / OBSERVE).is_file() else "no",
        **({} if description.is_minimised else {"minimise_steps": 0}),
        **description.guards.variables(),
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
        speed = steps * self.run.description.timestep_ps / PS_PER_NS / seconds * SECONDS_PER_DAY if seconds > 0 else 0.0
        time = self.run.description.time_ps(row["step"])
        phase = "equilibrating" if time < 0 else "producing"
        state = f"{row['temperature_K']:.0f} K, {row['density_g_cm3']:.3f} g/cm3"
        self.progress.update(row["step"], f"{phase}, {time:.2f} ps, {state}, {speed:.3g} ns/day")


def _conclude(run: Run, outcome: Outcome, segment: int) -> None:
    """Record how LAMMPS ended.

    Raises
    ------
    InputError
        If it failed for another reason than an unstable system.
    """
    if not (run.path / DESCRIPTION).is_file():
        raise InputError(f"{run.path}: was removed while LAMMPS ran in it; the same command begins anew")
    stop, last, end = outcome.stop, int(outcome.last_row.get("step", 0)), run.description.end
    status: dict[str, Any] = {"state": "completed", "segment": segment}
    if stop is not None:
        time = run.description.time_ps(stop.step)
        status |= {
            "state": "stopped",
            "guard": stop.guard,
            "phase": "equilibration" if time < 0 else "production",
            "step": stop.step,
            "time_ps": round(time, 6),
            "value": stop.value,
            "message": stop.message,
        }
    elif outcome.code == 0 and outcome.out_of_time and last < end:
        restart = newest_restart(run.path)
        reached = restart[1] if restart else 0
        message = f"out of time at step {reached} of {end}; the same command continues it"
        status |= {"state": "interrupted", "message": message}
    elif outcome.code != 0 or last < end or run.frames_until() <= end:
        message = f"LAMMPS ended early: {outcome.reason()}"
        if outcome.code == 0 and last >= end:
            message = "the last frames are missing in the trajectory (is the disk full?)"
        write_yaml(run.path / "status.yaml", {"state": "interrupted", "segment": segment, "message": message})
        raise InputError(f"{run.path}: {message}; see its .log files; the same command continues the run")
    write_yaml(
        run.path / "status.yaml", {**status, **{key: round(float(v), 4) for key, v in run.performance().items()}}
    )
