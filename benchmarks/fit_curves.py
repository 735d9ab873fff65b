"""What fits have after how long: ways to fit in turns, each with its own limit of time, several seeds.

    python benchmarks/fit_curves.py deepmd data/ec-emc --preset small --minutes 1,2,4 --seeds 3 \\
        --way single --way double model.descriptor.precision=float64 model.fitting_net.precision=float64

A way is a name and the settings (`decant fit --set`) that it has on top of the preset. Every fit is one of its own,
since schedules of learning rates follow the limit, and an error in the midst of a longer fit is not that of a short
one. A seed comes after the other, in each the times and the ways in turns, so that a machine that others use is as slow
for all. Printed are errors of forces, and of energies less their mean error, on the test set, mean and standard error
over the seeds, the mean ratio of the pairs, and the passes over the data that there was time for.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from decant.foundation.files import read_yaml
from decant.foundation.machine import describe_machine
from decant.foundation.progress import Progress
from decant.foundation.tables import format_table

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.busy import DECANT

Fits = dict[tuple[str, float], list[dict[str, Any]]]


def fits(own: argparse.Namespace, folder: Path) -> Fits:
    """Return the records of all fits, by way and minutes, a seed after the other."""
    found: Fits = {(way[0], minutes): [] for minutes in own.minutes for way in own.way}
    with Progress("fits", own.seeds * len(found), "fits") as progress:
        for seed in range(1, own.seeds + 1):
            for minutes in own.minutes:
                for name, *settings in own.way:
                    model = folder / f"{name}-{minutes:g}-{seed}"
                    words = ["fit", own.algorithm, str(own.data), "-o", str(model), "--seed", str(seed)]
                    words += ["--preset", own.preset, "--max-time", f"{minutes}min"]
                    words += [word for setting in settings for word in ("--set", setting)]
                    done = subprocess.run([*DECANT, *words], check=False, capture_output=True, text=True)
                    if done.returncode:
                        sys.exit(f"decant {' '.join(words)}\n{done.stderr[-2000:]}")
                    found[name, minutes].append(read_yaml(model / "fit.yaml") | read_yaml(model / "errors.yaml"))
                    progress.update(sum(map(len, found.values())))
    return found


def table(found: Fits, first: str) -> str:
    """Return the errors of each way after each time; ratios are to the way that was named first."""
    rows = []
    for (way, minutes), records in found.items():
        forces = [record["force_meV_per_A"]["total"]["rmse"] for record in records]
        energies = [record["energy_meV_per_atom"]["rmse_shifted"] for record in records]
        against = [record["force_meV_per_A"]["total"]["rmse"] for record in found[first, minutes]]
        ratio = statistics.mean(a / b for a, b in zip(forces, against, strict=True))
        epochs = statistics.mean(record["epochs"] for record in records)
        rows.append([f"{minutes:g}", way, spread(forces), f"{ratio:.2f}", spread(energies, 2), f"{epochs:.3g}"])
    head = ["minutes", "way", "force, meV/A", f"to {first}", "energy, meV/atom", "epochs"]
    return format_table([head, *rows])


def spread(values: list[float], digits: int = 0) -> str:
    """Return the mean and its standard error."""
    error = statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else float("nan")
    return f"{statistics.mean(values):.{digits}f} ± {error:.{digits}f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("algorithm")
    parser.add_argument("data", type=Path, help="directory of 'decant split', with test.extxyz")
    parser.add_argument("--preset", default="small")
    parser.add_argument("--minutes", type=lambda text: [float(word) for word in text.split(",")], default=[1.0, 2.0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--way", nargs="+", action="append", metavar=("NAME", "KEY=VALUE"), required=True)
    own = parser.parse_args()
    if len({way[0] for way in own.way}) < len(own.way):
        parser.error("two ways have the same name")
    print(describe_machine())
    with tempfile.TemporaryDirectory() as folder:
        print(table(fits(own, Path(folder)), own.way[0][0]))


if __name__ == "__main__":
    sys.exit(main())
