"""Speed, memory and share of time per kernel of exported potentials in LAMMPS, over sizes, ranks and threads.

The same box is measured at every size, repeated as often as the size asks for, so that only the number of atoms
changes. What LAMMPS runs is lammps_inputs/in.bench: NVT in which a weak spring holds each atom near its place, so that
any potential survives and the number of neighbors stays that of the liquid. Configurations take turns, so that a
machine whose speed drifts favours none of them. A first round has the timers of `pair_style mace` on and is not counted
for the speed.
"""

from __future__ import annotations

import re
import shutil
import statistics
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from decant.data.extxyz import read_raw
from decant.foundation.busyness import is_disturbed, others_busy
from decant.foundation.errors import InputError, ProgramFailed
from decant.foundation.files import require_file
from decant.foundation.machine import available_cores, describe_machine
from decant.foundation.progress import Progress
from decant.foundation.settings import count, positive, read_named
from decant.lammps.command import MACE, command
from decant.lammps.data import write_data
from decant.lammps.inputs import inputs_directory
from decant.lammps.launch import launch, variables
from decant.lammps.launcher import DEVICE
from decant.lammps.timing import TIMERS, Timing, read_timing
from decant.molecules.liquid import parse_liquid
from decant.molecules.packing import pack
from decant.potentials.potential import Potential

if TYPE_CHECKING:
    from ase import Atoms

SECONDS = 10.0
"""A timed run has about as many steps as take so long, unless their number is given."""
REBUILD = 20
"""Steps between neighbor lists, as in lammps_inputs/in.bench; a timed run is a multiple of it."""
MOST_STEPS = 2000
_COUNT = re.compile(r"^\s*(\d+)\s+(atoms|atom types|bond types)\b", re.MULTILINE)
DATA, LOG = "system.data", "bench.log"


@dataclass(frozen=True)
class Plan:
    """What to measure.

    Attributes
    ----------
    potentials
        Folders of exported potentials.
    atoms
        Sizes; the nearest number of copies of the box is taken, and at least one.
    ranks, threads
        Numbers of MPI ranks, and of OpenMP threads of each; every combination is measured.
    liquid
        Composition of the box that is packed.
    system
        A LAMMPS data file or an extended XYZ file (its last frame) to take instead of packing one.
    density_g_cm3
        Density of the packed box.
    device
        What `pair_style mace` runs on, as ``DECANT_DEVICE`` names it; None for what that says, else the CPU.
    temperature_K, timestep_fs
        Of the dynamics.
    steps
        Timed steps of each run; by default as many as take about `SECONDS`.
    repeats
        Timed runs of each configuration.
    oversubscribe
        Whether to measure also more ranks times threads than there are cores.

    Raises
    ------
    InputError
        If temperature, time step, steps or repeats are not positive.
    """

    potentials: tuple[Path, ...]
    atoms: tuple[int, ...] = (160, 1280)
    ranks: tuple[int, ...] = (1, 2)
    threads: tuple[int, ...] = (1,)
    liquid: str = "EC:4,EMC:8"
    system: Path | None = None
    density_g_cm3: float = 1.0
    device: str | None = None
    temperature_K: float = 300.0
    timestep_fs: float = 0.5
    steps: int | None = None
    repeats: int = 3
    oversubscribe: bool = False

    def __post_init__(self) -> None:
        for name in ("temperature_K", "timestep_fs"):
            read_named(f"`{name}`", positive, getattr(self, name))
        read_named("`repeats`", count(1), self.repeats)
        if self.steps is not None:
            read_named("`steps`", count(1), self.steps)


@dataclass(frozen=True)
class Case:
    """One configuration: a potential, a size, ranks and threads; `copies` are those of the box along each direction."""

    potential: str
    algorithm: str
    folder: Path
    copies: tuple[int, int, int]
    atoms: int
    ranks: int
    threads: int
    plugin: str | None = None

    def __str__(self) -> str:
        return f"{self.potential}, {self.atoms} atoms, {self.ranks} ranks x {self.threads} threads"


@dataclass
class Result:
    """What was measured of one configuration.

    Memory is the peak resident memory of rank 0, as the operating system counts it for the process (LAMMPS's ``info
    memory``): its own arrays, those of libraries, and pages of shared libraries that were touched. The fixed part is
    the peak when the box has been read and the model loaded, before the first step: program, MPI, model and LAMMPS's
    own few hundred bytes per atom. What comes on top at the end is what the evaluation needs beyond what loading needed
    for a while and gave back; it is divided by the atoms that a rank owns on average. Ghost atoms need memory too but
    do not count in the division.

    Attributes
    ----------
    case
        The configuration.
    neighbours
        Mean number of neighbors of an atom within the cutoff; None for a box from a LAMMPS data file.
    profile
        The first run, with timers on.
    runs
        The timed ones.
    """

    case: Case
    neighbours: float | None
    profile: Timing
    runs: list[Timing] = field(default_factory=list)

    @property
    def speeds(self) -> list[float]:
        """katom-step/s of each timed run."""
        return [run.katom_step_per_s for run in self.runs]

    @property
    def speed(self) -> float:
        """Median of katom-step/s."""
        return statistics.median(self.speeds)

    def ns_per_day(self, timestep_fs: float) -> float:
        """Return the simulated time in a day, ns, at a time step in fs."""
        return self.speed * 1000.0 / self.case.atoms * timestep_fs * 1e-6 * 86400.0

    @property
    def fixed_MB(self) -> float:
        """Peak memory of rank 0 before the first step, MB of 10^6 bytes; the median over runs."""
        return statistics.median(run.peak_MB[0] for run in self.runs)

    @property
    def peak_MB(self) -> float:
        """Peak memory of rank 0 at the end, MB of 10^6 bytes; the highest of the runs."""
        return max(run.peak_MB[-1] for run in self.runs)

    @property
    def kB_per_atom(self) -> float:
        """Memory on top of the fixed part for each atom of a rank, kB of 10^3 bytes."""
        return 1000.0 * (self.peak_MB - self.fixed_MB) / (self.case.atoms / self.case.ranks)

    @property
    def others_busy_cores(self) -> float | None:
        """Cores that other processes kept busy; the median over runs, None if not known."""
        known = [run.others_busy_cores for run in self.runs if run.others_busy_cores is not None]
        return statistics.median(known) if known else None

    def is_disturbed(self, cores: int) -> bool:
        """Return whether others took cores of this machine that it needed: its speed is then too low."""
        return is_disturbed(self.case.ranks * self.case.threads, cores, self.others_busy_cores)

    @property
    def shares(self) -> dict[str, float]:
        """Share of the time of all threads in each kernel and in LAMMPS's other sections; they add up to one.

        ``pair, rest`` is the pair style outside its timers: clearing of arrays, and threads that wait while only one
        works. For a pair style without timers it is ``Pair``.
        """
        loop, kernels = self.profile.loop_s, self.profile.kernels
        shares = {name: seconds / (loop * self.case.threads) for name, seconds in kernels.items()}
        sections = {name: seconds / loop for name, seconds in self.profile.sections.items()}
        pair = sections.pop("Pair", 0.0)
        shares["pair, rest" if kernels else "Pair"] = pair - sum(shares.values())
        return shares | sections


@dataclass(frozen=True)
class Bench:
    """All results, what was left out and why, and the machine."""

    plan: Plan
    machine: dict[str, str | int | float]
    results: list[Result]
    skipped: list[str]


@dataclass(frozen=True)
class _Box:
    atoms: int
    neighbours: float | None


def bench(plan: Plan) -> Bench:
    """Measure every configuration of a plan.

    Raises
    ------
    InputError
        If a potential is damaged, does not know an element, the system file is unusable, or nothing is left to measure.
    ProgramFailed
        If LAMMPS failed.
    """
    machine = describe_machine()
    combinations, skipped = _combinations(plan)
    with tempfile.TemporaryDirectory(prefix="decant-bench-") as name:
        cases = list(prepare(plan, combinations, Path(name)))
        results = []
        total = len(cases) * (plan.repeats + 1)
        with Progress("bench", total, "runs") as progress:
            for case, neighbours in cases:
                profile = run_once(plan, case, plan.steps or REBUILD, timers=True)
                results.append(Result(case, neighbours, profile))
                progress.update(len(results), f"profile of {case}")
            for repeat in range(1, plan.repeats + 1):
                for number, result in enumerate(results, start=1):
                    result.runs.append(run_once(plan, result.case, plan.steps or _steps(result.profile)))
                    progress.update(repeat * len(results) + number, f"{result.case}: {result.speed:.3g} katom-step/s")
    return Bench(plan, machine, results, skipped)


def _combinations(plan: Plan) -> tuple[list[tuple[int, int]], list[str]]:
    """Return the pairs of ranks and threads to measure, and notes on those left out."""
    cores = available_cores()
    found, skipped = [], []
    for ranks in plan.ranks:
        for threads in plan.threads:
            if ranks * threads <= cores or plan.oversubscribe:
                command([], ranks)  # an impossible number is noticed before any work is done
                found.append((ranks, threads))
            else:
                skipped.append(f"{ranks} ranks x {threads} threads: more than the {cores} cores of this machine")
    if not found:
        raise InputError(f"`ranks` and `threads`: {skipped[0]}; give fewer, or `oversubscribe`")
    return found, skipped


def prepare(plan: Plan, combinations: list[tuple[int, int]], directory: Path) -> Iterable[tuple[Case, float | None]]:
    """Yield every configuration, with the mean number of neighbors of an atom, after writing what LAMMPS reads.

    Parameters
    ----------
    plan
        What to measure.
    combinations
        Numbers of ranks and threads.
    directory
        An empty folder; each potential gets one below it.

    Raises
    ------
    InputError
        If a potential is damaged, does not know an element, or the system file is unusable.
    """

    source = plan.system or pack(parse_liquid(plan.liquid), plan.density_g_cm3, seed=1)
    names = [path.resolve().name for path in plan.potentials]
    for number, path in enumerate(plan.potentials):
        potential = Potential.open(path)
        if plan.device and potential.algorithm != MACE:
            raise InputError(
                f"`device` {plan.device}: {path} is of {potential.algorithm}, which chooses its device itself"
            )
        folder = directory / str(number)
        folder.mkdir()
        (folder / "potential").symlink_to(path.resolve())  # LAMMPS splits a path with blanks
        box = _write_box(source, folder / DATA, potential)
        name = names[number] if names.count(names[number]) == 1 else str(path)
        for factor in dict.fromkeys(max(1, round(size / box.atoms)) for size in plan.atoms):
            for ranks, threads in combinations:
                case = Case(
                    name, potential.algorithm, folder, copies_along(factor), factor * box.atoms, ranks, threads,
                    potential.plugin,
                )  # fmt: skip
                yield case, box.neighbours


def copies_along(factor: int) -> tuple[int, int, int]:
    """Return three whole numbers with the product `factor` that are as close to each other as possible."""
    divisors = [number for number in range(1, factor + 1) if factor % number == 0]
    shapes = [(a, b, factor // (a * b)) for a in divisors for b in divisors if factor % (a * b) == 0]
    return min(shapes, key=lambda shape: (sum(shape), [-count for count in shape]))


def _write_box(source: Path | Atoms, path: Path, potential: Potential) -> _Box:
    """Write the data file for a potential: from atoms, from an extended XYZ file, or a copy of a data file."""
    from ase.neighborlist import neighbor_list

    if isinstance(source, Path):
        if source.suffix not in (".xyz", ".extxyz"):
            return _copy_data(source, path, potential)
        source = _last_frame(source)
    write_data(path, source, potential.elements)
    return _Box(len(source), len(neighbor_list("i", source, potential.cutoff)) / len(source))


def _last_frame(path: Path) -> Atoms:
    """Return the last frame of an extended XYZ file, periodic in all directions."""
    frame = read_raw(path)[-1]
    if frame.error:
        raise InputError(f"{path}: last frame: {frame.error}")
    if not frame.atoms.pbc.all():
        raise InputError(f"{path}: last frame: expected a liquid, periodic in all directions")
    return frame.atoms


def _copy_data(source: Path, path: Path, potential: Potential) -> _Box:
    """Copy a LAMMPS data file after a look at its header."""
    require_file(source, "a LAMMPS data file, or an extended XYZ file that ends in .xyz or .extxyz")
    header = source.read_text(encoding="utf-8", errors="replace")[:4000]
    counts = {what: int(number) for number, what in _COUNT.findall(header)}
    wanted = len(potential.elements)
    if counts.get("atoms", 0) == 0 or counts.get("atom types") != wanted or counts.get("bond types", 0) == 0:
        raise InputError(
            f"{source}: expected a LAMMPS data file of atom_style molecular with {wanted} atom types"
            f" ({' '.join(potential.elements)}) and a bond type, as the system.data of 'decant simulate'"
        )
    shutil.copyfile(source, path)
    return _Box(counts["atoms"], None)


def run_once(plan: Plan, case: Case, steps: int, timers: bool = False) -> Timing:
    """Run LAMMPS once and return the timing of its second run.

    Parameters
    ----------
    plan
        What to measure.
    case
        A configuration of `prepare`; two at once need folders of their own.
    steps
        Timed steps.
    timers
        Whether `pair_style mace` takes the time of its kernels, which makes ranks wait for each other.

    Raises
    ------
    ProgramFailed
        If LAMMPS failed.
    """
    log = case.folder / LOG
    log.unlink(missing_ok=True)
    values = variables(
        {
            "potential": "potential",
            "data": DATA,
            **dict(zip(("nx", "ny", "nz"), case.copies, strict=True)),
            "temperature": plan.temperature_K,
            "timestep": plan.timestep_fs / 1000.0,
            "rebuild": REBUILD,
            "steps": steps,
        }
    )
    # torch inside pair_style deepmd does not listen to OMP_NUM_THREADS
    environment = {"DP_INTRA_OP_PARALLELISM_THREADS": str(case.threads), **({TIMERS: "1"} if timers else {})}
    if plan.device:
        environment[DEVICE] = plan.device
    with others_busy() as others:
        outcome = launch(
            ["-in", str(inputs_directory() / "in.bench"), "-log", LOG, *values],
            case.ranks,
            case.folder,
            threads=case.threads,
            plugin=case.plugin,
            more_environment=environment,
        )
    timing = read_timing(log) if log.is_file() else None
    if outcome.code != 0 or timing is None or len(timing.peak_MB) < 2:
        raise ProgramFailed(f"{case}: LAMMPS failed: {outcome.reason()}")
    return replace(timing, others_busy_cores=others.cores)


def _steps(profile: Timing) -> int:
    """Return how many steps take about `SECONDS`, a multiple of `REBUILD`."""
    rounds = round(SECONDS / profile.loop_s * profile.steps / REBUILD)
    return REBUILD * min(max(rounds, 1), MOST_STEPS // REBUILD)
