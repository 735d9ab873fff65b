"""What a file states of the units of its numbers beside them: ``energy_unit=Hartree``, ``units=real``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from decant.data.extxyz import RawFrame
from decant.data.keys import FoundKeys, is_per_atom
from decant.data.label_names import words_of
from decant.data.label_units import KINDS, LabelUnits, is_house, value_or_none
from decant.data.raw import EITHER
from decant.data.stated_charge import all_values
from decant.foundation.errors import InputError, warn

_QUANTITIES = {
    "energy": {"energy", "energies", "e"},
    "forces": {"force", "forces", "f"},
    "virial": {"virial", "virials"},
    "stress": {"stress", "stresses"},
    "length": {"length", "lengths", "distance", "distances", "position", "positions", "pos", "coordinates", "cell"},
}
"""Words of a key that, with ``unit``, says the unit of each kind of `KINDS`."""
_ATOMIC = {"energy": "Hartree", "forces": "Hartree/Bohr", "length": "Bohr"}
_STYLES = {
    "real": {"energy": "kcal/mol", "forces": "kcal/mol/Ang"}, "atomic": _ATOMIC, "au": _ATOMIC, "a.u.": _ATOMIC,
}  # fmt: skip
"""Names of whole systems of units, as LAMMPS and others have them."""


def check_stated_units(path: Path, frames: Sequence[RawFrame], keys: FoundKeys | None, units: LabelUnits) -> None:
    """Raise `InputError` if frames state another unit than the house's of what is taken, and the caller says none.

    A unit that nobody knows is warned about.

    Parameters
    ----------
    path
        The file, for messages.
    frames
        Its frames.
    keys
        The labels that are taken; None if positions are all that is.
    units
        What the caller says.
    """
    asked = []
    for kind in KINDS:
        if units.is_said(kind) or (kind != "length" and not (keys and getattr(keys, kind))):
            continue
        found = {unit: key for frame in frames for key, unit in _stated(frame.info, kind)}
        if kind == "energy" and keys:
            found = {_of_total(path, key, unit, keys): key for unit, key in found.items()}
        others = {unit: key for unit, key in found.items() if not _is_taken(path, key, unit, kind)}
        if others and len(found) > 1:
            told = ", ".join(f"{key} {unit}" for unit, key in found.items())
            raise InputError(f"{path}: frames state several units ({told}): import those of each by themselves")
        asked += [f"{key} says {unit}: give `{kind}_unit`{_proposed(unit)}" for unit, key in others.items()]
    if asked:
        raise InputError(f"{path}: {'; '.join(asked)}")


def _stated(info: Mapping[str, Any], kind: str) -> Iterator[tuple[str, str]]:
    """Yield each key that says the unit of a kind, and the unit."""
    for key, value in all_values(info).items():
        words = set(words_of(key))
        if not isinstance(value, str):
            continue
        if value == "T" and kind == "energy" and _is_unit_of_energy(key):  # a word by itself, after a number
            yield "the comment", key
        elif words & {"unit", "units"}:
            about = words - {"unit", "units"}
            system = _STYLES.get(value.strip().lower(), {})
            if not about and kind in system:
                yield key, system[kind]
            elif about <= _QUANTITIES[kind] and (about or (kind == "energy" and _is_unit_of_energy(value))):
                yield key, value.strip()


def _is_unit_of_energy(text: str) -> bool:
    return len(text) > 1 and value_or_none(text, "energy") is not None


def _of_total(path: Path, key: str, unit: str, keys: FoundKeys) -> str:
    """Return a unit of energy without ``/atom``, or raise `InputError` if the energies are not named as such."""
    total = re.sub(r"\s*(/|per)\s*atom$", "", unit, flags=re.IGNORECASE)
    if total != unit and not all(is_per_atom(name) for name in keys.energy):
        raise InputError(f"{path}: {key} says {unit}: name energies per atom as such, energy_per_atom")
    return total


def _proposed(unit: str) -> str:
    return ", the one that is meant" if EITHER in unit else f" {unit}, or the right one"


def _is_taken(path: Path, key: str, unit: str, kind: str) -> bool:
    """Say whether numbers are taken as they are: in the house's unit, and, with a warning, in one that nobody knows."""
    if is_house(unit, kind) or any(value_or_none(one, kind) for one in unit.split(EITHER)):
        return is_house(unit, kind)
    warn(f"{path}: {key} says '{unit}', which is no unit that is known: taken as {KINDS[kind][2]}")
    return True
