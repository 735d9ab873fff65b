"""Energies of lone atoms by a model beside their labels: what a bond that is pulled apart ends in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers

from decant.data.prediction import ask
from decant.molecules.topology import is_coordinating

if TYPE_CHECKING:
    from ase.calculators.calculator import Calculator

LONE_LIMIT = 0.5
"""Difference of a lone atom's energy from its label, eV, from which on it is told; a weak bond has 2 eV."""


def lone_atoms(
    calculator: Calculator, elements: Iterable[str], labels: Mapping[str, float] | None
) -> dict[str, dict[str, float | None]]:
    """Return the energy of the lone atom of each element, eV, by its label, by a model, and the deviation of the two.

    Parameters
    ----------
    calculator
        Of the model.
    elements
        That the model knows.
    labels
        Energies of lone atoms in its training data, eV; an element may be missing. Without any, nothing is returned.
    """
    found: dict[str, dict[str, float | None]] = {}
    for symbol in elements if labels else ():
        energy, label = round(float(ask(calculator, Atoms(symbol)).energy), 6), (labels or {}).get(symbol)
        deviation = None if label is None else round(energy - label, 6)
        found[symbol] = {"label": label, "potential": energy, "deviation": deviation}
    return found


def lone_atoms_told(lone: Mapping[str, Mapping[str, float | None]]) -> str:
    """Return one line on lone atoms that are far off their labels; an empty text where none is.

    A metal is an ion in a liquid: what its neutral atom has says nothing of it, and a fit is not held to such atoms.
    """
    metals = {symbol for symbol in lone if is_coordinating(np.array([atomic_numbers[symbol]])).any()}
    off = {
        symbol: one["potential"] - one["label"]
        for symbol, one in lone.items()
        if symbol not in metals and one["potential"] is not None and one["label"] is not None
    }
    words = [f"{symbol} by {value:+.2g} eV" for symbol, value in off.items() if abs(value) > LONE_LIMIT]
    if not words:
        return ""
    remedy = "" if metals else "; where bonds must break, fit with --set hold_lone_atoms=true"
    return f"lone atoms are off their labels, {', '.join(words)}: do not break bonds with this potential{remedy}"
