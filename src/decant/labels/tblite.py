"""Extended tight binding (GFN1-xTB, GFN2-xTB) by tblite.

Bannwarth, Ehlert, Grimme, J. Chem. Theory Comput. 2019, 15, 1652 (GFN2-xTB).
"""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from ase import Atoms
from ase.units import Bohr, Hartree

from decant.labels.base import LabelError
from decant.prediction import Prediction

METHODS = {"gfn1-xtb": "GFN1-xTB", "gfn2-xtb": "GFN2-xTB"}


@dataclass(frozen=True)
class TBLite:
    """A tight-binding method of tblite: neutral, lowest spin, electronic temperature 300 K, in periodic cells at Gamma.

    Attributes
    ----------
    name
        ``gfn1-xtb`` or ``gfn2-xtb``.
    accuracy
        tblite's accuracy factor; smaller is tighter. 1 converges energies to 1e-6 Hartree, forces to some 1e-4 eV/A.
    """

    name: str = "gfn2-xtb"
    accuracy: float = 0.1

    def label(self, atoms: Atoms) -> Prediction:
        """Return energy, forces and, in a fully periodic cell, virial of a configuration."""
        periodic = {"lattice": atoms.cell.array / Bohr, "periodic": atoms.pbc} if atoms.pbc.any() else {}
        try:
            calculator = _calculator()(METHODS[self.name], atoms.numbers, atoms.positions / Bohr, **periodic)
            calculator.set("verbosity", 0)
            calculator.set("accuracy", self.accuracy)
            result = calculator.singlepoint()
        except RuntimeError as error:
            raise LabelError(" ".join(str(error).split()) or "tblite failed") from error
        forces = -np.array(result.get("gradient")) * (Hartree / Bohr)
        # tblite's virial is the strain derivative of the energy; the house virial has the opposite sign
        virial = -np.array(result.get("virial")) * Hartree if atoms.pbc.all() else None
        prediction = Prediction(float(result.get("energy")) * Hartree, forces, virial)
        if not np.isfinite(prediction.energy) or not np.isfinite(forces).all():
            raise LabelError("energy or forces are not finite")
        return prediction


@functools.cache
def _calculator() -> Any:
    """Return tblite's calculator class, loaded so that it computes on one thread unless OMP_NUM_THREADS says otherwise.

    Its OpenMP threads wait actively: on a busy machine two threads are many times slower than one for small molecules.
    """
    chosen = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = chosen or "1"  # read once, when the library is loaded
    try:
        from tblite.interface import Calculator
    finally:
        if chosen is None:
            del os.environ["OMP_NUM_THREADS"]
    return Calculator
