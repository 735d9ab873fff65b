"""Molecular dynamics of a liquid."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from decant.foundation.errors import InputError, warn
from decant.foundation.settings import count
from decant.foundation.units import duration, parse_length
from decant.molecules.composition import counted
from decant.molecules.electrolyte import Solution
from decant.molecules.liquid import composition_name
from decant.potentials.potential import Potential
from decant.simulation.caveats import caveats
from decant.simulation.protocol import Protocol
from decant.simulation.run import Run
from decant.simulation.simulate import simulate as simulated
from decant.simulation.start import source
from decant.verbs.arguments import Location, checked, path


def along_each_vector(given: Any) -> tuple[int, int, int]:
    """Return the copies of a box along its three cell vectors."""
    if len(given) != 3 or min(given) < 1:
        raise InputError(f"expected three positive whole numbers, for example (3, 3, 3), not {tuple(given)}")
    one, two, three = given
    return one, two, three


@checked(
    molecules=count(1), copies=count(1), replicate=along_each_vector, seed=count(0), threads=count(1), gpus=count(0)
)
def simulate(
    output: Location,
    potential: Location | None = None,
    *,
    method: str | None = None,
    ion_charge_scale: float | None = None,
    liquid: str | None = None,
    molecules: int | None = None,
    by: str = "mole",
    salt: str | None = None,
    molality: float | None = None,
    molarity: float | None = None,
    copies: int = 1,
    start: Location | None = None,
    replicate: Sequence[int] = (1, 1, 1),
    ensemble: str = "npt",
    temperature: float | None = None,
    pressure: float | None = None,
    length: str = "20ps",
    equilibration: str | None = None,
    density: float | None = None,
    timestep: float | None = None,
    dump_every: str | None = None,
    thermo_every: str | None = None,
    restart_every: str | None = None,
    trajectory: str = "all",
    rdf_cutoff: float | None = None,
    viscosity: bool = False,
    seed: int = 1,
    ranks: int = 1,
    threads: int = 1,
    gpus: int = 0,
    launcher: str | None = None,
    walltime: str | None = None,
) -> Run:
    """Run molecular dynamics of a liquid in LAMMPS; the same call continues an interrupted run.

    A run that goes wrong (temperature, density, a stretched bond) is stopped by a guard: a result, found in
    `Run.status`, as is how far a run came whose time was over.

    Parameters
    ----------
    output
        Run directory.
    potential, method, ion_charge_scale
        Folder of `export`; or a reference method that LAMMPS computes (``openff``), and a factor on charges of ions.
    liquid, molecules, by
        Composition, ``"EC:4,EMC:8"``; with `molecules` a ratio by mole, mass or volume.
    salt, molality, molarity
        Salt, with mol in a kg of solvent or in a litre of the solution.
    copies
        How many times the composition goes into the box.
    start, replicate
        Directory of a run whose last frame, copied along each cell vector, is the start instead of a packed liquid.
    ensemble, temperature, pressure
        npt, nvt or nve; 298 K and 1 bar, or those of `start`.
    length, equilibration
        Times with a unit; the equilibration is a quarter of the production by default.
    density
        Of the packed start, g/cm3; by default that of the mixed solvents.
    timestep
        fs; 0.5, or that of `start`.
    dump_every, thermo_every, restart_every
        Times between frames, rows and restart files.
    trajectory, rdf_cutoff
        Atoms in the trajectory (all, centres, a species, none), and how far RDF on the fly reach, angstrom.
    viscosity
        Whether the stress is written for a Green-Kubo viscosity.
    seed
        Of packing, velocities and Langevin forces.
    ranks, threads, gpus, launcher
        MPI ranks, OpenMP threads of each, GPUs of a node, and the launcher's command line.
    walltime
        Stop in time with a restart file; by default at the end of a Slurm job.

    Raises
    ------
    InputError
        If a setting is wrong, or the directory holds something else.
    ProgramFailed
        If LAMMPS failed; the same call continues the run.
    """
    boxes, origin = along_each_vector(replicate), path(start)
    given = {
        "potential": path(potential), "method": method,
        "liquid": by_counts(liquid, molecules, Solution(by, salt, molality, molarity), density),
        "copies": copies if start is None or copies != 1 else None, "temperature": temperature, "pressure": pressure,
        "timestep_fs": timestep, "ion_charge_scale": ion_charge_scale,
    }  # fmt: skip
    protocol = Protocol(
        **system(given, origin, boxes),
        ensemble=ensemble,
        length_ps=parse_length(length),
        equilibration_ps=_ps(equilibration),
        density=density,
        seed=seed,
        start=origin,
        replicate=boxes,
        dump_ps=_ps(dump_every),
        thermo_ps=_ps(thermo_every),
        restart_ps=_ps(restart_every),
        trajectory=trajectory,
        rdf_cutoff=rdf_cutoff,
        viscosity=viscosity,
    )
    if protocol.potential is not None:
        for sentence in caveats(Potential.open(protocol.potential), protocol.liquid):
            warn(sentence)
    return simulated(protocol, Path(output), ranks, threads, launcher, gpus, end_of_time(walltime))


def _ps(length: str | None) -> float | None:
    return None if length is None else parse_length(length)


def by_counts(liquid: str | None, molecules: int | None, solution: Solution, density: float | None) -> str | None:
    """Return a composition by counts; that of an electrolyte is told."""
    if liquid is None:
        if molecules is not None or solution != Solution():
            raise InputError("`molecules`, `by` and `salt` are of a `liquid`, and none is given")
        return None
    found = counted(liquid, molecules, solution, density)
    if isinstance(found, str):
        return found
    print(found.told)
    return composition_name(found.composition)


def system(given: dict[str, Any], start: Path | None, boxes: tuple[int, int, int]) -> dict[str, Any]:
    """Return what is given and the run to start from say together of a system."""
    given = {key: value for key, value in given.items() if value is not None}
    if start is not None:
        for key in ("liquid", "copies"):
            if key in given:
                raise InputError(f"`{key}`: the liquid is that of `start` {start}; leave one of the two out")
        found = source(start, boxes)
        for one, other in (("potential", "method"), ("method", "potential")):
            if one in given:  # another than that of the run
                found.pop(other, None)
                found.pop("ion_charge_scale", None)
        return {"potential": None, **found, **given}
    if boxes != (1, 1, 1):
        raise InputError(
            "`replicate`: copies the box of another run, give it with `start`; `copies` makes a larger box"
        )
    if {"potential", "method"} <= given.keys():
        raise InputError(f"`method` {given['method']} and the potential {given['potential']}: leave one of the two out")
    wanted = () if "method" in given else (("potential", "the folder of a potential, or `method` openff"),)
    for key, what in (*wanted, ("liquid", "`liquid`")):
        if key not in given:
            raise InputError(f"{what} is missing; give it, or a run to start from with `start`")
    return {"potential": None, **given}


def end_of_time(walltime: str | None) -> float | None:
    """Return the time, as of `time.time`, at which this process must have ended; None for no limit."""
    if walltime is not None:
        return time.time() + duration(walltime)
    job, end = os.environ.get("SLURM_JOB_ID", ""), os.environ.get("SLURM_JOB_END_TIME", "")
    if job and not end and shutil.which("squeue"):  # Slurm tells it since 23.02, and a job step may not hear of it
        command = ["squeue", "--noheader", "--job", job, "--format", "%e"]
        environment = {**os.environ, "SLURM_TIME_FORMAT": "%s"}
        end = subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stdout.strip()
    return float(end) if end.isdigit() else None
