"""One segment of a run: LAMMPS from a restart file, or from the start, towards the end; and how it ended."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from decant.foundation.errors import InputError, ProgramFailed
from decant.foundation.files import write_yaml
from decant.foundation.progress import Progress
from decant.foundation.units import PS_PER_NS, SECONDS_PER_DAY
from decant.lammps.contacts import CONTACTS
from decant.lammps.launch import Outcome, launch, variables
from decant.lammps.launcher import device_of
from decant.lammps.observe import OBSERVE
from decant.lammps.restart import newest_restart, whole_restarts
from decant.lammps.trajectory import cut, set_timestep
from decant.simulation.description import DESCRIPTION
from decant.simulation.force_field import ATOM_STYLE
from decant.simulation.run import POTENTIAL, STATUS, Run
from decant.simulation.stop import stop_message

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


def segments(run: Run) -> int:
    """Return how many segments a run has so far."""
    return len(run.segment_files("equilibration", "log"))


def run_segment(run: Run, plugin: str, lock: int, resources: Resources) -> None:
    """Run LAMMPS from the last restart, or from the start, to the end; record how it ended.

    Parameters
    ----------
    run
        The run, held by this process.
    plugin
        The LAMMPS plugin that its potential needs.
    lock
        Descriptor of the lock on its directory, which LAMMPS keeps if this process is killed.
    resources
        On what to run it, and for how long.

    Raises
    ------
    InputError
        If frames are lost that no restart file brings back, or the launcher does not fit.
    ProgramFailed
        If LAMMPS failed for another reason than an unstable system.
    """
    number = segments(run)
    restart = _restart(run)
    for file in run.segment_files("trajectory", "dcd"):
        cut(file, restart[1] if restart else 0)  # this segment writes these frames again
    write_yaml(run.path / STATUS, {"state": "running", "segment": number})
    arguments = ["-log", "none", "-in", f"in.{run.description.ensemble}"]
    values = _lammps_variables(run, number, restart[0].suffix.lstrip(".") if restart else "none")
    values["walltime"] = resources.walltime()
    first = restart[1] if restart else 0
    try:
        with Progress("simulate", run.description.production_steps, "steps") as progress:
            outcome = launch(
                [*arguments, *variables(values)],
                resources.ranks,
                run.path,
                threads=resources.threads,
                plugin=plugin,
                on_row=_Narrator(run, progress, first),
                keep_open=(lock,),
                more_environment=device_of(resources.gpus),
                launcher=resources.launcher,
                gpus=resources.gpus,
            )
    except KeyboardInterrupt:
        message = "interrupted; the same command continues it"
        write_yaml(run.path / STATUS, {"state": "interrupted", "segment": number, "message": message})
        raise
    finally:
        for file in run.segment_files("trajectory", "dcd") if run.path.is_dir() else ():
            set_timestep(file, run.description.timestep_ps)
    _conclude(run, outcome, number, resources.launcher)


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
            " crash of the machine); give another `output`, or remove restart.* to begin this run anew"
        )
    return usable[0] if usable else None


def _lammps_variables(run: Run, segment: int, restart: str) -> dict[str, object]:
    """Return the variables of lammps_inputs/setup.lammps for one segment of a run."""
    description = run.description
    if description.guards is None:
        raise InputError(f"{run.path / DESCRIPTION}: the key 'guards' is missing; give another `output`")
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
        "contacts": "yes" if (run.path / CONTACTS).is_file() else "no",
        "observe": "yes" if (run.path / OBSERVE).is_file() else "no",
        **({} if description.method is None else {"atom_style": ATOM_STYLE}),
        **({} if description.is_minimised else {"minimise_steps": 0}),
        **description.guards.variables(),
    }


class _Narrator:
    """Turns thermodynamic rows into the live line: first of the equilibration, then of the production."""

    def __init__(self, run: Run, progress: Progress, first: int):
        self.run, self.progress = run, progress
        self.first: dict[str, float] | None = None
        if first < run.description.equilibration_steps:
            progress.begin("equilibrate", run.description.equilibration_steps, first)
        else:
            progress.begin("simulate", run.description.production_steps, first - run.description.equilibration_steps)

    def __call__(self, row: dict[str, float]) -> None:
        if row["temperature_K"] == 0.0:  # no velocities yet
            self.progress.update(0, f"minimising, {row['potential_energy_eV']:.3f} eV")
            return
        description, step = self.run.description, row["step"] - self.run.description.equilibration_steps
        if step >= 0 and self.progress.stage == "equilibrate":
            self.progress.update(description.equilibration_steps)
            self.progress.close()
            self.progress.begin("simulate", description.production_steps)
        if self.first is None or row["cpu_s"] < self.first["cpu_s"] or row["step"] < self.first["step"]:
            self.first = row  # each LAMMPS `run` counts its seconds anew
        seconds, steps = row["cpu_s"] - self.first["cpu_s"], row["step"] - self.first["step"]
        speed = steps * description.timestep_ps / PS_PER_NS / seconds * SECONDS_PER_DAY if seconds > 0 else 0.0
        _, time = description.phase_of(row["step"])
        state = f"{row['temperature_K']:.0f} K, {row['density_g_cm3']:.3f} g/cm3"
        done = step if step >= 0 else row["step"]
        self.progress.update(done, f"{time:.2f} ps, {state}, {speed:.3g} ns/day")


def _conclude(run: Run, outcome: Outcome, segment: int, launcher: str | None) -> None:
    """Record how LAMMPS ended.

    Raises
    ------
    InputError
        If its directory was removed.
    ProgramFailed
        If it failed for another reason than an unstable system.
    """
    if not (run.path / DESCRIPTION).is_file():
        raise InputError(f"{run.path}: was removed while LAMMPS ran in it; the same command begins anew")
    stop, last, end = outcome.stop, int(outcome.last_row.get("step", 0)), run.description.end
    if stop is None and outcome.code != 0 and outcome.error is None and run.description.guards is not None:
        stop = run.description.guards.passed(outcome.last_row)  # what a rank said last may be lost with the others
    status: dict[str, Any] = {"state": "completed", "segment": segment}
    if stop is not None:
        phase, time = run.description.phase_of(stop.step)
        status |= {
            "state": "stopped",
            "guard": stop.guard,
            "phase": phase,
            "step": stop.step,
            "time_ps": round(time, 6),
            "value": stop.value,
            "message": stop_message(run, stop, launcher),
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
        write_yaml(run.path / STATUS, {"state": "interrupted", "segment": segment, "message": message})
        raise ProgramFailed(f"{run.path}: {message}; see its .log files; the same command continues the run")
    write_yaml(run.path / STATUS, {**status, **{key: round(float(v), 4) for key, v in run.performance().items()}})
