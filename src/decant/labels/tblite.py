"""Extended tight binding (GFN1-xTB, GFN2-xTB) by tblite.

Bannwarth, Ehlert, Grimme, J. Chem. Theory Comput. 2019, 15, 1652 (GFN2-xTB).
"""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib import metadata
from typing import Any

import numpy as np
from ase import Atoms
from ase.units import Bohr, Hartree, kB

from decant.data.prediction import Prediction
from decant.foundation.blas import share_torch_blas
from decant.foundation.errors import InputError
from decant.foundation.threads import loading
from decant.labels.base import LabelError, check_settings, require_known_periodicity
from decant.labels.charges import state_for

# kind and least value of each setting
_KINDS: dict[str, tuple[Any, float]] = {
    "accuracy": (float, 1e-4),
    "charge": (int, -100),
    "unpaired": (int, 0),
    "temperature": (float, 0),
    "iterations": (int, 1),
}
METHODS = {"gfn1-xtb": "GFN1-xTB", "gfn2-xtb": "GFN2-xTB"}


@dataclass(frozen=True)
class TBLite:
    """A tight-binding method of tblite: in periodic cells at Gamma, isolated atoms neutral with the lowest spin.

    Charge and spin are those of each frame.

    Attributes
    ----------
    name
        ``gfn1-xtb`` or ``gfn2-xtb``.
    accuracy
        tblite's accuracy factor; smaller is tighter. 1 converges energies to 1e-6 Hartree, forces to some 1e-4 eV/A.
    charge
        Charge of frames that tell none, e.
    unpaired
        Number of unpaired electrons of frames that tell none; the method's energy hardly depends on it but for the
        occupation.
    temperature
        Electronic temperature, K.
    iterations
        Most iterations to self-consistency.
    """

    name: str = "gfn2-xtb"
    accuracy: float = 0.1
    charge: int | None = None
    unpaired: int | None = None
    temperature: float = 300.0
    iterations: int = 250

    @property
    def version(self) -> str:
        """Version of tblite."""
        return f"tblite {metadata.version('tblite')}"

    @property
    def settings(self) -> dict[str, Any]:
        """Every attribute but the name; charge and unpaired electrons for frames that tell none."""
        chosen = {**asdict(self), "charge": float(self.charge or 0), "unpaired": self.unpaired or 0}
        return {key: value for key, value in chosen.items() if key != "name"}

    def label(self, atoms: Atoms) -> Prediction:
        """Return energy, forces and, in a fully periodic cell, virial of a configuration.

        A slab or a wire is refused: tblite takes any periodicity for that in three directions.
        """
        require_known_periodicity(self, atoms)
        options: dict[str, Any] = {}
        if atoms.pbc.any():
            options = {"lattice": atoms.cell.array / Bohr, "periodic": atoms.pbc}
        state = state_for(atoms, self.charge, self.unpaired)
        if state is not None:
            options |= {"charge": float(state[0]), "uhf": state[1] - 1}
        try:
            calculator = _calculator()(METHODS[self.name], atoms.numbers, atoms.positions / Bohr, **options)
            calculator.set("verbosity", 0)
            calculator.set("accuracy", self.accuracy)
            calculator.set("temperature", self.temperature * kB / Hartree)
            calculator.set("max-iter", self.iterations)
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


def tblite_method(name: str, settings: Mapping[str, Any]) -> TBLite:
    """Return the method with these settings.

    Raises
    ------
    InputError
        If tblite is not installed, or a setting is unknown or makes no sense.
    """
    if importlib.util.find_spec("tblite") is None:
        raise InputError(f"method '{name}': tblite is not installed; run: pip install tblite")
    check_settings(name, settings, _KINDS)
    for key, value in settings.items():
        kind, least = _KINDS[key]
        number = isinstance(value, (int, float)) and not isinstance(value, bool) and np.isfinite(value)
        if not number or kind(value) != value or value < least:
            what = "a whole number" if kind is int else "a number"
            raise InputError(f"method '{name}': {key} {value!r}: expected {what} of at least {least:g}")
    return TBLite(name, **{key: _KINDS[key][0](value) for key, value in settings.items()})


@functools.cache
def _calculator() -> Any:
    """Return tblite's calculator class, loaded so that it computes on one thread unless OMP_NUM_THREADS says otherwise.

    Frames share the cores better than threads do: small molecules gain nothing from them. Its wheel has the reference
    BLAS and LAPACK, with which a cluster of 100 atoms takes twice as long as with torch's.
    """
    with loading(threads=1):
        share_torch_blas()
        from tblite.interface import Calculator
    return Calculator
