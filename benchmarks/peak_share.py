"""What share of the core's highest single-precision rate each kernel of `pair_style mace` reaches.

    python benchmarks/peak_share.py

The models of mace_table.py in single precision, one rank of one thread. The rate is measured by fma_peak.cpp, compiled
by g++ for this machine, right before and after. Operations are counted from the sizes in the model file: those on
channels, each multiplication and each addition one. Work on an edge as a whole (spherical harmonics, weights of the
splines, coupling of paths), on indices and on memory is not counted: it lowers the share, as it should. Leave the
machine alone meanwhile.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from mace_table import MODELS, make_potential
from safetensors.numpy import load_file

from decant.algorithms.mace.algorithm import MODEL
from decant.foundation.tables import format_table
from decant.planning.bench import Plan, bench
from decant.planning.bench_report import machine_line

SPLINE = 6
"""Values that are weighted for one radial function."""


def peak() -> float:
    """Return the highest rate of one core, Gflop/s."""
    source = Path(__file__).with_name("fma_peak.cpp")
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "fma_peak"
        subprocess.run(["g++", "-O3", "-march=native", "-ffp-contract=fast", source, "-o", program], check=True)
        return float(subprocess.run([program], check=True, capture_output=True, text=True).stdout)


def edge_operations(paths: np.ndarray, first: bool) -> tuple[int, int]:
    """Return the operations of an edge for each channel, forward and reverse; see cpu/kernels/interaction.cpp."""
    forward = reverse = 0
    for l1, _, l3 in paths.tolist():
        m1, m3 = 2 * l1 + 1, 2 * l3 + 1
        forward += (2 * SPLINE - 1) + m1 * (1 + 2 * m3)
        reverse += 2 * (2 * SPLINE - 1) + m1 * (1 + 4 * m3 + 2 + (0 if first else 2)) + 2
    return forward, reverse


def product_operations(terms: np.ndarray) -> tuple[int, int]:
    """Return the operations of the symmetric contraction for each atom and channel; see cpu/kernels/product.cpp."""
    degrees = (terms[:, 1:] >= 0).sum(axis=1)
    return sum(degree + 1 for degree in degrees.tolist()), sum({1: 2, 2: 5, 3: 9, 4: 14}[d] for d in degrees.tolist())


def operations(arrays: dict[str, Any], neighbours: float) -> dict[str, float]:
    """Return the operations of each kernel for one atom and step."""
    channels, l_max, layers = (int(size) for size in arrays["sizes"])
    found: dict[str, float] = {}
    for t in range(layers):
        prefix, name = f"layers.{t}.", f"{t + 1}"
        l_in, l_out = (int(value) for value in arrays[f"{prefix}l"])
        forward, reverse = edge_operations(arrays[f"{prefix}paths"], t == 0)
        found[f"edges_forward {name}"] = neighbours * channels * forward
        found[f"edges_reverse {name}"] = neighbours * channels * reverse
        mix = sum((2 * l + 1) * arrays[f"{prefix}mix.{l}"].shape[1] for l in range(l_max + 1))
        found[f"mix {name}"] = 2 * 2 * mix * channels**2
        forward, reverse = product_operations(arrays[f"{prefix}terms"])
        found[f"product_forward {name}"] = channels * forward
        found[f"product_reverse {name}"] = channels * reverse
        maps = (l_out + 1) ** 2 + sum(2 * l + 1 for l in range(l_out + 1) if f"{prefix}skip.{l}" in arrays)
        found[f"update {name}"] = 2 * 2 * maps * channels**2
        if t > 0:
            found[f"sources {name}"] = 2 * 2 * (l_in + 1) ** 2 * channels**2
    return found


def main() -> None:
    """Measure and print a table for each model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default="A,B,C")
    parser.add_argument("--atoms", type=int, default=320)
    options = parser.parse_args()
    before = peak()
    with tempfile.TemporaryDirectory(prefix="decant-bench-") as folder:
        potentials = [make_potential(Path(folder), model, "float") for model in options.models.split(",")]
        done = bench(Plan(tuple(potentials), atoms=(options.atoms,), ranks=(1,), steps=100, repeats=1))
        highest = max(before, peak())
        print(f"{machine_line(done)}\nhighest rate of one core: {highest:.0f} Gflop/s in single precision")
        for result, potential in zip(done.results, potentials, strict=True):
            counted = operations(load_file(potential / MODEL), result.neighbours or 0.0)
            profile = result.profile
            rows = [["kernel and layer", "share of time, %", "Gflop/s", "share of the highest rate, %"]]
            for kernel, work in counted.items():
                rate = 1e-9 * work * profile.atoms * profile.steps / profile.kernels[kernel]
                share = profile.kernels[kernel] / profile.loop_s
                rows.append([kernel, f"{100 * share:.1f}", f"{rate:.0f}", f"{100 * rate / highest:.0f}"])
            rate = 1e-9 * sum(counted.values()) * profile.atoms * profile.steps / profile.loop_s
            rows.append(["the whole step", "100", f"{rate:.0f}", f"{100 * rate / highest:.0f}"])
            hidden, r_max = MODELS[potential.name.split()[0]]
            print(f"\n{potential.name}: {hidden}, r_max {r_max:g}, {result.neighbours:.0f} neighbours")
            print(format_table(rows))


if __name__ == "__main__":
    main()
