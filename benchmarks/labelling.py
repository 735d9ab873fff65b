"""Throughput of `decant label` on one and more processes, and under mpirun, on the same frames.

    python benchmarks/labelling.py --frames 1000 --processes 1,2 --repeats 3

The frames are clusters of --liquid or, with --density, periodic boxes. Every run is the real command with an empty
journal; the ways take turns, so that a machine whose speed drifts does not favour one of them. Two rates are given: of
the whole command, and of the labels alone, from the first to the last that the journal got, which leaves out the
seconds in which Python starts. The share is the rate of the labels over processes times that of one process; with few
frames it counts how much later the second process starts.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

BIN = Path(sys.executable).parent


def make_frames(path: Path, count: int, liquid: str, density: float) -> None:
    """Write shaken boxes of a liquid, or clusters cut out of it where the density is 0."""
    from decant.data.frames import write_frames
    from decant.molecules.liquid import parse_liquid
    from decant.molecules.packing import pack

    random = np.random.default_rng(1)
    packed = pack(parse_liquid(liquid), density or 0.9, seed=1)
    if not density:
        packed.pbc = False
        packed.cell = None
    frames = [packed.copy() for _ in range(count)]
    for atoms in frames:
        atoms.positions += random.normal(scale=0.02, size=(len(atoms), 3))
    write_frames(path, frames)


def label(source: Path, folder: Path, processes: int, ranks: bool) -> tuple[float, float]:
    """Return the frames per second of the whole command, and of the labels alone."""
    output = folder / "labelled.extxyz"
    journal = Path(f"{output}.journal")
    journal.unlink(missing_ok=True)
    arguments = ["label", str(source), "-o", str(output), "--no-atoms", "--keep-broken"]
    command = [sys.executable, "-c", "from decant.cli.main import main; main()", *arguments]
    command = [str(BIN / "mpirun"), "-np", str(processes), *command] if ranks else [*command, "--jobs", str(processes)]
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    first = None
    while first is None and process.poll() is None:
        if journal.is_file() and journal.stat().st_size:
            first = (time.perf_counter(), journal.read_bytes().count(b"\n"))
        time.sleep(0.002)
    _, error = process.communicate()
    end = time.perf_counter()
    if process.returncode != 0 or first is None:
        raise SystemExit(error.decode())
    count = journal.read_bytes().count(b"\n")
    last = end - (time.time() - journal.stat().st_mtime)
    return count / (end - start), (count - first[1]) / (last - first[0])


def spread(values: list[float]) -> str:
    """Return median, lowest and highest."""
    return f"{statistics.median(values):.3g} ({min(values):.3g} to {max(values):.3g})"


def main() -> None:
    """Measure and print a line for each way to run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--liquid", default="EC:1,EMC:1", help="composition of each frame")
    parser.add_argument("--density", type=float, default=0.0, help="g/cm3 of a periodic box; 0 for a cluster")
    parser.add_argument("--frames", type=int, default=1000)
    parser.add_argument("--processes", default="1,2")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    counts = [int(word) for word in options.processes.split(",")]
    ways = [(count, False) for count in counts] + [(count, True) for count in counts if count > 1]
    print(f"{len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}; median (lowest to highest)")
    rates: dict[tuple[int, bool], list[tuple[float, float]]] = {way: [] for way in ways}
    with tempfile.TemporaryDirectory(prefix="decant-") as name:
        folder = Path(name)
        make_frames(folder / "frames.extxyz", options.frames, options.liquid, options.density)
        for _ in range(options.repeats):
            for way in ways:
                rates[way].append(label(folder / "frames.extxyz", folder, *way))
    for (count, ranks), found in rates.items():
        alone = rates.get((1, False), found)
        shares = [labels / (count * single) for (_, labels), (_, single) in zip(found, alone, strict=True)]
        print(
            f"{count} {'ranks' if ranks else 'processes'}: {spread([whole for whole, _ in found])} frames/s in all, "
            f"{spread([labels for _, labels in found])} frames/s of labels, share {spread(shares)}"
        )


if __name__ == "__main__":
    main()
