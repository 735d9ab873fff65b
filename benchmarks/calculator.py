"""Speed of the compiled MACE calculator against MACE's own on torch, on the same frames and cores.

    python benchmarks/calculator.py potentials/mace-a --liquid EC:4,EMC:8 --copies 1 --threads 2

Frames are a packed liquid at 1 g/cm3 with the atoms shaken anew in each, so that nothing can be remembered. Every
evaluation gives energy, forces and stress, and includes the neighbor list. The two calculators take turns, so that a
machine whose speed drifts does not favour one of them.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np


def torch_calculator(directory: Path, precision: str) -> Any:
    """Return MACE's own calculator in either arithmetic."""
    from decant.algorithms.mace.algorithm import REFERENCE
    from decant.algorithms.mace.reference import read_reference
    from decant.algorithms.training import quiet

    with quiet():
        from mace.calculators import MACECalculator

        dtype = {"double": "float64", "single": "float32"}[precision]
        return MACECalculator(models=[read_reference(directory / REFERENCE)], device="cpu", default_dtype=dtype)


def seconds(calculator: Any, frames: list[Any]) -> float:
    """Return the time of one evaluation."""
    start = time.perf_counter()
    for atoms in frames:
        calculator.calculate(atoms)
    return (time.perf_counter() - start) / len(frames)


def spread(values: list[float], unit: float = 1.0) -> str:
    """Return median, lowest and highest."""
    return f"{statistics.median(values) / unit:.3g} ({min(values) / unit:.3g} to {max(values) / unit:.3g})"


def compare(path: Path, precision: str, frames: list[Any], repeats: int) -> str:
    """Return a line with both times, their ratio and the largest difference of a force component."""
    from decant.algorithms.mace.algorithm import MODEL
    from decant.algorithms.mace.calculator import CompiledMACE

    calculators = {"ours": CompiledMACE(path / MODEL, precision=precision), "torch": torch_calculator(path, precision)}
    forces = []
    for calculator in calculators.values():  # the first evaluation of torch compiles; it also shows that both agree
        for _ in range(2):
            calculator.calculate(frames[0])
        forces.append(np.array(calculator.results["forces"]))
    times: dict[str, list[float]] = {name: [] for name in calculators}
    for _ in range(repeats):
        for name, calculator in calculators.items():
            times[name].append(seconds(calculator, frames))
    ratios = [slow / fast for slow, fast in zip(times["torch"], times["ours"], strict=True)]
    return (
        f"{path.name}, {precision}, {len(frames[0])} atoms: compiled {spread(times['ours'], 1e-3)} ms, "
        f"torch {spread(times['torch'], 1e-3)} ms, {spread(ratios)} times as fast; "
        f"forces differ by {np.abs(forces[0] - forces[1]).max():.1e} eV/A"
    )


def main() -> None:
    """Measure and print a line for each potential, size and precision."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("potentials", type=Path, nargs="+", help="exported MACE potentials")
    parser.add_argument("--liquid", default="EC:4,EMC:8")
    parser.add_argument("--copies", default="1")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--precision", choices=["double", "single", "both"], default="both")
    parser.add_argument("--frames", type=int, default=5, help="evaluations in a turn")
    parser.add_argument("--repeats", type=int, default=5, help="turns of each calculator")
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(options.threads)  # before the libraries that read it are loaded

    from decant.molecules.liquid import parse_liquid
    from decant.molecules.packing import pack

    print(
        f"{options.threads} threads of {len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}; "
        "median (lowest to highest) of an evaluation"
    )
    random = np.random.default_rng(1)
    for copies in map(int, options.copies.split(",")):
        packed = pack([(molecule, copies * count) for molecule, count in parse_liquid(options.liquid)], 1.0, seed=1)
        frames = [packed.copy() for _ in range(options.frames)]
        for atoms in frames:
            atoms.positions += random.normal(scale=0.02, size=(len(atoms), 3))
        for path in options.potentials:
            for precision in ("double", "single") if options.precision == "both" else (options.precision,):
                print(compare(path, precision, frames, options.repeats), flush=True)


if __name__ == "__main__":
    main()
