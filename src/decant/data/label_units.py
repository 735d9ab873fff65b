"""Units and the sign of the labels of a foreign file, and their conversion to eV and angstrom by those of ASE."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import ase.units

from decant.foundation.errors import InputError, nearest

_ENERGIES = {
    "eV": ase.units.eV, "electronvolt": ase.units.eV, "electronvolts": ase.units.eV,
    "meV": 1e-3 * ase.units.eV, "keV": 1e3 * ase.units.eV, "Hartree": ase.units.Hartree,
    "Ha": ase.units.Hartree, "Rydberg": ase.units.Rydberg, "Ry": ase.units.Rydberg, "kJ": ase.units.kJ,
    "kcal": ase.units.kcal, "J": ase.units.J,
}  # fmt: skip
_LENGTHS = {
    "Ang": ase.units.Ang, "Angstrom": ase.units.Ang, "Angstroms": ase.units.Ang,
    "A": ase.units.Ang, "Å": ase.units.Ang, "Bohr": ase.units.Bohr,
    "nm": ase.units.nm, "pm": 1e-3 * ase.units.nm, "m": ase.units.m,
}  # fmt: skip
_PRESSURES = {
    "Pascal": ase.units.Pascal, "Pa": ase.units.Pascal, "kPa": 1e3 * ase.units.Pascal, "MPa": 1e6 * ase.units.Pascal,
    "GPa": ase.units.GPa, "bar": ase.units.bar, "kbar": 1e3 * ase.units.bar, "kB": 1e3 * ase.units.bar,
    "atm": 101325 * ase.units.Pascal,
}  # fmt: skip
_NAMES = {
    **{name: (value, 1, 0) for name, value in _ENERGIES.items()},
    **{name: (value, 0, 1) for name, value in _LENGTHS.items()},
    **{name: (value, 1, -3) for name, value in _PRESSURES.items()},
    "mol": (ase.units.mol, 0, 0),
}
"""Value of a unit in those of ASE (eV, angstrom), and its powers of energy and length."""
_LOWERED = {name.lower(): name for name in _NAMES}

KINDS = {
    "energy": (1, 0, "eV", ("Hartree", "Rydberg", "kcal/mol", "kJ/mol", "meV")),
    "forces": (1, -1, "eV/Ang", (
        "Hartree/Bohr", "Rydberg/Bohr", "Hartree/Ang", "kcal/mol/Ang", "kJ/mol/Ang", "kJ/mol/nm", "meV/Ang", "eV/nm",
    )),
    "virial": (1, 0, "eV", ("Hartree", "Rydberg", "kcal/mol", "kJ/mol", "meV")),
    "stress": (1, -3, "eV/Ang^3", ("kbar", "GPa", "bar", "MPa", "Pascal", "Hartree/Bohr^3", "Rydberg/Bohr^3")),
    "length": (0, 1, "Ang", ("Bohr", "nm", "pm")),
}  # fmt: skip
"""Powers of energy and length of each label's unit, the house's unit, and what others use."""


@lru_cache
def unit_value(text: str, kind: str) -> float:
    """Return the size of a unit in that of the house.

    Parameters
    ----------
    text
        Names of units of ASE and the usual others with ``/``, ``*`` and ``^``: ``Hartree/Bohr``, ``kcal/mol/Ang``,
        ``kbar``, ``eV/Ang^3``.
    kind
        A key of `KINDS`.

    Raises
    ------
    InputError
        If a name is unknown, or the unit is not one of this kind.
    """
    value, energy, length = 1.0, 0, 0
    for sign, word in _words(text):
        name, power = re.fullmatch(r"(.*?)\^?(-?\d*)", word).groups()  # type: ignore[union-attr] # matches anything
        known = name if name in _NAMES else _LOWERED.get(name.lower(), "")
        if not known:
            raise InputError(f"`{kind}_unit` '{text}': unknown unit '{name}'{nearest(name, _NAMES)}; {_expected(kind)}")
        exponent = int(power or 1) * (-1 if sign == "/" else 1)
        size, of_energy, of_length = _NAMES[known]
        value *= size**exponent
        energy, length = energy + exponent * of_energy, length + exponent * of_length
    if (energy, length) != KINDS[kind][:2]:
        raise InputError(f"`{kind}_unit` '{text}': no unit of {kind}; {_expected(kind)}")
    return value


def value_or_none(text: str, kind: str) -> float | None:
    """Return the size of a unit as `unit_value` does; None for a word that is no unit of this kind."""
    try:
        return unit_value(text, kind)
    except InputError:
        return None


def is_house(text: str, kind: str) -> bool:
    """Say whether a text is the house's unit of a kind."""
    value = value_or_none(text, kind)
    return value is not None and abs(value - 1) < 1e-6


def _words(text: str) -> list[tuple[str, str]]:
    """Return the parts of a unit, each with the ``/`` or ``*`` before it."""
    return re.findall(r"([/*]?)\s*([^/*\s]+)", text.replace("**", "^").replace(" per ", "/"))


def energy_part(text: str) -> str:
    """Return the unit of energy in one of forces: ``kcal/mol`` of ``kcal/mol/Ang``."""
    names = {"mol", *map(str.lower, _ENERGIES)}
    parts = [(sign, word) for sign, word in _words(text) if word.lower().rstrip("^-0123456789") in names]
    return "".join(sign + word for sign, word in parts).lstrip("*")


def _expected(kind: str) -> str:
    return f"expected for example {', '.join((KINDS[kind][2], *KINDS[kind][3][:3]))}"


@dataclass(frozen=True)
class LabelUnits:
    """What a caller says of the units of a file; where a field is empty, eV and angstrom are taken and held against
    the frames.

    Attributes
    ----------
    energy_unit, forces_unit, virial_unit, stress_unit
        Units of the labels as ASE names them: ``Hartree/Bohr``, ``kcal/mol``, ``kbar``.
    length_unit
        That of positions and cells.
    forces_sign
        1 for forces, -1 for gradients of the energy.
    stress_sign
        1 for ASE's sign of stress, -1 for the other one, as VASP prints it.
    virial_sign
        1 for the house's sign of a virial, that of -stress * volume, -1 for the other one.
    """

    energy_unit: str = ""
    forces_unit: str = ""
    virial_unit: str = ""
    stress_unit: str = ""
    length_unit: str = ""
    forces_sign: int = 0
    stress_sign: int = 0
    virial_sign: int = 0

    def __post_init__(self) -> None:
        for kind in KINDS:
            self.factor(kind)
        for name in ("forces_sign", "stress_sign", "virial_sign"):
            if getattr(self, name) not in (-1, 0, 1):
                raise InputError(f"`{name}` {getattr(self, name)}: expected 1 or -1")

    def factor(self, kind: str, unit: str = "") -> float:
        """Return what takes a number of a kind of `KINDS` to the house's unit and sign; 1 where nothing is said.

        A `unit` that is given counts, not the caller's.
        """
        text = unit or getattr(self, f"{kind}_unit")
        return (getattr(self, f"{kind}_sign", 0) or 1) * (unit_value(text, kind) if text else 1.0)

    def is_said(self, kind: str, what: str = "unit") -> bool:
        """Say whether the caller has said the ``unit`` or ``sign`` of a kind, which is then taken at the word."""
        return bool(getattr(self, f"{kind}_{what}", 0))


def likely_units(kind: str, factor: float) -> list[str]:
    """Return the usual units in which a quantity is `factor` times its value in the house's, nearest first.

    Those within a factor of 1.7 are told: what bonds and fits say is no better.
    """
    ratios = {name: factor * unit_value(name, kind) for name in KINDS[kind][3]}
    near = {name: max(ratio, 1 / ratio) for name, ratio in ratios.items()}
    return [name for name in sorted(near, key=lambda name: near[name]) if near[name] < 1.7]
