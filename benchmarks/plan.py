"""Holds `decant plan` against a really measured size: python benchmarks/plan.py POTENTIAL --atoms 10240 -o FOLDER.

Two small sizes are measured on every core, the larger one is forecast from them, then measured too. Leave the machine
alone meanwhile.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from decant.foundation.machine import available_cores
from decant.foundation.tables import format_table
from decant.planning.bench import Plan, bench
from decant.planning.bench_report import as_mapping, machine_line, write
from decant.planning.measurements import from_bench
from decant.planning.plan import Job, plan
from decant.potentials.potential import Potential


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("potential", type=Path)
    parser.add_argument("--small", type=int, nargs="+", default=[160, 1280], help="sizes to forecast from")
    parser.add_argument("--atoms", type=int, nargs="+", default=[10240], help="sizes to forecast")
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("-o", "--output", type=Path, default=Path("bench/plan"))
    chosen = parser.parse_args()
    potential, cores = Potential.open(chosen.potential), available_cores()

    def measured(sizes: list[int], folder: str) -> list[dict]:
        done = bench(Plan((chosen.potential,), tuple(sizes), ranks=(cores,), repeats=chosen.repeats))
        print(machine_line(done))
        write(done, chosen.output / folder)
        return as_mapping(done)["results"]

    measured(chosen.small, "small")
    known = from_bench(chosen.output / "small", potential)
    rows = [["atoms", "ns/day forecast", "measured", "MB a rank forecast", "measured"]]
    for result in measured(chosen.atoms, "large"):
        forecast = plan(potential, Job(result["atoms"], length_ps=1000.0, cores=cores), known)
        per_speed = result["ns_per_day"] / result["katom_step_per_s"]
        slow, fast = (per_speed * result[f"katom_step_per_s_{end}"] for end in ("lowest", "highest"))
        rows.append(
            [
                str(result["atoms"]),
                "{:.3g} to {:.3g}".format(*forecast.ns_per_day),
                f"{slow:.3g} to {fast:.3g}",
                "{:.3g} to {:.3g}".format(*forecast.MB_per_rank),
                f"{result['peak_MB_per_rank']:.3g}",
            ]
        )
    print(format_table(rows))


if __name__ == "__main__":
    main()
