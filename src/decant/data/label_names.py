"""What the name of a value says: whether it is an energy, forces, a virial or a stress, and of which level of theory.

A name is taken word by word: ``dft_energy``, ``energy_xtb`` and ``TotalEnergy`` are energies; ``energy_weight``,
``energy_std`` and ``forces_mask`` say something about labels and are none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

ENERGY, FORCES, VIRIAL, STRESS = "energy", "forces", "virial", "stress"
UNNAMED, HOUSE = "", "ref"
"""Levels of names that say none, ``energy``, and of those that say theirs is the reference, ``REF_energy``."""

_QUANTITIES = {
    "energy": ENERGY, "e": ENERGY, "etot": ENERGY, "epot": ENERGY, "toten": ENERGY,
    "forces": FORCES, "force": FORCES, "f": FORCES,
    "virial": VIRIAL, "virials": VIRIAL, "stress": STRESS,
}  # fmt: skip
_SAME = {"total", "tot", "potential", "pot", "tensor"}
"""Words that leave the quantity what it is."""
_ABOUT = """
weight weights wt std stdev sd sem var variance err error errors mae rmse rms uncertainty unc sigma dev deviation diff
difference delta relative rel shift shifted shifts offset offsets correction kinetic kin fermi gap band homo lumo
formation atomization atomisation cohesive binding interaction adsorption ionization affinity reaction activation
barrier hull zpe zero mixing excess dispersion disp vdw electrostatic coulomb coul nuclear repulsion xc exchange
correlation field cutoff cut unit units key name type method level program index id mask flag loss limit threshold tol
pred predicted prediction predictions
tolerance convergence converged scale scaled norm normalized max min mean avg average sum count number density surface
bond angle torsion intra inter atomic node site local bias restraint constraint external charge
"""
_OTHER = set(_ABOUT.split())
"""Words of values about a label, or of another quantity than the label."""
_LEADING_UNITS = {
    "ev",
    "mev",
    "hartree",
    "ha",
    "ry",
    "rydberg",
    "kcal",
    "kj",
    "gpa",
    "mpa",
    "kpa",
    "kbar",
    "bar",
    "atm",
}
_UNITS = _LEADING_UNITS | {"mol", "bohr", "a", "ang", "angstrom", "a3", "ang3", "angstrom3", "nm", "nm3", "bohr3"}


@dataclass(frozen=True)
class LabelName:
    """What a name says.

    Attributes
    ----------
    quantity
        ``energy``, ``forces``, ``virial`` or ``stress``.
    level
        The other words in alphabetical order: equal for ``dft_energy`` and ``forces_dft``.
    free
        Whether it is a free energy of the electrons, with the entropy of their smearing.
    per_atom
        Whether it is an energy per atom.
    unit
        The unit that the name ends with, ``kcal/mol`` of ``energy_kcal_mol``; empty where it says none.
    """

    quantity: str
    level: str
    free: bool = False
    per_atom: bool = False
    unit: str = ""


def words_of(name: str) -> list[str]:
    """Return the words of a name in lower case: ``["total", "energy"]`` of ``total_energy`` and ``TotalEnergy``."""
    found = []
    for part in re.split(r"[^A-Za-z0-9]+", name):
        found += [part] if part.lower() in _UNITS else re.split(r"(?<=[a-z])(?=[A-Z])", part)
    return [word.lower() for word in found if word]


def parse_label(name: str) -> LabelName | None:
    """Return what a name says, or None if it is no label."""
    words = words_of(name)
    quantities = [place for place, word in enumerate(words) if word in _QUANTITIES]
    if len(quantities) != 1:
        return None
    quantity = _QUANTITIES[words[quantities[0]]]
    rest, unit = _cut_unit(words[: quantities[0]], words[quantities[0] + 1 :])
    per_atom = rest[-2:] == ["per", "atom"] or rest[-1:] == ["peratom"]
    rest = rest[: -2 if rest[-2:] == ["per", "atom"] else -1] if per_atom else rest
    free = quantity == ENERGY and "free" in rest
    level = sorted("ref" if word == "reference" else word for word in rest if word not in {*_SAME, "free"})
    if set(level) & _OTHER or "per" in level:
        return None
    return LabelName(quantity, "_".join(level), free, per_atom, unit)


def _cut_unit(before: list[str], after: list[str]) -> tuple[list[str], str]:
    """Return the words around the quantity without the unit at their end, and the unit."""
    first = next((place for place, word in enumerate(after) if word in _LEADING_UNITS), None)
    if first is None:
        return before + after, ""
    unit = [word for word in after[first:] if word in _UNITS]
    rest = [word for word in after[first:] if word not in _UNITS]
    if rest and rest[0] == "per" and rest != ["per", "atom"]:
        rest = rest[1:]
    return before + after[:first] + rest, "/".join(unit)
