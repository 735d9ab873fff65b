"""What a large run will take: speed, memory and cost, from measured numbers and the model of `scaling`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from decant.foundation.errors import InputError
from decant.foundation.settings import count, positive, read_named
from decant.planning.measurements import Measured
from decant.planning.scaling import CPU, GPU, Liquid, Point, Work, fit, step_s
from decant.potentials.potential import Potential

SKIN_A = 1.0
"""As in lammps_inputs."""
USUAL_DENSITY_A3 = 0.1
"""Atoms in a cubic angstrom of water; organic liquids have 0.07 to 0.1. Assumed where nothing tells."""
_IRREP = re.compile(r"(\d+)x(\d+)[eo]")


@dataclass(frozen=True)
class Job:
    """The run to plan.

    Attributes
    ----------
    atoms
        How many.
    length_ps, timestep_fs
        How long, in steps of what.
    cores, threads
        CPU cores in all, and of each rank.
    gpus
        GPUs, one rank each; 0 to run on cores.

    Raises
    ------
    InputError
        If time step or threads are not positive.
    """

    atoms: int
    length_ps: float
    timestep_fs: float = 0.5
    cores: int = 1
    threads: int = 1
    gpus: int = 0

    def __post_init__(self) -> None:
        read_named("`timestep_fs`", positive, self.timestep_fs)
        read_named("`threads`", count(1), self.threads)

    @property
    def ranks(self) -> int:
        """MPI ranks."""
        return self.gpus or self.cores // self.threads


@dataclass(frozen=True)
class Forecast:
    """What the run will take. Pairs are the low and the high end of a range.

    Attributes
    ----------
    job
        The run.
    ns_per_day, days, cost_hours
        Speed, wall time, and core-hours or GPU-hours.
    MB_per_rank
        Peak memory of a rank, MB of 10^6 bytes; None if no memory was measured.
    ghosts_per_atom
        Ghost atoms for each own one; much more than 1 is waste.
    edge_A, reach_A
        Edge of a rank's cube, and cutoff with skin.
    measured, assumed
        What the numbers come from, line by line.
    """

    job: Job
    ns_per_day: tuple[float, float]
    days: tuple[float, float]
    cost_hours: tuple[float, float]
    MB_per_rank: tuple[float, float] | None
    ghosts_per_atom: float
    edge_A: float
    reach_A: float
    measured: list[str]
    assumed: list[str]

    def as_mapping(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {**asdict(self), "job": {**asdict(self.job), "ranks": self.job.ranks}}


def plan(potential: Potential, job: Job, measurements: Sequence[Measured]) -> Forecast:
    """Return what a run will take.

    Raises
    ------
    InputError
        If the job makes no sense, or nothing fitting was measured.
    """
    require_sensible(potential, job)
    fitting = _fitting(measurements, job)
    points = fullest(fitting)
    liquid, guess = liquid_of(potential, points)
    networks = GPU if job.gpus else CPU
    several = _several_machines(job, points)
    idle = not job.gpus and any(point.ranks * point.threads < point.cores for point in points)
    works = _possible_works(points, liquid)
    seconds = [
        best(step_s(work, job.atoms, job.ranks, liquid, network, several, idle) for work in works)
        for best, network in zip((min, max), networks, strict=True)
    ]
    ns_per_day = [job.timestep_fs * 1e-6 * 86400.0 / s for s in seconds]
    days = [job.length_ps * 1e-3 / speed for speed in ns_per_day]
    units = job.gpus or job.cores
    own = job.atoms / job.ranks
    return Forecast(
        job=job,
        ns_per_day=(ns_per_day[1], ns_per_day[0]),
        days=(days[0], days[1]),
        cost_hours=(days[0] * 24.0 * units, days[1] * 24.0 * units),
        MB_per_rank=memory_MB(fitting, points, liquid, own),
        ghosts_per_atom=liquid.ghosts(own) / own,
        edge_A=liquid.edge_A(own),
        reach_A=liquid.reach_A,
        measured=[_told(point) for point in points],
        assumed=[*guess, *_assumptions(points, own, several, idle, job)],
    )


def require_sensible(potential: Potential, job: Job) -> None:
    """Refuse a job that cannot be, whatever is measured.

    Raises
    ------
    InputError
        If it has less than one rank, fewer atoms than ranks, or several ranks for forces from Python.
    """
    if potential.in_python and job.ranks != 1:
        raise InputError(
            f"`cores` {job.cores} with `threads` {job.threads}: the forces of this potential are computed in Python, on"
            " one rank: give as many threads as cores"
        )
    if job.ranks < 1:
        raise InputError(f"`cores` {job.cores} with `threads` {job.threads}: less than one rank")
    if job.atoms < job.ranks:
        raise InputError(f"`atoms` {job.atoms}: fewer than the {job.ranks} ranks; give fewer cores or GPUs")


def _fitting(measurements: Sequence[Measured], job: Job) -> list[Measured]:
    """Return the measurements on the kind of hardware and with the threads of the job."""
    if job.gpus:
        found = [point for point in measurements if point.ranks <= point.gpus and point.device != "cpu"]
        if not found:
            raise InputError(
                "`gpus`: no speed on a GPU was measured; run 'decant bench' on a machine with one (one rank a GPU) and "
                "give its folder to `bench`; a MACE takes --device cuda there"
            )
        return found
    found = [point for point in measurements if point.threads == job.threads and point.device in ("cpu", None)]
    if not found:
        known = sorted({point.threads for point in measurements})
        raise InputError(f"`threads` {job.threads}: measured were only {', '.join(map(str, known)) or 'none'} threads")
    return found


def fullest(measurements: Sequence[Measured]) -> list[Measured]:
    """Return the measurements that kept most of the machine busy, where they have two sizes; else all.

    On a node of a cluster every core works, and a core is slower then than one that is alone.
    """
    most = max(point.ranks * point.threads for point in measurements)
    full = [point for point in measurements if point.ranks * point.threads == most]
    return full if len({point.own for point in full}) > 1 else list(measurements)


def liquid_of(potential: Potential, points: Sequence[Measured]) -> tuple[Liquid, list[str]]:
    """Return what decides on ghosts and messages, and what of it is assumed."""
    densities = [point.density_A3 for point in points if point.density_A3]
    guess = [] if densities else [f"{USUAL_DENSITY_A3} atoms in a cubic angstrom"]
    architecture = potential.card.get("architecture") or {}
    width = sum(int(n) * (2 * int(l) + 1) for n, l in _IRREP.findall(str(architecture.get("hidden_irreps", ""))))
    return Liquid(
        density_A3=sum(densities) / len(densities) if densities else USUAL_DENSITY_A3,
        reach_A=potential.cutoff + SKIN_A,
        layers=int(architecture.get("num_interactions", 1)),
        features=width,
    ), guess


def _possible_works(points: Sequence[Measured], liquid: Liquid) -> list[Work]:
    """Return the work fitted to the fastest runs, to the slowest, and to each with one measurement the other way.

    A small size that happened to be fast makes a large one look slow, so neither end is in one fit for certain.
    """
    ends = [[Point(p.own, p.step_s(speed)) for speed in (p.fast, p.slow)] for p in points]
    works = []
    for most in (0, 1):
        for other in (None, *range(len(points))):
            works.append(fit([end[most != (k == other)] for k, end in enumerate(ends)], liquid))
    return works


def memory_MB(
    all_points: Sequence[Measured], points: Sequence[Measured], liquid: Liquid, own: float
) -> tuple[float, float] | None:
    """Return the range of the peak memory of a rank with `own` atoms; None if no memory was measured.

    One end is the fit to all peaks, the other the fixed part and the kB of an atom of the largest share in `points`;
    ghosts count in these kB, so that they are too many for a larger share.
    """
    found = [point for point in all_points if point.peak_MB is not None]
    if not found:
        return None
    fitted = fit([Point(point.own, point.peak_MB or 0.0) for point in found], liquid, constant=True)(own, liquid)
    largest = max((point for point in points if point in found), key=lambda point: point.own, default=found[-1])
    plain = (largest.fixed_MB or 0.0) + (largest.kB_per_atom or 0.0) * own / 1000.0
    return min(fitted, plain), max(fitted, plain)


def _several_machines(job: Job, points: Sequence[Measured]) -> bool:
    """Return whether the job is larger than the machine of the measurement; it is if that is not known."""
    return job.gpus > 1 or job.cores > max(point.cores for point in points)


def _told(point: Measured) -> str:
    speed = f"{point.slow:.3g}" if point.slow == point.fast else f"{point.slow:.3g} to {point.fast:.3g}"
    memory = "" if point.peak_MB is None else f", {point.peak_MB:.3g} MB a rank"
    where = f"{point.ranks} ranks x {point.threads} threads"
    return f"{point.atoms} atoms on {where}: {speed} katom-step/s{memory} ({point.source})"


def _assumptions(points: Sequence[Measured], own: float, several: bool, idle: bool, job: Job) -> list[str]:
    best, worst = GPU if job.gpus else CPU
    told = []
    if several:
        told.append(
            f"network: {best.latency_s * 1e6:g} to {worst.latency_s * 1e6:g} us a message, "
            f"{best.bytes_per_s / 1e6:.3g} to {worst.bytes_per_s / 1e6:.3g} MB/s a rank"
        )
    if idle:
        told.append(
            f"cores that rested in the measurement slow the others down {best.full_load:g} to {worst.full_load:g} times"
        )
    if worst.imbalance and job.ranks > 1:
        told.append("own atoms scatter over ranks between not at all and as those of an ideal gas")
    sizes = {point.own for point in points}
    if len(sizes) == 1:
        told.append("time grows as the atoms of a rank (one size was measured: ghosts are not told apart)")
    if own > 4 * max(sizes) or own < min(sizes) / 4:
        told.append(
            f"the model holds at {own:.4g} atoms a rank, far from the {min(sizes):.4g} to {max(sizes):.4g} measured"
        )
    return told


def as_text(forecast: Forecast) -> str:
    """Return a forecast as text for a terminal."""
    job, unit = forecast.job, "GPU" if forecast.job.gpus else "core"
    where = f"{job.gpus} GPUs, one rank each" if job.gpus else f"{job.cores} cores, {job.ranks} ranks"
    lines = [
        f"{job.atoms:,} atoms, {job.length_ps / 1000:g} ns in steps of {job.timestep_fs:g} fs, on {where}",
        f"  speed      {_range(forecast.ns_per_day)} ns/day",
        f"  wall time  {_duration(forecast.days)}",
        f"  cost       {_range(forecast.cost_hours)} {unit}-hours",
        f"  memory     {_memory(forecast)}",
        f"  a rank     {job.atoms / job.ranks:.4g} atoms in a cube of {forecast.edge_A:.3g} A, with"
        f" {forecast.ghosts_per_atom:.2g} ghost atoms for each (cutoff and skin {forecast.reach_A:g} A)",
    ]
    lines += [f"measured: {line}" for line in forecast.measured]
    lines += [f"assumed:  {line}" for line in forecast.assumed]
    if forecast.edge_A < forecast.reach_A:
        lines.append("advice:   more ghosts than own atoms by far; fewer ranks are nearly as fast and much cheaper")
    return "\n".join(lines)


def _range(pair: tuple[float, float]) -> str:
    low, high = (f"{value:,.0f}" if value >= 100 else f"{value:.2g}" for value in pair)
    return low if low == high else f"{low} to {high}"


def _duration(days: tuple[float, float]) -> str:
    if days[1] < 2.0:
        return f"{_range((days[0] * 24, days[1] * 24))} hours"
    return f"{_range(days)} days"


def _memory(forecast: Forecast) -> str:
    if forecast.MB_per_rank is None:
        return "not measured (a run does not tell it; give --bench)"
    low, high = forecast.MB_per_rank
    ranks = forecast.job.ranks
    return f"{_range((low, high))} MB a rank, {_range((low * ranks / 1000, high * ranks / 1000))} GB in all"
