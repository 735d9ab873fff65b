"""How well MPI ranks share the work of `pair_style mace`, beside what the cores of the machine allow.

    python benchmarks/ranks.py

Three measurements in turns: one rank alone; as many runs of one rank at once as there are ranks, which have nothing to
do with each other; and the ranks together. Cores that share caches, memory and clock, or a host with other guests, do
not give even the second the speed of the first times their number. What the program loses is the third against the
second. Every ratio is of one round, so that a machine whose speed drifts favours nothing; the interval is of the median
over rounds (bootstrap of percentiles, 95 %). Models and liquid are those of mace_table.py. Leave the machine alone
meanwhile.
"""

from __future__ import annotations

import argparse
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from mace_table import MODELS, make_potential
from scipy.stats import bootstrap

from decant.foundation.errors import InputError, ProgramFailed
from decant.foundation.machine import describe_machine
from decant.foundation.progress import Progress
from decant.foundation.tables import format_table, write_rows
from decant.planning.bench import DATA, Case, Plan, prepare, run_once


@dataclass(frozen=True)
class Round:
    """katom-step/s of one rank alone, of independent runs at once in all, and of the ranks together."""

    alone: float
    independent: float
    together: float


def independent_cases(case: Case, count: int) -> list[Case]:
    """Return a case several times, each in a folder of its own, since each run writes a log."""
    cases = []
    for number in range(count):
        folder = case.folder / f"independent-{number}"
        folder.mkdir()
        for name in ("potential", DATA):
            (folder / name).symlink_to((case.folder / name).resolve())
        cases.append(replace(case, folder=folder))
    return cases


def measure(potential: Path, plan: Plan, steps: int) -> list[Round]:
    """Return what each round measured of one potential."""
    ranks, rounds = plan.ranks[-1], []
    with (
        tempfile.TemporaryDirectory(prefix="decant-bench-") as name,
        ThreadPoolExecutor(ranks) as pool,
        Progress(f"ranks: {potential.name}", plan.repeats, "rounds") as progress,
    ):
        alone, together = (case for case, _ in prepare(plan, [(1, 1), (ranks, 1)], Path(name)))
        beside = independent_cases(alone, ranks)

        def speed(case: Case) -> float:
            return run_once(plan, case, steps * case.ranks).katom_step_per_s

        for number in range(1, plan.repeats + 1):
            rounds.append(Round(speed(alone), sum(pool.map(speed, beside)), speed(together)))
            progress.update(number, f"{rounds[-1].together / rounds[-1].independent:.0%} of independent runs")
    return rounds


def ratio(values: np.ndarray) -> str:
    """Return the median of ratios with its interval, in percent."""
    low, high = bootstrap((values,), np.median, method="percentile", rng=1).confidence_interval
    return f"{100 * np.median(values):.0f} ({100 * low:.0f} to {100 * high:.0f})"


def table(measured: dict[str, list[Round]], ranks: int) -> str:
    """Return a row for each model."""
    rows = [["", "1 rank", f"{ranks} runs", f"{ranks} ranks", "ranks/runs, %", "runs/alone, %", "ranks/alone, %"]]
    for name, rounds in measured.items():
        alone, runs, together = np.array([(one.alone, one.independent, one.together) for one in rounds]).T
        speeds = [f"{np.median(values):.3g} ± {np.ptp(values) / 2:.1g}" for values in (alone, runs, together)]
        shares = [ratio(part) for part in (together / runs, runs / alone / ranks, together / alone / ranks)]
        rows.append([name, *speeds, *shares])
    return format_table(rows)


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default="A,B,C")
    parser.add_argument("--precision", default="float", choices=("float", "double"))
    parser.add_argument("--atoms", type=int, default=1280)
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--steps", type=int, default=40, help="of one rank; several ranks do as many times more")
    parser.add_argument("--repeats", type=int, default=15, help="rounds")
    parser.add_argument("-o", "--output", type=Path, default=Path("bench/ranks.csv"))
    chosen = parser.parse_args()
    if not set(chosen.models.split(",")) <= set(MODELS):
        raise InputError(f"--models: expected some of {','.join(MODELS)}")
    if chosen.repeats < 2:
        raise InputError(f"--repeats {chosen.repeats}: expected at least 2, from which an interval can be told")
    measured = {}
    with tempfile.TemporaryDirectory(prefix="decant-bench-") as name:
        for model in chosen.models.split(","):
            potential = make_potential(Path(name), model, chosen.precision)
            plan = Plan((potential,), atoms=(chosen.atoms,), ranks=(1, chosen.ranks), repeats=chosen.repeats)
            measured[potential.name] = measure(potential, plan, chosen.steps)
    machine = describe_machine()
    print(f"{machine['cpu']}, {machine['cores']} cores, {machine['simd']}; {chosen.atoms} atoms; katom-step/s")
    print("median and half the range; ratios: median over rounds with its 95 % interval\n")
    print(table(measured, chosen.ranks))
    chosen.output.parent.mkdir(parents=True, exist_ok=True)
    write_rows(chosen.output, [{"model": name, **vars(one)} for name, rounds in measured.items() for one in rounds])


if __name__ == "__main__":
    try:
        main()
    except (InputError, ProgramFailed) as error:
        raise SystemExit(f"ranks: error: {error}") from error
