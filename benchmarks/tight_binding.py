"""What a GFN2-xTB label costs: by tblite with the BLAS of its wheel, with torch's, as decant has it, and by `xtb`.

    python benchmarks/tight_binding.py --liquids "EC:1,EMC:1;EC:2,EMC:4;EC:4,EMC:8" --repeats 5

Processor seconds of one label on one thread, without the start of the program for tblite, with it (some 0.02 s) for
xtb, which knows no periodic GFN2-xTB. The ways take turns; given are the median and the lowest and highest value.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ONE = """
import resource, sys
import ase.io
import decant.foundation.blas
if sys.argv[2] == "own":
    decant.foundation.blas.torch_library = lambda: None
from decant.labels.tblite import TBLite
def used():
    spent = resource.getrusage(resource.RUSAGE_SELF)
    return spent.ru_utime + spent.ru_stime
method, atoms = TBLite("gfn2-xtb", accuracy=1.0), ase.io.read(sys.argv[1])
method.label(ase.Atoms("H2", positions=[[0, 0, 0], [0, 0, 0.74]]))  # loads the library
before = used()
method.label(atoms)
print(used() - before)
"""


def by_tblite(file: Path, blas: str) -> float:
    """Return the processor seconds of one label in a process of its own."""
    command = [sys.executable, "-c", ONE, str(file), blas]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def by_xtb(file: Path) -> float:
    """Return the processor seconds of one run of `xtb`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = ["xtb", str(file), "--grad", "--gfn", "2", "--acc", "1.0", "--norestart"]
    subprocess.run(command, cwd=file.parent, capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--liquids", default="EC:1,EMC:1;EC:2,EMC:4;EC:4,EMC:8")
    parser.add_argument("--density", type=float, default=1.05, help="g/cm3")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    os.environ |= {"OMP_NUM_THREADS": "1", "OMP_STACKSIZE": "1G"}
    from decant.molecules.liquid import parse_liquid
    from decant.molecules.packing import pack

    with tempfile.TemporaryDirectory() as folder:
        for liquid in options.liquids.split(";"):
            box = pack(parse_liquid(liquid), options.density, 1)
            cluster = box.copy()
            cluster.set_cell(None)
            cluster.pbc = False
            for name, atoms in (("cluster", cluster), ("box", box)):
                file = Path(folder) / ("frame.xyz" if name == "cluster" else "frame.extxyz")
                atoms.write(file)
                ways = {"own": lambda f=file: by_tblite(f, "own"), "torch": lambda f=file: by_tblite(f, "torch")}
                if name == "cluster" and shutil.which("xtb"):
                    ways["xtb"] = lambda f=file: by_xtb(f)
                spent: dict[str, list[float]] = {way: [] for way in ways}
                for _ in range(options.repeats):
                    for way, run in ways.items():
                        spent[way].append(run())
                words = (f"{w} {statistics.median(s):.2f} ({min(s):.2f} to {max(s):.2f})" for w, s in spent.items())
                print(f"{liquid} {name}, {len(atoms)} atoms: {', '.join(words)} s", flush=True)


if __name__ == "__main__":
    main()
