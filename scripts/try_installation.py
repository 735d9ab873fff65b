"""Try the decant that is installed beside this Python as a user of the light core would, without a compiler on PATH.

python scripts/try_installation.py
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BIN = Path(sys.executable).parent
INPUT = """
units metal
atom_style molecular
special_bonds lj/coul 1 1 1
read_data first/system.data
variable potential string ready
include ready/pair.lammps
run 5
print "energy: $(pe)"
"""
CALCULATOR = """
import decant
molecule = decant.molecule("EC").embed(seed=1)
molecule.calc = decant.Potential.open("ready").calculator()
print("force:", abs(molecule.get_forces()).max())
"""
STEPS = {
    "the command line": (["decant", "--help"], "simulate"),
    "a ready potential": (["decant", "ready", "ec-emc-mace", "-o", "ready"], "written"),
    "its check on 1 and 2 ranks": (["decant", "check", "ready", "--ranks", "1,2"], "PASS"),
    "a run of 6 molecules": (
        ["decant", "simulate", "ready", "--liquid", "EC:2,EMC:4", "--pressure", "3000", "--length", "0.04ps",
         "--equilibration", "0.02ps", "--dump-every", "4fs", "-o", "first"],
        "completed",
    ),
    "its analysis": (["decant", "analyze", "first"], "density"),
    "mpirun -np 2 lmp": (["mpirun", "-np", "2", "lmp", "-in", "in.lammps"], "energy:"),
    "decant lmp": (["decant", "lmp", "-in", "in.lammps"], "energy:"),
    "the ASE calculator": (["python", "-c", CALCULATOR], "force:"),
}  # fmt: skip
"""What is tried: a command, and a word of what it prints."""


def main() -> None:
    """Run the steps in an empty folder; the first that fails ends it with what was printed."""
    variables = {"PATH": str(BIN), "HOME": os.environ.get("HOME", "/"), "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "in.lammps").write_text(INPUT)
        for name, (words, expected) in STEPS.items():
            start = time.monotonic()
            command = [str(BIN / words[0]), *words[1:]]
            done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)
            if done.returncode or expected not in done.stdout + done.stderr:
                raise SystemExit(f"{done.stdout}{done.stderr}\n{name}: exit code {done.returncode}, no '{expected}'")
            print(f"  ok {time.monotonic() - start:6.1f} s  {name}", flush=True)


if __name__ == "__main__":
    main()
