"""Speed of an exported potential in LAMMPS, in katom-step/s, over MPI ranks, with the spread over repeats.

    python benchmarks/speed.py potentials/mace-a --liquid EC:4,EMC:8 --copies 1,8 --ranks 1,2

NVE of a packed liquid at 1 g/cm3 with a timestep of 0.1 fs, so that any potential survives the few steps; neighbor skin
1 angstrom as in production. The first steps are not counted. Rank counts take turns, so that a machine whose speed
drifts does not favour one of them.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import tempfile
from pathlib import Path

from decant.configurations.packing import pack
from decant.lammps.command import available_cores, command, environment
from decant.lammps.data import write_data
from decant.molecules import parse_liquid
from decant.potential import Potential

INPUT = """
units metal
atom_style molecular
newton on
bond_style zero nocoeff
special_bonds lj/coul 1 1 1
read_data system.data
bond_coeff *
include potential/pair.lammps
neighbor 1.0 bin
velocity all create 100 1
fix move all nve
timestep 0.0001
thermo 1000000
run {warm}
run {steps}
"""


def measure(folder: Path, ranks: int, steps: int) -> float:
    """Return katom-step/s of the second run of the input in `folder`."""
    (folder / "in.speed").write_text(INPUT.format(warm=max(2, steps // 10), steps=steps))
    arguments = ["-in", "in.speed", "-log", "none", "-var", "potential", "potential"]
    done = subprocess.run(
        command(arguments, ranks), cwd=folder, env=environment(), capture_output=True, text=True, check=False
    )
    found = re.findall(r"([\d.]+) (k|M|)atom-step/s", done.stdout)
    if done.returncode or not found:
        raise SystemExit(done.stdout[-2000:] + done.stderr[-2000:])
    value, prefix = found[-1]
    return float(value) * {"": 1e-3, "k": 1.0, "M": 1e3}[prefix]


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("potentials", type=Path, nargs="+")
    parser.add_argument("--liquid", default="EC:4,EMC:8")
    parser.add_argument("--copies", default="1")
    parser.add_argument("--ranks", default="1,2")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    ranks = [int(count) for count in options.ranks.split(",")]
    print(f"{available_cores()} cores, load {os.getloadavg()[0]:.1f}; katom-step/s: median (lowest to highest)")
    for path in options.potentials:
        potential = Potential.open(path)
        for copies in map(int, options.copies.split(",")):
            liquid = [(molecule, copies * count) for molecule, count in parse_liquid(options.liquid)]
            atoms = pack(liquid, 1.0, seed=1)
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                (folder / "potential").symlink_to(path.resolve())
                write_data(folder / "system.data", atoms, potential.elements)
                speeds: dict[int, list[float]] = {count: [] for count in ranks}
                for _ in range(options.repeats):
                    for count in ranks:
                        speeds[count].append(measure(folder, count, options.steps))
            for count, values in speeds.items():
                print(
                    f"{path.name}: {len(atoms)} atoms, {count} ranks: "
                    f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})",
                    flush=True,
                )


if __name__ == "__main__":
    main()
