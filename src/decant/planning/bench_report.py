"""A bench as tables for people, and as bench.yaml, bench.csv and bench.png."""

from __future__ import annotations

import csv
import os
import statistics
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from decant.foundation.directories import require_writable
from decant.foundation.errors import InputError
from decant.foundation.files import write_beside, write_yaml
from decant.foundation.tables import format_table
from decant.lammps.command import MACE
from decant.lammps.launcher import DEVICE
from decant.planning.bench import Bench, Plan, Result

FILES = ("bench.yaml", "bench.csv", "bench.png")


def machine_line(bench: Bench) -> str:
    """Return the machine in one line."""
    return "{cpu}, {cores} cores, {simd}, {memory_GB} GB, {system}; load {load_before} before".format(**bench.machine)


def conditions_line(plan: Plan) -> str:
    """Return in one line what was run."""
    what = plan.system.name if plan.system else f"{plan.liquid} at {plan.density_g_cm3:g} g/cm3"
    where = f" on {device}" if (device := plan.device or os.environ.get(DEVICE)) else ""
    return (
        f"{what}{where}, {plan.temperature_K:g} K, NVT, timestep {plan.timestep_fs:g} fs, skin 1 A;"
        f" median (lowest to highest) of {plan.repeats} runs, in turns; efficiency of medians (of the fastest)"
    )


def as_text(bench: Bench) -> str:
    """Return everything as text for a terminal."""
    parts = [machine_line(bench), conditions_line(bench.plan), "", _speeds(bench)]
    parts += _disturbed(bench)
    parts += [f"left out: {note}" for note in bench.skipped]
    for name in dict.fromkeys(result.case.potential for result in bench.results):
        parts += ["", f"{name}: share of time, %", _shares([r for r in bench.results if r.case.potential == name])]
    return "\n".join(parts)


def _speeds(bench: Bench) -> str:
    heading = [
        "potential", "atoms", "ranks", "threads", "steps", "katom-step/s", "efficiency", "ns/day",
        "MB a rank", "fixed MB", "kB/atom",
    ]  # fmt: skip
    rows = [heading]
    for result in bench.results:
        case, share, best = result.case, efficiency(bench, result), efficiency(bench, result, max)
        rows.append(
            [
                case.potential,
                *map(str, (case.atoms, case.ranks, case.threads, result.runs[-1].steps)),
                f"{result.speed:.3g} ({min(result.speeds):.3g} to {max(result.speeds):.3g})",
                "" if share is None or best is None else f"{share:.0%} ({best:.0%})",
                f"{result.ns_per_day(bench.plan.timestep_fs):.3g}",
                f"{result.peak_MB:.4g}",
                f"{result.fixed_MB:.4g}",
                f"{result.kB_per_atom:.3g}",
            ]
        )
    return format_table(rows)


def _disturbed(bench: Bench) -> list[str]:
    """Say which results are too low because other processes took the cores that they needed."""
    cores = int(bench.machine["cores"])
    found = [result for result in bench.results if result.is_disturbed(cores)]
    if not found:
        return []
    others = max(result.others_busy_cores or 0.0 for result in found)
    return [
        f"busy: other processes kept up to {others:.1f} of the {cores} cores busy; too low, and not used by "
        f"'decant plan', are {', '.join(str(result.case) for result in found)}: measure again on a quiet machine"
    ]


def efficiency(
    bench: Bench, result: Result, of_runs: Callable[[Sequence[float]], float] = statistics.median
) -> float | None:
    """Return the speed over that of one rank with one thread times the cores used, or None without such a result.

    A step takes as long as its slowest rank, so whatever else disturbs the machine costs several ranks more than one:
    of the fastest runs (`max`) the efficiency is that of the program, of the median that of the program and machine.
    """
    case = result.case
    for other in bench.results:
        one = other.case
        if (one.folder, one.atoms, one.ranks, one.threads) == (case.folder, case.atoms, 1, 1):
            return of_runs(result.speeds) / (of_runs(other.speeds) * case.ranks * case.threads)
    return None


def _shares(results: list[Result]) -> str:
    """Return a table with a row for each kernel and a column for each configuration."""
    names = dict.fromkeys(name for result in results for name, share in result.shares.items() if share > 5e-4)
    rows = [["kernel and layer", *(f"{r.case.atoms} r{r.case.ranks} t{r.case.threads}" for r in results)]]
    for name in names:
        rows.append([name, *(f"{100 * result.shares.get(name, 0.0):.1f}" for result in results)])
    return format_table(rows)


def as_mapping(bench: Bench) -> dict[str, Any]:
    """Return everything as plain values, keys with units."""
    plan = bench.plan
    return {
        "machine": bench.machine,
        "versions": {"decant": metadata.version("decant-mlip"), "lammps": metadata.version("lammps")},
        "conditions": {
            "system": str(plan.system) if plan.system else f"{plan.liquid} at {plan.density_g_cm3:g} g/cm3",
            "ensemble": "nvt",
            "temperature_K": plan.temperature_K,
            "timestep_fs": plan.timestep_fs,
            "skin_A": 1.0,
            "repeats": plan.repeats,
        },
        "results": [_result(bench, result) for result in bench.results],
        "skipped": bench.skipped,
    }


def _result(bench: Bench, result: Result) -> dict[str, Any]:
    case = result.case
    rounded = {
        "katom_step_per_s": result.speed,
        "katom_step_per_s_lowest": min(result.speeds),
        "katom_step_per_s_highest": max(result.speeds),
        "efficiency": efficiency(bench, result),
        "efficiency_of_fastest": efficiency(bench, result, max),
        "ns_per_day": result.ns_per_day(bench.plan.timestep_fs),
        "peak_MB_per_rank": result.peak_MB,
        "fixed_MB_per_rank": result.fixed_MB,
        "kB_per_atom": result.kB_per_atom,
        "neighbours_per_atom": result.neighbours,
        "others_busy_cores": result.others_busy_cores,
    }
    return {
        "potential": case.potential,
        "atoms": case.atoms,
        "ranks": case.ranks,
        "threads": case.threads,
        "device": (bench.plan.device or os.environ.get(DEVICE) or "cpu") if case.algorithm == MACE else None,
        "steps": result.runs[-1].steps,
        **{key: None if value is None else float(f"{value:.5g}") for key, value in rounded.items()},
        "runs_katom_step_per_s": [float(f"{speed:.5g}") for speed in result.speeds],
        "shares": {name: round(share, 5) for name, share in result.shares.items()},
    }


def write(bench: Bench, output: Path) -> None:
    """Write bench.yaml, bench.csv and bench.png into a folder, which is made if missing.

    Raises
    ------
    InputError
        If `output` is a file, or cannot be written.
    """
    from decant.planning.bench_plot import plot_bench

    require_folder(output)
    content = as_mapping(bench)
    write_yaml(output / "bench.yaml", content)
    shares = [f"share {name}" for name in dict.fromkeys(name for r in content["results"] for name in r["shares"])]
    with write_beside(output / "bench.csv") as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        plain = [key for key in content["results"][0] if key not in ("shares", "runs_katom_step_per_s")]
        writer = csv.DictWriter(stream, [*plain, *shares], extrasaction="ignore", restval="")
        writer.writeheader()
        for result in content["results"]:
            writer.writerow({**result, **{f"share {name}": share for name, share in result["shares"].items()}})
    plot_bench(output / "bench.png", bench.results, machine_line(bench), conditions_line(bench.plan))


def require_folder(output: Path) -> None:
    """Raise `InputError` if there is a file where a folder is to be, or none can be made or written into."""
    if output.is_file():
        raise InputError(f"{output}: is a file; give a folder to `output`, for {', '.join(FILES)}")
    require_writable(output)
