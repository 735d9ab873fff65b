"""Cost of every recipe for EC/EMC, in seconds per 100 frames of building and of labelling with GFN2-xTB, as one table.

    python benchmarks/recipes.py --frames 8 --jobs 2

A few frames of each recipe are built and labelled, and the time is extrapolated to 100; the relaxation of the
conformers, which happens once however many frames there are, is measured apart and not extrapolated. Leave the machine
alone meanwhile.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

from decant.configurations.base import build_entry
from decant.configurations.thermal import normal_modes
from decant.foundation.files import write_beside
from decant.foundation.tables import format_table
from decant.labels.label import label_frames
from decant.labels.registry import labeler
from decant.molecules.solvents import molecule


def entries(size: int, driver: str, length: str) -> dict[str, dict[str, Any]]:
    """Return the parameters of each recipe; boxes are EC and EMC as 3 to 7."""
    box = {"liquid": "EC:3,EMC:7", "molecules": size, "density": 1.1}
    return {
        "monomer": {"molecule": "EMC", "temperature": [200, 800]},
        "torsion": {"molecule": "EMC", "steps": 12},
        "dimer": {"molecules": "EC,EMC"},
        "cluster": {"molecules": "EC,EMC", "size": 3},
        "cluster-cut": {**box, "size": 3},
        "liquid": {**box, "density": [0.9, 1.2]},
        "mixture-grid": {"solvents": "EC,EMC", "molecules": size},
        "volume-scan": box,
        "rigid-moves": box,
        "hot": {**box, "driver": driver, "length": length, "snapshots": 4},
    }


def measure(recipe: str, parameters: dict[str, Any], frames: int, method: str, jobs: int, folder: Path) -> list[str]:
    """Return a row: recipe, atoms, seconds per 100 frames of building and of labelling."""
    start = time.perf_counter()
    made = build_entry({"recipe": recipe, "count": frames, "parameters": parameters}, 0, 1)
    built = time.perf_counter() - start
    start = time.perf_counter()
    label_frames(made, labeler(method), folder / f"{recipe}.jsonl", jobs)
    labelled = time.perf_counter() - start
    atoms = sum(map(len, made)) / len(made)
    return [recipe, f"{atoms:.0f}", f"{len(made)}", *(f"{100 * value / len(made):.3g}" for value in (built, labelled))]


def options() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipes", help="names with commas; all by default")
    parser.add_argument("--frames", type=int, default=12, help="built and labelled of each recipe")
    parser.add_argument("--molecules", type=int, default=10, help="in a box")
    parser.add_argument("--conformers", type=int, default=2, help="of each molecule")
    parser.add_argument("--hessian", default="gfn2-xtb")
    parser.add_argument("--method", default="gfn2-xtb", help="of the labels")
    parser.add_argument("--jobs", type=int, default=2, help="processes that label")
    parser.add_argument("--driver", default="gfn2-xtb", help="of recipe hot, or potential:DIRECTORY")
    parser.add_argument("--length", default="0.1ps", help="of the dynamics of recipe hot")
    parser.add_argument("-o", "--output", type=Path, default=Path("bench/recipes"))
    return parser.parse_args()


def main() -> None:
    """Measure and write table.txt."""
    chosen = options()
    start = time.perf_counter()
    for name in ("EC", "EMC"):
        for conformer in range(chosen.conformers):
            normal_modes(molecule(name), conformer + 1, chosen.hessian)
    once = time.perf_counter() - start
    every = entries(chosen.molecules, chosen.driver, chosen.length)
    heading = ["recipe", "atoms", "frames", "build s/100", f"label s/100 ({chosen.jobs} processes)"]
    rows = [heading]
    with tempfile.TemporaryDirectory(prefix="decant-") as folder:
        for recipe in chosen.recipes.split(",") if chosen.recipes else every:
            parameters = {**every[recipe], "hessian": chosen.hessian, "conformers": chosen.conformers}
            rows.append(measure(recipe, parameters, chosen.frames, chosen.method, chosen.jobs, Path(folder)))
    note = (
        f"extrapolated from the frames shown; once, besides: {once:.1f} s for {chosen.conformers} conformers each of "
        f"EC and EMC ({chosen.hessian}); recipe hot: {chosen.length} a box with {chosen.driver}; "
        f"labels: {chosen.method}, the start of its processes included"
    )
    text = f"{format_table(rows)}\n{note}\n"
    chosen.output.mkdir(parents=True, exist_ok=True)
    with write_beside(chosen.output / "table.txt") as temporary:
        temporary.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
