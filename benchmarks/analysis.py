"""Speed and memory of `decant analyze` on a large trajectory, on one and more processes and MPI ranks.

    python benchmarks/analysis.py --copies 5 --frames 5000 --processes 1,2

The trajectory is made first, in a temporary folder: a packed box of --liquid, repeated --copies times in each
direction (5: 20,000 atoms), in which molecules walk at random and atoms shake. Reading alone is MDAnalysis going
through the frames without doing anything; `decant analyze` is the real command with its start and its plots. The share
is its rate over frames, as its own progress line says, to that of reading alone. Both are measured with the file on
the disk and in the memory of the system. Memory is the highest sum over the processes of the command, each page that
they share counted once (Pss).
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

BIN = Path(sys.executable).parent
ELEMENTS = ["H", "C", "O"]
INTERVAL_PS = 1.0


def make_run(folder: Path, liquid: str, copies: int, frames: int) -> None:
    """Write the files of a run that `decant analyze` reads; see `decant.simulation.run.Run`."""
    from decant.foundation.files import write_yaml
    from decant.lammps.data import write_data
    from decant.molecules.liquid import parse_liquid
    from decant.molecules.packing import pack
    from decant.molecules.topology import bonds
    from decant.simulation.description import RunDescription

    species = parse_liquid(liquid)
    small = pack(species, 1.0, seed=1)
    atoms = small.repeat(copies)
    shift = np.repeat(np.arange(copies**3), len(small))
    mol_id = atoms.arrays["mol_id"] + shift * (small.arrays["mol_id"].max() + 1)
    pairs = (bonds(small)[None] + len(small) * np.arange(copies**3)[:, None, None]).reshape(-1, 2)
    write_data(folder / "system.data", atoms, ELEMENTS, pairs, mol_id)
    names = tuple((solvent.name, count) for solvent, count in species) * copies**3
    length = round(frames * INTERVAL_PS)
    RunDescription(
        potential=Path("none"), potential_sha256="none", liquid=liquid, copies=copies**3, species=names,
        elements=tuple(ELEMENTS), atoms=len(atoms), ensemble="nvt", temperature_K=300.0, pressure_bar=1.0,
        length_ps=float(length), timestep_fs=1.0, production_steps=1000 * length, equilibration_steps=0,
        dump_every=1000, thermo_every=1000, restart_every=1000, seed=1, ranks=1, threads=1,
    ).write(folder / "run.yaml")  # fmt: skip
    write_yaml(folder / "status.yaml", {"state": "completed"})
    write_trajectory(folder / "trajectory.0.dcd", atoms.positions, mol_id, atoms.cell.lengths()[0], frames)
    write_log(folder / "production.0.log", frames, atoms.cell.volume)


def write_trajectory(path: Path, positions: np.ndarray, mol_id: np.ndarray, edge: float, frames: int) -> None:
    """Write molecules that walk with D = 0.1 A^2/ps and atoms that shake by 0.03 A, in a cubic box."""
    from MDAnalysis.lib.formats.libdcd import DCDFile

    random = np.random.default_rng(1)
    shaken = [positions + random.normal(scale=0.03, size=positions.shape) for _ in range(16)]
    centres = np.zeros((mol_id.max() + 1, 3))
    with DCDFile(str(path), "w") as file:
        file.write_header("synthetic", len(positions), 0, 1000, 1.0, 1)
        for frame in range(frames):
            file.write(
                (shaken[frame % 16] + centres[mol_id]).astype(np.float32), np.array([edge, 90, edge, 90, 90, edge])
            )
            centres += random.normal(scale=np.sqrt(2 * 0.1 * INTERVAL_PS), size=centres.shape)


def write_log(path: Path, frames: int, volume: float) -> None:
    """Write thermodynamic output with uncorrelated noise."""
    random = np.random.default_rng(2)
    energy, temperature = random.normal(-1e5, 1, frames), random.normal(300, 1, frames)
    with path.open("w") as stream:
        stream.write("Step Temp Press Volume Density PotEng KinEng TotEng Econserve c_longest_bond CPU\n")
        for frame, (e, t) in enumerate(zip(energy, temperature, strict=True)):
            stream.write(f"{frame * 1000} {t} 0 {volume} 1.0 {e} 1 {e + 1} {e + 1} 1.5 {frame}\n")
        stream.write("Loop time of 1\n")


def forget(path: Path) -> None:
    """Drop a file from the memory of the system, so that it is read from the disk."""
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
        os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def read_alone(folder: Path) -> float:
    """Return the frames per second of MDAnalysis alone."""
    from decant.simulation.run import Run

    trajectory = Run.open(folder).universe().trajectory
    start = time.perf_counter()
    for _ in trajectory:
        pass
    return len(trajectory) / (time.perf_counter() - start)


def tree(pid: int) -> list[int]:
    """Return a process and all that it started."""
    try:
        children = [
            int(word)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for word in (task / "children").read_text().split()
        ]
    except OSError:
        return []
    return [pid, *(below for child in children for below in tree(child))]


def memory_mb(pid: int) -> float:
    """Return the memory of a process: its own pages, and its share of those that others have mapped, too."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return sum(int(kb) for kb in re.findall(r"^Pss: +(\d+) kB", text, re.MULTILINE)) / 1000


def analyze(folder: Path, launcher: list[str], jobs: int) -> tuple[float, float, float]:
    """Return frames per second, seconds of the whole command, and its highest memory, MB."""
    code = "from decant.cli.main import main; main()"
    command = [*launcher, sys.executable, "-c", code, "analyze", str(folder), "--jobs", str(jobs)]
    start, highest = time.perf_counter(), 0.0
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        while process.poll() is None:
            highest = max(highest, sum(memory_mb(pid) for pid in tree(process.pid)))
            time.sleep(0.1)
        seconds = time.perf_counter() - start
        output.seek(0)
        text = output.read()
    if process.returncode != 0:
        raise SystemExit(text)
    return float(re.findall(r"100%  (\S+) frames/s", text)[-1]), seconds, highest


def main() -> None:
    """Make the trajectory, measure and print a line for each way to run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--liquid", default="EC:4,EMC:8", help="composition of the packed box")
    parser.add_argument("--copies", type=int, default=5, help="repeats of the box in each direction")
    parser.add_argument("--frames", type=int, default=5000)
    parser.add_argument("--processes", default="1,2")
    options = parser.parse_args()
    counts = [int(word) for word in options.processes.split(",")]
    ways: list[tuple[str, list[str], int]] = [(f"--jobs {count}", [], count) for count in counts]
    ways += [(f"mpirun -np {count}", [str(BIN / "mpirun"), "-np", str(count)], 0) for count in counts if count > 1]
    with tempfile.TemporaryDirectory(prefix="decant-") as name:
        folder = Path(name)
        make_run(folder, options.liquid, options.copies, options.frames)
        trajectory = folder / "trajectory.0.dcd"
        size = trajectory.stat().st_size
        cores, load = len(os.sched_getaffinity(0)), os.getloadavg()[0]
        print(f"{cores} cores, load {load:.1f}; {size / 1e9:.2f} GB, {options.frames} frames", flush=True)
        for place in ("disk", "memory"):
            if place == "disk":
                forget(trajectory)
            alone = read_alone(folder)
            print(f"from {place}, reading alone: {alone:.0f} frames/s, {alone * size / options.frames / 1e6:.0f} MB/s")
            for label, launcher, jobs in ways:
                if place == "disk":
                    forget(trajectory)
                rate, seconds, memory = analyze(folder, launcher, jobs)
                print(
                    f"from {place}, {label}: {rate:.0f} frames/s, share {rate / alone:.2f}; {seconds:.1f} s in all, "
                    f"{memory:.0f} MB",
                    flush=True,
                )


if __name__ == "__main__":
    main()
