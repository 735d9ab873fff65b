"""Speed and memory of `pair_style mace` for sizes of model, in single and double precision, as one table.

    python benchmarks/mace_table.py
    python benchmarks/mace_table.py --models C,MH-1 --precisions float --atoms 160

Models of two layers, l_max 3 and correlation 3 for H, C and O, with random weights, since speed does not depend on
training; liquid EC:4,EMC:8 at 1.0 g/cm3, NVT at 300 K, neighbor skin 1 angstrom. It is `decant bench` over these
models, and writes table.txt beside the files of that command. Leave the machine alone meanwhile.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from decant.algorithms.mace.random import GATED, random_mace
from decant.algorithms.training import quiet
from decant.cli.options import whole_numbers
from decant.foundation.errors import InputError, ProgramFailed
from decant.foundation.files import write_beside
from decant.foundation.tables import format_table
from decant.planning.bench import Bench, Plan, Result, bench
from decant.planning.bench_report import as_text, conditions_line, machine_line, require_folder, write
from decant.potentials.export import export

MODELS: dict[str, dict[str, Any]] = {
    "A": {"hidden": "64x0e", "r_max": 4.5},
    "B": {"hidden": "128x0e", "r_max": 5.0},
    "C": {"hidden": "128x0e+128x1o", "r_max": 6.0},  # of MACE-OFF24 medium, too
    "MH-1": {
        **GATED, "hidden": "512x0e+512x1o", "edge_irreps": "128x0e+128x1o", "use_edge_irreps_first": True, "r_max": 6.0,
        "num_bessel": 10, "distance_transform": "Agnesi", "pair_repulsion": True, "use_agnostic_product": True,
    },
}  # fmt: skip
PRECISIONS = {"float": "single", "double": "double"}


def make_potential(folder: Path, model: str, precision: str) -> Path:
    """Export a model with random weights; return the folder of the potential."""
    import torch

    source = folder / f"{model}.model"
    if not source.is_file():
        with quiet():
            torch.save(random_mace(**MODELS[model], l_max=3, correlation=3, layers=2), source)
    return export(source, folder / f"{model} {precision}", PRECISIONS[precision])[0].path


def table(done: Bench) -> str:
    """Return a row for each model and precision, a column for each size, ranks and threads."""
    layouts = list(dict.fromkeys((r.case.atoms, r.case.ranks, r.case.threads) for r in done.results))
    largest = max(atoms for atoms, _, _ in layouts)
    heading = ["katom-step/s", "hidden", "r_max", "neighbours"]
    heading += [f"{atoms} atoms, {ranks} x {threads}" for atoms, ranks, threads in layouts]
    rows = [[*heading, f"MB a rank, {largest} atoms"]]
    for name in dict.fromkeys(result.case.potential for result in done.results):
        shape = MODELS[name.split()[0]]
        own = {(r.case.atoms, r.case.ranks, r.case.threads): r for r in done.results if r.case.potential == name}
        first = next(result for layout, result in own.items() if layout[0] == largest)
        cells = [f"{first.neighbours:.0f}", *(speed(own[layout]) for layout in layouts), memory(first)]
        rows.append([name, shape["hidden"], f"{shape['r_max']:g}", *cells])
    note = "ranks x threads; median and half the range over repeats; memory: fixed part + kB for each atom of a rank"
    return "\n".join([machine_line(done), conditions_line(done.plan), note, "", format_table(rows)])


def speed(result: Result) -> str:
    """Return median and half the range."""
    return f"{result.speed:.3g} ± {(max(result.speeds) - min(result.speeds)) / 2:.1g}"


def memory(result: Result) -> str:
    """Return the peak and its two parts."""
    return f"{result.peak_MB:.0f} = {result.fixed_MB:.0f} + {result.kB_per_atom:.3g} kB/atom"


def options() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default="A,B,C")
    parser.add_argument("--precisions", default="float,double")
    parser.add_argument("--atoms", default="160,1280")
    parser.add_argument("--ranks", default="1,2")
    parser.add_argument("--threads", default="1")
    parser.add_argument("--steps", type=int, help="of a timed run; by default as many as take about 10 s")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("-o", "--output", type=Path, default=Path("bench/mace-table"))
    return parser.parse_args()


def main() -> None:
    """Measure, print and write."""
    chosen = options()
    models, precisions = chosen.models.split(","), chosen.precisions.split(",")
    if not set(models) <= set(MODELS) or not set(precisions) <= set(PRECISIONS):
        raise InputError(f"--models: expected some of {','.join(MODELS)}; --precisions: of {','.join(PRECISIONS)}")
    require_folder(chosen.output)
    with tempfile.TemporaryDirectory(prefix="decant-bench-") as name:
        potentials = [make_potential(Path(name), model, precision) for model in models for precision in precisions]
        done = bench(
            Plan(
                potentials=tuple(potentials),
                atoms=tuple(whole_numbers("--atoms", chosen.atoms)),
                ranks=tuple(whole_numbers("--ranks", chosen.ranks)),
                threads=tuple(whole_numbers("--threads", chosen.threads)),
                steps=chosen.steps,
                repeats=chosen.repeats,
            )
        )
    print(as_text(done), "\n")
    print(table(done))
    write(done, chosen.output)
    with write_beside(chosen.output / "table.txt") as temporary:
        temporary.write_text(table(done) + "\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except (InputError, ProgramFailed) as error:
        raise SystemExit(f"mace_table: error: {error}") from error
