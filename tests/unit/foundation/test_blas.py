"""Labels by tblite use the fast BLAS that torch brings, and are the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from decant.foundation.blas import torch_library

LABEL = """
import sys
import numpy as np
from ase.build import molecule
if sys.argv[1:]:
    import decant.foundation.blas
    decant.foundation.blas.torch_library = lambda: None
from decant.labels.tblite import TBLite
prediction = TBLite("gfn2-xtb").label(molecule("CH3CH2OH"))
print(repr(prediction.energy), *prediction.forces.ravel())
"""


def labelled(folder: Path, *words: str) -> tuple[list[float], list[str]]:
    """Return the energy and forces of a molecule, and what the dynamic linker says of the names of BLAS in tblite."""
    variables = {**os.environ, "LD_DEBUG": "bindings", "LD_DEBUG_OUTPUT": str(folder / "linked")}
    command = [sys.executable, "-c", LABEL, *words]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)
    lines = (line for file in folder.glob("linked.*") for line in file.read_text(errors="replace").splitlines())
    found = [line for line in lines if "_libtblite" in line and "`dgemm_'" in line]
    return [float(word) for word in done.stdout.split()], found


@pytest.mark.skipif(torch_library() is None, reason="torch is not installed")
def test_tblite_multiplies_with_the_library_of_torch_and_says_the_same(tmp_path: Path) -> None:
    for name in ("fast", "own"):
        (tmp_path / name).mkdir()
    fast, linked = labelled(tmp_path / "fast")
    own, linked_alone = labelled(tmp_path / "own", "alone")
    assert fast == pytest.approx(own, abs=1e-8)
    assert len(linked) == 1 and "libtorch_cpu" in linked[0]
    assert len(linked_alone) == 1 and "libtorch_cpu" not in linked_alone[0]
