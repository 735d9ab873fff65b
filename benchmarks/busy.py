"""Speed of what decant runs, alone and beside other busy processes, against its fair share of the machine.

    python benchmarks/busy.py                          # every kind of work, some 12 minutes on two cores
    python benchmarks/busy.py mace-clusters lmp-ranks --busy 0,1,2,4 --rounds 5
    GOMP_SPINCOUNT=0 python benchmarks/busy.py lmp-threads    # what the user sets wins

The busy processes are Python loops of the same priority. Each kind of work is the real command on small made-up data;
it runs once alone and once beside each number of them, and then again, in `--rounds`. A percentage is the speed beside
them relative to the speed alone of the same round: the median, lowest and highest of the rounds.

The fair share: a work of t threads alone has min(t, C) of C cores; beside B busy processes, which all want to run
always, each of the t + B gets C / (t + B) of a core, and never more than one. On two cores a work of two threads is
left 4/3 of 2 cores beside one process, 67 %, and 50 % beside two; one of a single thread 100 % and 67 %. (Threads or
ranks that wait for each other every few milliseconds go at the pace of the slowest, which shares a core: half of their
speed, unless one thread does better.) The last column is the speed relative to that of the fair share, where it is
least. It is meant for kernels that share cores between processes, not between sessions (`autogroup 0` in the first
line).

Fits are measured from where they have chosen their threads; `evaluate` and `analyze` are whole commands, start and all.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from decant.foundation.machine import available_cores, describe_machine
from decant.foundation.progress import Progress
from decant.foundation.tables import format_table
from decant.foundation.threads import PATIENCE, computing

Load = Callable[[], AbstractContextManager[None]]
"""Starts the busy processes and ends them."""
DECANT = [sys.executable, "-c", "from decant.cli.main import main; main()"]
FIT_SECONDS = 6.0
"""How long the steps of a fit are counted."""
PATIENCE_S = 600.0
"""How long a fit may take to get there."""
SIZES = {"clusters": ("EC:1,EMC:1", 0.0, 36), "boxes-80": ("EC:2,EMC:4", 1.0, 12), "boxes-160": ("EC:4,EMC:8", 1.0, 3)}
"""Liquid, density in g/cm3 (0 for clusters) and number of frames of each set."""
MACE_STEP = re.compile(r"^(\S+ \S+) INFO: Epoch (\d+):", re.MULTILINE)
DP_STEP = re.compile(r"^\[(\S+ \S+)\] .*Batch +(\d+): total wall time", re.MULTILINE)
BEGUN, CHOSEN = re.compile("Started training|Start to train"), "decant: threads of the steps"


@dataclass(frozen=True)
class Work:
    """A kind of work.

    Attributes
    ----------
    unit
        Of its speed.
    threads
        Threads or processes that it wants to keep busy; 0 for as many as there are cores.
    prepare
        Writes what it needs into a folder.
    speed
        Runs it in the folder, with the busy processes beside what is measured.
    """

    unit: str
    threads: int
    prepare: Callable[[Path], None]
    speed: Callable[[Path, Load], float]


# the numbers


def fair_share(threads: int, busy: int, cores: int) -> float:
    """Return the fair share of a work of so many threads beside busy processes, relative to what it has alone."""
    beside = threads * min(1.0, cores / (threads + busy))
    return beside / min(threads, cores)


def shares(rounds: Sequence[Mapping[int, float]], busy: int) -> list[float]:
    """Return the speed beside busy processes relative to that alone, of each round."""
    return [speeds[busy] / speeds[0] for speeds in rounds]


def table(measured: Mapping[str, Sequence[Mapping[int, float]]], cores: int) -> str:
    """Return a row for each kind of work.

    Parameters
    ----------
    measured
        By kind the rounds, each with the speed by number of busy processes: 0 of them and others.
    cores
        Cores of the machine.
    """
    numbers = [busy for busy in next(iter(measured.values()))[0] if busy]
    rows = [["", "alone", *(f"beside {busy}, %" for busy in numbers), "fair shares, %", "of its fair share, %"]]
    for kind, rounds in measured.items():
        fair = [fair_share(WORKS[kind].threads or cores, busy, cores) for busy in numbers]
        found = [shares(rounds, busy) for busy in numbers]
        alone = [speeds[0] for speeds in rounds]
        least = min(statistics.median(values) / part for values, part in zip(found, fair, strict=True))
        cells = [f"{statistics.median(alone):.3g} {WORKS[kind].unit}", *map(spread, found)]
        rows.append([kind, *cells, ", ".join(f"{100 * part:.0f}" for part in fair), f"{100 * least:.0f}"])
    return format_table(rows)


def spread(values: Sequence[float]) -> str:
    """Return median, lowest and highest in percent."""
    return f"{100 * statistics.median(values):.0f} ({100 * min(values):.0f} to {100 * max(values):.0f})"


# the busy processes


@contextlib.contextmanager
def busy(count: int) -> Iterator[None]:
    """Keep so many processes busy meanwhile."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        time.sleep(0.3 if count else 0.0)
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


# fits


def write_set(folder: Path, name: str) -> None:
    """Write shaken frames of a set with random labels, split for a fit: speed does not depend on what is learned."""
    from decant.data.frames import write_frames

    frames = made_frames(*SIZES[name])
    write_frames(folder / "train.extxyz", frames[1:])
    write_frames(folder / "valid.extxyz", frames[:1])


def made_frames(liquid: str, density: float, count: int) -> list[Any]:
    """Return shaken boxes of a liquid, or clusters cut out of it where the density is 0, with random labels."""
    from decant.molecules.liquid import parse_liquid
    from decant.molecules.packing import pack

    random = np.random.default_rng(1)
    packed = pack(parse_liquid(liquid), density or 0.9, seed=1)
    if not density:
        packed.pbc, packed.cell = False, None
    frames = [packed.copy() for _ in range(count)]
    for number, atoms in enumerate(frames):
        atoms.positions += random.normal(scale=0.02, size=(len(atoms), 3))
        atoms.info |= {"REF_energy": random.normal(), "group": str(number), "recipe": "shaken"}
        atoms.set_array("REF_forces", random.normal(size=(len(atoms), 3)))
    return frames


def fit_speed(algorithm: str, options: Sequence[str], steps: re.Pattern[str], folder: Path, load: Load) -> float:
    """Return epochs or steps a second of a fit that is ended when they have been counted for a while."""
    with tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as name:
        log = Path(name) / "model" / "work" / "train.log"
        words = ["fit", algorithm, str(folder), "-o", str(log.parents[1]), *options]
        with (Path(name) / "output").open("w+") as output:
            process = subprocess.Popen([*DECANT, *words], stdout=output, stderr=subprocess.STDOUT)
            try:
                wait_for(process, lambda: BEGUN.search(text_of(log)))
                with load():
                    wait_for(process, lambda: CHOSEN in text_of(log))
                    wait_for(process, lambda: rate(text_of(log), steps, FIT_SECONDS) or process.poll() is not None)
                found = rate(text_of(log), steps, 0.0)
            finally:
                process.terminate()
                process.wait()
            output.seek(0)
            if not found:
                raise SystemExit(f"too few steps were counted; {output.read()[-2000:]}")
            return found


def text_of(log: Path) -> str:
    """Return what a log has by now."""
    return log.read_text(errors="replace") if log.is_file() else ""


def wait_for(process: subprocess.Popen[bytes], happened: Callable[[], object]) -> None:
    """Wait until something has happened, or the process has ended."""
    until = time.monotonic() + PATIENCE_S
    while not happened() and process.poll() is None:
        if time.monotonic() > until:
            raise SystemExit(f"nothing happened for {PATIENCE_S:.0f} s")
        time.sleep(0.1)


def rate(log: str, steps: re.Pattern[str], least: float) -> float | None:
    """Return steps a second, from the first line after the threads were chosen to the last.

    Parameters
    ----------
    log
        Text of a training's log.
    steps
        Finds the time and the number of a step.
    least
        Seconds that must lie between the two; None is returned if fewer do.
    """
    lines = steps.findall(log.partition(CHOSEN)[2])
    if len(lines) < 2:
        return None
    (began, first), (ended, last) = lines[0], lines[-1]
    seconds = (np.datetime64(stamp(ended)) - np.datetime64(stamp(began))) / np.timedelta64(1, "s")
    return (int(last) - int(first)) / float(seconds) if seconds > max(least, 0.0) else None


def stamp(word: str) -> str:
    """Return the date and time of a log line as numpy reads it."""
    return word.replace(" ", "T").replace(",", ".")


# LAMMPS


def write_potential(folder: Path) -> None:
    """Export model A of mace_table.py."""
    from mace_table import make_potential

    make_potential(folder, "A", "float")


def lammps_speed(ranks: int, threads: int, folder: Path, load: Load) -> float:
    """Return katom-step/s of 160 atoms."""
    from decant.planning.bench import Plan, prepare, run_once

    plan = Plan((folder / "A float",), (160,), (ranks,), (threads,), "EC:4,EMC:8", repeats=1)
    with tempfile.TemporaryDirectory(dir=folder) as name:
        case, _ = next(iter(prepare(plan, [(ranks, threads)], Path(name))))
        with load():
            return run_once(plan, case, steps=1000).katom_step_per_s


# the rest


def label_speed(folder: Path, load: Load) -> float:
    """Return labels a second of `decant label` on every core."""
    from labelling import label

    with load():
        return label(folder / "frames.extxyz", folder, available_cores(), ranks=False)[1]


def write_clusters(folder: Path) -> None:
    """Write frames to label."""
    from labelling import make_frames

    make_frames(folder / "frames.extxyz", 240, "EC:1,EMC:1", density=0.0)


def write_evaluation(folder: Path) -> None:
    """Write a potential and frames to evaluate it on."""
    from decant.data.frames import write_frames

    write_potential(folder)
    write_frames(folder / "frames.extxyz", made_frames("EC:4,EMC:8", 1.0, 300))


def evaluate_speed(folder: Path, load: Load) -> float:
    """Return frames a second of `decant evaluate` with the compiled evaluator."""
    with load():
        return 300 / seconds(["evaluate", folder / "A float", folder / "frames.extxyz", "-o", folder / "errors.yaml"])


def write_run(folder: Path) -> None:
    """Write a trajectory of 1280 atoms."""
    from analysis import make_run

    make_run(folder, "EC:4,EMC:8", copies=2, frames=2000)


def analyze_speed(folder: Path, load: Load) -> float:
    """Return frames a second of `decant analyze`."""
    with load():
        return 2000 / seconds(["analyze", folder])


def seconds(words: Sequence[object]) -> float:
    """Return how long a command takes."""
    start = time.perf_counter()
    done = subprocess.run([*DECANT, *map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return time.perf_counter() - start


def fit_of(algorithm: str, data: str, options: Sequence[str], steps: re.Pattern[str], unit: str) -> Work:
    """Return a fit as a kind of work."""
    return Work(
        unit, 0, lambda folder: write_set(folder, data),
        lambda folder, load: fit_speed(algorithm, options, steps, folder, load),
    )  # fmt: skip


def lammps_of(ranks: int, threads: int) -> Work:
    """Return molecular dynamics as a kind of work."""
    return Work(
        "katom-step/s", ranks * threads, write_potential,
        lambda folder, load: lammps_speed(ranks, threads, folder, load),
    )  # fmt: skip


_LONG = ["--max-time", "30min"]
_ONE_BOX = ["--preset", "small", "--set", "batch_size=1", *_LONG]
WORKS = {
    "mace-clusters": fit_of("mace", "clusters", ["--preset", "quick", *_LONG], MACE_STEP, "epochs/s"),
    "mace-boxes": fit_of("mace", "boxes-160", _ONE_BOX, MACE_STEP, "epochs/s"),
    "dp-boxes": fit_of("deepmd", "boxes-80", ["--preset", "quick", "--max-epochs", "60"], DP_STEP, "steps/s"),
    "lmp-threads": lammps_of(ranks=1, threads=2),
    "lmp-ranks": lammps_of(ranks=2, threads=1),
    "label": Work("labels/s", 0, write_clusters, label_speed),
    "evaluate": Work("frames/s", 0, write_evaluation, evaluate_speed),
    "analyze": Work("frames/s", 0, write_run, analyze_speed),
}  # fmt: skip
"""Every kind of work."""


def measure(kinds: Sequence[str], numbers: Sequence[int], rounds: int) -> dict[str, list[dict[int, float]]]:
    """Return by kind the rounds, each with the speed by number of busy processes."""
    measured: dict[str, list[dict[int, float]]] = {kind: [] for kind in kinds}
    with (
        tempfile.TemporaryDirectory(prefix="decant-busy-") as name,
        Progress("busy", rounds * len(kinds) * len(numbers), "runs") as progress,
    ):
        for kind in kinds:
            (Path(name) / kind).mkdir()
            WORKS[kind].prepare(Path(name) / kind)
        for _ in range(rounds):
            for kind in kinds:
                speeds = measured[kind]
                speeds.append({})
                for count in numbers:
                    speeds[-1][count] = WORKS[kind].speed(Path(name) / kind, lambda count=count: busy(count))
                    progress.update(progress.done + 1, f"{kind} beside {count}: {speeds[-1][count]:.3g}")
    return measured


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"of {', '.join(WORKS)}; all by default")
    parser.add_argument("-b", "--busy", default="0,1,2", help="numbers of busy processes; 0 is always measured")
    parser.add_argument("-r", "--rounds", type=int, default=2)
    parser.add_argument("-c", "--cores", type=int, help="keep everything to so many cores of the machine")
    options = parser.parse_args()
    unknown = set(options.kinds) - set(WORKS)
    if unknown:
        parser.error(f"no kind {', '.join(sorted(unknown))}; there are {', '.join(WORKS)}")
    if options.cores:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.cores])
    os.environ.update(computing(os.environ))
    numbers = sorted({0, *map(int, options.busy.split(","))})
    if len(numbers) == 1:
        parser.error("--busy 0: there is nothing to compare; give 1 or more")
    machine, cores = describe_machine(), available_cores()
    autogroup = Path("/proc/sys/kernel/sched_autogroup_enabled")
    groups = autogroup.read_text().strip() if autogroup.is_file() else "0"
    waits = " ".join(f"{name}={os.environ[name]}" for name in (*PATIENCE, "OMP_NUM_THREADS") if name in os.environ)
    print(f"{machine['cpu']}, {cores} cores, load before {machine['load_before']}, autogroup {groups}\n{waits}")
    if groups == "1":
        print(
            "sessions share the cores here, not processes: sysctl kernel.sched_autogroup_enabled=0 for the time of this"
        )
    measured = measure(options.kinds or list(WORKS), numbers, options.rounds)
    print("speed alone; beside so many busy processes in percent of it: median (lowest to highest) of the rounds")
    print(table(measured, cores))


if __name__ == "__main__":
    main()
