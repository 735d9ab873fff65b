"""The main job from nothing: data, labels, fits of MACE and Deep Potential, exports, checks, liquids, a comparison.

A classical force field is the reference: it makes boxes as they are at 1 bar, labels them, and runs the same liquid
itself, so what each potential says of its density stands beside the truth that it was fitted to.

Every stage is one `decant` command that a person can run by hand; the commands are printed. A stage whose result is
there is not repeated, and one that was interrupted continues.
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
FITS = {
    "mace": "--preset quick --set r_max=5 --set hidden_irreps='16x0e + 16x1o' --max-time 240s",
    "deepmd": "--preset quick --max-time 100s",
}
"""What a fit of each algorithm is told."""


@dataclass(frozen=True)
class Stage:
    """One command and the file that says that it is done; commands without one know themselves what is done."""

    name: str
    command: str
    result: str | None = None


def stages(recipes: Path) -> list[Stage]:
    """Return the stages in order; paths are relative to the demonstration's folder."""
    stages = [
        Stage("build", f"build {recipes} -o configurations.extxyz --seed 1", "configurations.extxyz"),
        Stage("label", "label configurations.extxyz -o labelled.extxyz --method openff", "labelled.extxyz"),
        Stage("split", "split labelled.extxyz -o data --seed 1", "data/test.extxyz"),
    ]
    for algorithm, fit in FITS.items():
        stages += [
            Stage(f"fit {algorithm}", f"fit {algorithm} data -o models/{algorithm} --seed 1 {fit}"),
            Stage(f"export {algorithm}", f"export models/{algorithm} -o potentials/{algorithm} --precision single"),
            Stage(f"check {algorithm}", f"check potentials/{algorithm} data/test.extxyz --ranks 1,2 --limit 4"),
        ]
    liquid = "--liquid EC:4,EMC:8 --copies 1 --temperature 298 --pressure 1 --ranks 2"
    stages.append(
        Stage(
            "simulate the reference",
            f"simulate --method openff {liquid} --length 25ps --equilibration 10ps -o runs/reference",
        )
    )
    stages += [
        Stage(
            f"simulate {algorithm}",
            f"simulate potentials/{algorithm} {liquid} --length 10ps --equilibration 5ps -o runs/{algorithm}",
        )
        for algorithm in FITS
    ]
    runs = ["reference", *FITS]
    stages += [Stage(f"analyze {run}", f"analyze runs/{run}") for run in runs]
    stages.append(Stage("compare", f"compare {' '.join(f'runs/{run}' for run in runs)} -o summary"))
    return stages


def main() -> int:
    """Run the stages in a folder; return the exit code of the first that fails, or 0."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("demo"), help="where everything is written (default: demo)")
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    decant = str(Path(sys.executable).parent / "decant")
    start = time.monotonic()
    todo = stages(HERE / "demo_recipes.yaml")
    for number, stage in enumerate(todo, start=1):
        heading = f"[{number}/{len(todo)}] {stage.name}"
        if stage.result and (folder / stage.result).exists():
            print(f"{heading}: {stage.result} is there", flush=True)
            continue
        print(f"{heading} (after {time.monotonic() - start:.0f} s): decant {stage.command}", flush=True)
        done = subprocess.run([decant, *shlex.split(stage.command)], cwd=folder, check=False)
        if done.returncode != 0:
            print(f"demo: stage '{stage.name}' failed; mend it and run the same command again", file=sys.stderr)
            return done.returncode
    print(f"demo: done in {(time.monotonic() - start) / 60:.1f} min; open {folder / 'summary' / 'summary.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
