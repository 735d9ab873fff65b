"""How fast a MACE is trained: steps by compiled code against those of mace-torch.

    python benchmarks/training.py                             # steps of some shapes, three minutes on two cores
    python benchmarks/training.py --curves data/ec-emc        # errors over time, 2 x seeds x minutes
    python benchmarks/training.py --curves data/ec-emc --preset small --minutes 5 --seeds 5

Steps are optimizer steps on two boxes of 160 atoms of EC/EMC at 1.0 g/cm3, in the model's own precision as mace-torch
has it; both ways take turns in one process, and a figure is the median, lowest and highest of the rounds. The last
column is the median of the ratios of the rounds.

Curves come from `decant fit` on a data directory, both ways in turns, a seed after the other; printed are the force
errors on the validation set after parts of the time, and when the compiled steps reach what those of mace-torch end at.
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from decant.foundation.machine import available_cores, describe_machine
from decant.foundation.progress import Progress
from decant.foundation.tables import format_table

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.busy import DECANT, made_frames

SHAPES: dict[str, dict[str, Any]] = {
    "quick": {"hidden": "16x0e", "r_max": 4.0, "l_max": 2, "correlation": 2, "radial_MLP": [32, 32, 32]},
    "small": {"hidden": "32x0e", "r_max": 4.5, "l_max": 2, "correlation": 3, "radial_MLP": [64, 64, 64]},
    "with vectors": {
        "hidden": "32x0e+32x1o", "r_max": 5.0, "l_max": 2, "correlation": 3, "radial_MLP": [64, 64, 64]
    },
    "paper": {"hidden": "128x0e+128x1o", "r_max": 6.0, "l_max": 3, "correlation": 3, "radial_MLP": [64, 64, 64]},
}  # fmt: skip
DATE = r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+) INFO: "
BEGUN = re.compile(DATE + "Started training")
EPOCH = re.compile(DATE + r"Epoch \d+: .*RMSE_F= *([\d.]+)")


def steps_table(shapes: list[str], threads: list[int], rounds: int) -> str:
    """Return the table of milliseconds a step."""
    rows = []
    with Progress("steps", len(shapes) * len(threads), "shapes") as progress:
        for shape in shapes:
            for count in threads:
                torch_ms, compiled_ms = step_times(SHAPES[shape], count, rounds)
                ratio = statistics.median(a / b for a, b in zip(torch_ms, compiled_ms, strict=True))
                rows.append([shape, str(count), spread(torch_ms), spread(compiled_ms), f"{ratio:.1f}"])
                progress.update(len(rows))
    return format_table([["shape", "threads", "mace-torch, ms", "compiled, ms", "ratio"], *rows])


def spread(values: list[float]) -> str:
    """Return the median with the lowest and the highest."""
    return f"{statistics.median(values):.0f} ({min(values):.0f} to {max(values):.0f})"


def step_times(shape: dict[str, Any], threads: int, rounds: int) -> tuple[list[float], list[float]]:
    """Return milliseconds of a step by mace-torch and by compiled code, in turns."""
    import torch
    from mace.tools.train import take_step

    from decant.algorithms.mace.compiled_training import CompiledModel
    from decant.algorithms.mace.random import random_mace
    from mace import modules

    torch.set_num_threads(threads)
    torch.set_default_dtype(torch.float32)
    model = random_mace(**shape).float()
    batch = batch_of_boxes(shape["r_max"])
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4, amsgrad=True)
    words: dict[str, Any] = {
        "loss_fn": modules.WeightedEnergyForcesLoss(100, 10), "optimizer": optimizer, "ema": None,
        "max_grad_norm": 10.0, "device": torch.device("cpu"),
        "output_args": {"forces": True, "virials": False, "stress": False},
    }  # fmt: skip
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds + 1):
        for seen, found in zip((model, CompiledModel(model)), times, strict=True):
            began = time.perf_counter()
            take_step(model=seen, batch=batch.clone(), **words)
            if number:  # the first of each makes what the others find
                found.append(1e3 * (time.perf_counter() - began))
    return times


def batch_of_boxes(cutoff: float) -> Any:
    """Return a batch of two boxes with random labels."""
    from mace import data, tools

    table = tools.AtomicNumberTable([1, 6, 8])
    keys = data.KeySpecification.from_defaults()
    graphs = [
        data.AtomicData.from_config(data.config_from_atoms(atoms, key_specification=keys), z_table=table, cutoff=cutoff)
        for atoms in made_frames("EC:4,EMC:8", 1.0, 2)
    ]
    return next(iter(tools.torch_geometric.dataloader.DataLoader(dataset=graphs, batch_size=2)))


def curves(data: Path, preset: str, minutes: float, seeds: int) -> str:
    """Return the table of force errors over time, and when the compiled steps overtake."""
    parts = [0.1, 0.2, 0.33, 0.5, 0.75, 1.0]
    found: dict[str, list[list[tuple[float, float]]]] = {"mace-torch": [], "compiled": []}
    with tempfile.TemporaryDirectory() as folder, Progress("fits", 2 * seeds, "fits") as progress:
        for seed in range(1, seeds + 1):
            for way, setting in (("mace-torch", "false"), ("compiled", "true")):
                model = Path(folder) / f"{way}-{seed}"
                words = ["fit", "mace", str(data), "-o", str(model), "--preset", preset, "--seed", str(seed)]
                words += ["--max-time", f"{minutes}min", "--no-evaluate", "--set", f"compiled_steps={setting}"]
                subprocess.run([*DECANT, *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                found[way].append(course((model / "work" / "train.log").read_text()))
                progress.update(sum(map(len, found.values())))
    rows = [
        [way, *(spread([error_at(run, part * 60 * minutes) for run in runs]) for part in parts)]
        for way, runs in found.items()
    ]
    table = format_table([["force error, meV/A, after", *(f"{part * minutes:.1f} min" for part in parts)], *rows])
    overtakes = [
        next((when for when, error in fast if error <= slow[-1][1]), float("nan")) / slow[-1][0]
        for slow, fast in zip(found["mace-torch"], found["compiled"], strict=True)
    ]
    shares = ", ".join(f"{100 * share:.0f} %" for share in overtakes)
    return f"{table}\nthe last error of mace-torch is reached by compiled steps after this part of the time: {shares}"


def course(log: str) -> list[tuple[float, float]]:
    """Return seconds since the first step and the force error, meV/A, after each epoch."""
    begun = BEGUN.search(log)
    assert begun, "a training that never began"
    start = datetime.fromisoformat(begun[1])
    return [((datetime.fromisoformat(at) - start).total_seconds(), float(error)) for at, error in EPOCH.findall(log)]


def error_at(run: list[tuple[float, float]], seconds: float) -> float:
    """Return the last error that a run had at a time; infinite before its first."""
    return next((error for when, error in reversed(run) if when <= seconds), float("inf"))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shapes", nargs="*", default=list(SHAPES), help=f"of {', '.join(SHAPES)}")
    parser.add_argument("--threads", default=f"1,{available_cores()}")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--curves", type=Path, metavar="DATA")
    parser.add_argument("--preset", default="small")
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--seeds", type=int, default=3)
    own = parser.parse_args()
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    print(describe_machine())
    if own.curves:
        print(curves(own.curves, own.preset, own.minutes, own.seeds))
    else:
        print(steps_table(own.shapes, sorted({int(word) for word in own.threads.split(",")}), own.rounds))


if __name__ == "__main__":
    sys.exit(main())
