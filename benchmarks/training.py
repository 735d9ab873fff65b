"""How fast a MACE is trained: steps by compiled code against those of mace-torch.

    python benchmarks/training.py                             # steps of some shapes, three minutes on two cores
    python benchmarks/training.py quick small --boxes EC:1,EMC:1 --density 0        # steps of clusters of 25 atoms
    python benchmarks/training.py --curves data/ec-emc        # errors over time, 2 x seeds x minutes
    python benchmarks/training.py --curves data/ec-emc --preset small --minutes 5 --seeds 5

Steps are optimizer steps on two boxes of 160 atoms of EC/EMC at 1.0 g/cm3, from frames to moved parameters and their
average, in the model's own precision as mace-torch has it; both ways take turns of two steps in one process, of which
the second counts, and a figure is the median, lowest and highest of the rounds. `around it` is what of a compiled step
is Python's and torch's. The last column is the median of the ratios of the rounds.

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
    "medium": {"hidden": "32x0e+32x1o", "r_max": 5.0, "l_max": 2, "correlation": 3, "radial_MLP": [64, 64, 64]},
    "paper": {"hidden": "128x0e+128x1o", "r_max": 6.0, "l_max": 3, "correlation": 3, "radial_MLP": [64, 64, 64]},
}  # fmt: skip
DATE = r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+) INFO: "
BEGUN = re.compile(DATE + "Started training")
EPOCH = re.compile(DATE + r"Epoch \d+: .*RMSE_F= *([\d.]+)")


def steps_table(shapes: list[str], frames: list[Any], threads: list[int], rounds: int) -> str:
    """Return the table of milliseconds a step."""
    rows = []
    with Progress("steps", len(shapes) * len(threads), "shapes") as progress:
        for shape in shapes:
            for count in threads:
                torch_ms, compiled_ms, around_ms = step_times(SHAPES[shape], frames, count, rounds)
                ratio = statistics.median(a / b for a, b in zip(torch_ms, compiled_ms, strict=True))
                times = map(spread, (torch_ms, compiled_ms, around_ms))
                rows.append([shape, str(count), *times, f"{ratio:.1f}"])
                progress.update(len(rows))
    return format_table([["shape", "threads", "mace-torch, ms", "compiled, ms", "around it, ms", "ratio"], *rows])


def spread(values: list[float]) -> str:
    """Return the median with the lowest and the highest."""
    return f"{statistics.median(values):.0f} ({min(values):.0f} to {max(values):.0f})"


def step_times(shape: dict[str, Any], frames: list[Any], threads: int, rounds: int) -> tuple[list[float], ...]:
    """Return milliseconds of a step by mace-torch and by compiled code, in turns, and what of the latter is torch's."""
    import torch
    from mace.tools.torch_geometric.batch import Batch
    from torch_ema import ExponentialMovingAverage

    from decant.algorithms.mace.batches import collate
    from decant.algorithms.mace.compiled_training import CompiledModel
    from decant.algorithms.mace.optimizer import MovingAverage, fuse
    from decant.algorithms.mace.random import random_mace

    torch.set_num_threads(threads)
    torch.set_default_dtype(torch.float32)
    model = random_mace(**shape).float()
    compiled = CompiledModel(model)
    compiled.engine.trainer = watched = Watched(compiled.engine.trainer)
    by_torch = stepping(model, Batch.from_data_list, ExponentialMovingAverage, lambda optimizer: None)
    by_compiled = stepping(compiled, collate, MovingAverage, fuse)
    graphs = graphs_of(frames, shape["r_max"])
    times: tuple[list[float], ...] = ([], [], [])
    for number in range(rounds + 1):
        for way, found in zip((by_torch, by_compiled), times, strict=False):
            way(graphs)  # brings back into the caches what the other way's step has driven out
            watched.seconds = 0.0
            began = time.perf_counter()
            way(graphs)
            if number:  # the first round makes what the others find
                found.append(1e3 * (time.perf_counter() - began))
        if number:
            times[2].append(times[1][-1] - 1e3 * watched.seconds)
    return times


def stepping(model: Any, collated: Any, average: Any, prepare: Any) -> Any:
    """Return the steps of a model as a function of the frames of a batch."""
    import torch
    from mace.tools.train import take_step

    from mace import modules

    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4, amsgrad=True)
    prepare(optimizer)
    words: dict[str, Any] = {
        "loss_fn": modules.WeightedEnergyForcesLoss(100, 10), "optimizer": optimizer,
        "ema": average(model.parameters(), decay=0.99), "max_grad_norm": 10.0, "device": torch.device("cpu"),
        "output_args": {"forces": True, "virials": False, "stress": False},
    }  # fmt: skip
    return lambda graphs: take_step(model=model, batch=collated(graphs), **words)


class Watched:
    """Compiled code with the time that is spent in it."""

    def __init__(self, trainer: Any):
        self._trainer = trainer
        self.seconds = 0.0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._trainer, name)
        if not callable(found):
            return found

        def timed(*arguments: Any) -> Any:
            began = time.perf_counter()
            result = found(*arguments)
            self.seconds += time.perf_counter() - began
            return result

        return timed


def graphs_of(frames: list[Any], cutoff: float) -> list[Any]:
    """Return frames as mace-torch keeps them."""
    from mace import data, tools

    table = tools.AtomicNumberTable([1, 6, 8])
    keys = data.KeySpecification.from_defaults()
    return [
        data.AtomicData.from_config(data.config_from_atoms(atoms, key_specification=keys), z_table=table, cutoff=cutoff)
        for atoms in frames
    ]


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
    parser.add_argument("--boxes", default="EC:4,EMC:8", help="molecules of each frame")
    parser.add_argument("--density", type=float, default=1.0, help="g/cm3; 0: clusters")
    parser.add_argument("--curves", type=Path, metavar="DATA")
    parser.add_argument("--preset", default="small")
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--seeds", type=int, default=3)
    own = parser.parse_args()
    if unknown := [shape for shape in own.shapes if shape not in SHAPES]:
        parser.error(f"no shape {', '.join(unknown)}; there are {', '.join(SHAPES)}")
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    print(describe_machine())
    if own.curves:
        print(curves(own.curves, own.preset, own.minutes, own.seeds))
    else:
        frames = made_frames(own.boxes, own.density, 2)
        print(steps_table(own.shapes, frames, sorted({int(word) for word in own.threads.split(",")}), own.rounds))


if __name__ == "__main__":
    sys.exit(main())
