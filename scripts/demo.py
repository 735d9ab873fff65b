"""The main job from nothing: data, labels, fits of MACE and Deep Potential, exports, checks, liquids, a comparison.

A first potential, fitted to packed boxes alone, collects the second half of the data by its own molecular dynamics.

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


@dataclass(frozen=True)
class Stage:
    """One command and the file that says that it is done; commands without one know themselves what is done."""

    name: str
    command: str
    result: str | None = None


def stages(recipes: Path, sampling: Path) -> list[Stage]:
    """Return the stages in order; paths are relative to the demonstration's folder."""
    stages = [
        Stage("build", f"build {recipes} -o configurations.extxyz --seed 1", "configurations.extxyz"),
        Stage("label", "label configurations.extxyz -o labelled.extxyz --method gfn2-xtb", "labelled.extxyz"),
        Stage("split", "split labelled.extxyz -o first --seed 1", "first/test.extxyz"),
        Stage("first fit", "fit mace first -o models/first --preset quick --seed 1 --max-time 60s"),
        Stage("first export", "export models/first -o potentials/first --precision single"),
        Stage("sample", f"build {sampling} -o sampled.extxyz --seed 1001", "sampled.extxyz"),
        Stage("label", "label sampled.extxyz -o sampled-labelled.extxyz --method gfn2-xtb", "sampled-labelled.extxyz"),
        Stage("split", "split labelled.extxyz sampled-labelled.extxyz -o data --seed 1", "data/test.extxyz"),
    ]
    fit = "--preset quick --seed 1 --max-time 200s"
    for algorithm in ("mace", "deepmd"):
        stages += [
            Stage(f"fit {algorithm}", f"fit {algorithm} data -o models/{algorithm} {fit}"),
            Stage(f"export {algorithm}", f"export models/{algorithm} -o potentials/{algorithm}"),
            Stage(f"check {algorithm}", f"check potentials/{algorithm} data/test.extxyz --ranks 1,2 --limit 4"),
        ]
    # GFN2-xTB binds these molecules too weakly: by its own energies the liquid has 2 to 3 kbar at 0.7 to 1.0 g/cm3, so
    # at 1 bar a potential that is true to it lets the liquid evaporate; 3 kbar hold it near the density of experiment
    liquid = "--liquid EC:4,EMC:8 --copies 1 --temperature 298 --pressure 3000 --ranks 2"
    for algorithm in ("mace", "deepmd"):
        stages += [
            Stage(
                f"simulate {algorithm}",
                f"simulate potentials/{algorithm} {liquid} --length 4ps --equilibration 2ps -o runs/{algorithm}",
            ),
            Stage(f"analyze {algorithm}", f"analyze runs/{algorithm}"),
        ]
    stages.append(
        Stage(
            "compare",
            "compare runs/mace runs/deepmd --potential potentials/mace --potential potentials/deepmd -o summary",
        )
    )
    return stages


def main() -> int:
    """Run the stages in a folder; return the exit code of the first that fails, or 0."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("demo"), help="where everything is written (default: demo)")
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    decant = str(Path(sys.executable).parent / "decant")
    start = time.monotonic()
    todo = stages(HERE / "demo_recipes.yaml", HERE / "demo_sampling.yaml")
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
