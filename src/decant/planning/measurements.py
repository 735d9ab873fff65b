"""Measured speeds of a potential: from `decant bench`, from a finished run, or made now."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from decant.foundation.busyness import is_disturbed
from decant.foundation.errors import InputError, warn
from decant.foundation.files import read_yaml
from decant.foundation.machine import available_cores
from decant.planning import bench
from decant.planning.bench_report import as_mapping
from decant.potentials.potential import Potential
from decant.simulation.protocol import potential_hash
from decant.simulation.run import Run

SHARES = (80, 320)
"""Atoms of a rank in the short measurement that is made where none is given."""


@dataclass(frozen=True)
class Measured:
    """One measured speed.

    Attributes
    ----------
    atoms, ranks, threads
        What ran.
    slow, fast
        katom-step/s of the slowest and of the fastest run.
    source
        Where the number is from.
    cores
        Cores of the machine; 0 if not known.
    gpus
        GPUs of the machine.
    peak_MB, fixed_MB, kB_per_atom
        Memory of a rank, as `decant bench` tells it; None if it was not measured.
    density_A3
        Atoms in a cubic angstrom; None if not known.
    others_busy_cores
        Cores that other processes kept busy meanwhile; None if not known.
    device
        What it ran on, ``"cpu"`` or as ``DECANT_DEVICE`` names it; None if the pair style chooses for itself.
    """

    atoms: int
    ranks: int
    threads: int
    slow: float
    fast: float
    source: str
    cores: int = 0
    gpus: int = 0
    peak_MB: float | None = None
    fixed_MB: float | None = None
    kB_per_atom: float | None = None
    density_A3: float | None = None
    others_busy_cores: float | None = None
    device: str | None = None

    @property
    def is_disturbed(self) -> bool:
        """Whether others took cores that it needed, so that it is too slow."""
        return is_disturbed(self.ranks * self.threads, self.cores, self.others_busy_cores)

    @property
    def own(self) -> float:
        """Atoms of a rank."""
        return self.atoms / self.ranks

    def step_s(self, katom_step_per_s: float) -> float:
        """Return the seconds of a step at one of the speeds."""
        return self.atoms / (1000.0 * katom_step_per_s)


def from_bench(path: Path, potential: Potential) -> list[Measured]:
    """Return what `decant bench` measured of a potential.

    Raises
    ------
    InputError
        If the file is none of a bench or does not have the potential.
    """
    path = path / "bench.yaml" if path.is_dir() else path
    content = read_yaml(path)
    results = content.get("results")
    if not isinstance(results, list) or "machine" not in content:
        raise InputError(f"{path}: expected the bench.yaml of 'decant bench'")
    name = potential.path.resolve().name
    names = sorted({Path(result["potential"]).name for result in results})
    found = [result for result in results if Path(result["potential"]).name == name]
    if not found:
        raise InputError(f"{path}: has no measurement of '{name}', only of {', '.join(names)}")
    machine = content["machine"]
    return _undisturbed([_measured(result, machine, potential, str(path)) for result in found])


def _undisturbed(points: list[Measured]) -> list[Measured]:
    """Return the measurements from which others took no core; all where there are none, with a warning either way."""
    quiet = [point for point in points if not point.is_disturbed]
    if len(quiet) < len(points):
        others = max(point.others_busy_cores or 0.0 for point in points if point.is_disturbed)
        what = f"{len(points) - len(quiet)} of {len(points)} speeds are not used" if quiet else "the speeds are too low"
        warn(
            f"{points[0].source}: {what}: other processes kept up to {others:.1f} of {points[0].cores} cores busy;"
            " measure again on a quiet machine"
        )
    return quiet or points


def _measured(result: dict[str, Any], machine: dict[str, Any], potential: Potential, source: str) -> Measured:
    """Return one result of a bench; the neighbours within the cutoff tell how dense the liquid is."""
    neighbours, gpus = result.get("neighbours_per_atom"), str(machine.get("gpus", "none"))
    return Measured(
        atoms=result["atoms"],
        ranks=result["ranks"],
        threads=result["threads"],
        slow=result["katom_step_per_s_lowest"],
        fast=result["katom_step_per_s_highest"],
        source=source,
        cores=int(machine.get("cores", 0)),
        gpus=0 if gpus == "none" else gpus.count(";") + 1,
        peak_MB=result["peak_MB_per_rank"],
        fixed_MB=result["fixed_MB_per_rank"],
        kB_per_atom=result["kB_per_atom"],
        others_busy_cores=result.get("others_busy_cores"),
        device=result.get("device", "cpu" if potential.algorithm == "mace" else None),
        density_A3=neighbours / (4.0 / 3.0 * math.pi * potential.cutoff**3) if neighbours else None,
    )


def from_run(path: Path, potential: Potential) -> Measured:
    """Return the speed of a run of this potential.

    Raises
    ------
    InputError
        If it is no run, one of another potential, or has no speed yet.
    """
    run = Run.open(path)
    made = run.description
    if made.potential_sha256 != potential_hash(potential.path):
        raise InputError(f"{path}: is a run of another potential ({made.potential})")
    speed = run.performance().get("katom_step_per_s")
    if not speed:
        raise InputError(f"{path}: no speed yet; the run is {run.status['state']}")
    volume = run.thermo()["volume_A3"].mean()
    return Measured(made.atoms, made.ranks, made.threads, speed, speed, str(path), density_A3=made.atoms / volume)


def measure(potential: Potential, threads: int, liquid: str) -> list[Measured]:
    """Measure two small boxes on every core of this machine, or those of one rank of Python; about a minute."""
    ranks = 1 if potential.in_python else max(1, available_cores() // threads)
    done = bench.bench(
        bench.Plan(
            potentials=(potential.path,),
            atoms=tuple(share * ranks for share in SHARES),
            ranks=(ranks,),
            threads=(threads,),
            liquid=liquid,
            device="cpu" if potential.algorithm == "mace" else None,
            steps=bench.REBUILD,
            repeats=2,
        )
    )
    content = as_mapping(done)
    source = "measured now on this machine"
    machine = content["machine"]
    return _undisturbed([_measured(result, machine, potential, source) for result in content["results"]])
