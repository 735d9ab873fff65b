"""Which keys of a foreign file hold the energy, the forces and the virial or stress, all of one level of theory."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from decant.data.extxyz import RawFrame
from decant.data.label_names import ENERGY, FORCES, HOUSE, STRESS, UNNAMED, VIRIAL, LabelName, parse_label
from decant.data.label_units import KINDS, LabelUnits, energy_part, is_house, value_or_none
from decant.foundation.errors import InputError, nearest

NONE = "none"
"""What a caller says of a label that is not to be taken."""


@dataclass(frozen=True)
class LabelKeys:
    """Names of the labels as a caller gives them.

    Attributes
    ----------
    energy_key, forces_key, virial_key, stress_key
        Names; found by itself where empty, none of the label for ``none``.
    """

    energy_key: str = ""
    forces_key: str = ""
    virial_key: str = ""
    stress_key: str = ""


@dataclass(frozen=True)
class FoundKeys:
    """Names of the labels in a file, in order of preference: a frame's label is under the first that it has.

    Attributes
    ----------
    energy, forces, virial, stress
        Names; those of virial come before those of stress.
    left
        Labels of the file that are not taken.
    """

    energy: tuple[str, ...]
    forces: tuple[str, ...] = ()
    virial: tuple[str, ...] = ()
    stress: tuple[str, ...] = ()
    left: tuple[str, ...] = ()

    def has_own_unit(self, kind: str, key: str) -> bool:
        """Say whether the name of a key says a unit that not all names of this label say: it counts for that key."""
        unit = _unit_of(kind, key)
        return bool(unit) and any(_unit_of(kind, other) != unit for other in getattr(self, kind))

    def factor(self, kind: str, key: str, units: LabelUnits) -> float:
        """Return what takes the numbers of a key to the house's unit and sign, by its own unit or the caller's."""
        return units.factor(kind, _unit_of(kind, key) if self.has_own_unit(kind, key) else "")

    def describe(self) -> str:
        """Return the mapping as one line."""
        virial = [*self.virial, *(f"-volume * {key}" for key in self.stress)]
        energy = [f"{key} * atoms" if is_per_atom(key) else key for key in self.energy]
        labels = {"energy": energy, "forces": self.forces, "virial": virial}
        return ", ".join(f"{label} <- {' or '.join(keys) or 'none'}" for label, keys in labels.items())

    def report(self) -> dict[str, object]:
        """Return the mapping, and the labels left alone, for the report of an import."""
        return {"keys": self.describe(), **({"other_labels": list(self.left)} if self.left else {})}


def is_per_atom(key: str) -> bool:
    """Say whether the name of an energy says that it is one per atom."""
    name = parse_label(key)
    return name is not None and name.per_atom


@dataclass
class _Candidates:
    """The labels of a file by quantity and level, each with its names in order of preference."""

    path: Path
    names: dict[str, LabelName]
    frames: list[RawFrame]
    levels: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    def of(self, quantity: str, level: str) -> list[str]:
        return self.levels.get(quantity, {}).get(level, [])

    def all(self, quantity: str) -> list[str]:
        return sorted(key for keys in self.levels.get(quantity, {}).values() for key in keys)


def find_keys(path: Path, frames: list[RawFrame], chosen: LabelKeys | None = None) -> FoundKeys:
    """Find the label keys of a file from its frames.

    All labels are of one level of theory. The house's names (``REF_energy``) win where they are complete; otherwise a
    level is taken if it is the only one with energy and forces.

    Parameters
    ----------
    path
        The file, for messages.
    frames
        Its frames.
    chosen
        Keys that the caller names; empty ones are looked for, ``none`` is no label.

    Raises
    ------
    InputError
        If no frame has an energy, a named key does not occur, or several could be meant.
    """
    asked = chosen or LabelKeys()
    good = [frame for frame in frames if not frame.error]
    if not good:
        raise InputError(f"{path}: no frame can be read; frame 0: {frames[0].error}")
    for quantity in (ENERGY, FORCES, VIRIAL, STRESS):
        _check_asked(path, quantity, getattr(asked, f"{quantity}_key"), good)
    found = _candidates(path, good)
    levels, energy, forces = _energy_and_forces(found, asked)
    virial, stress = _virial_and_stress(found, asked, levels)
    taken = {*energy, *forces, *virial, *stress}
    return FoundKeys(
        tuple(energy), tuple(forces), tuple(virial), tuple(stress), tuple(sorted(set(found.names) - taken))
    )


def _check_asked(path: Path, quantity: str, asked: str, frames: Sequence[RawFrame]) -> None:
    if asked in ("", NONE) and not (asked == NONE and quantity == ENERGY):
        return
    counts = Counter(key for frame in frames for key in (frame.arrays if quantity == FORCES else frame.info))
    if asked not in counts:
        raise InputError(f"{path}: no frame has the {quantity} key '{asked}'{nearest(asked, counts)}")


def _candidates(path: Path, frames: list[RawFrame]) -> _Candidates:
    """Sort the names that are labels, numbers under them, by quantity and level."""
    info = {key: value for frame in reversed(frames) for key, value in frame.info.items() if _is_number(value)}
    arrays = {
        key: value for frame in reversed(frames) for key, value in frame.arrays.items() if value.dtype.kind in "fi"
    }
    names = {key: name for key in [*info, *arrays] if (name := parse_label(key))}
    names = {key: name for key, name in names.items() if key in (arrays if name.quantity == FORCES else info)}
    found = _Candidates(path, names, frames)
    for key, name in sorted(names.items(), key=lambda item: (item[1].free, len(item[0]), item[0])):
        if not name.per_atom and (name.quantity == FORCES or (np.size(info[key]) == 1) == (name.quantity == ENERGY)):
            found.levels.setdefault(name.quantity, defaultdict(list))[name.level].append(key)
    return found


def _is_number(value: object) -> bool:
    return np.asarray(value).dtype.kind in "fi"


def _energy_and_forces(found: _Candidates, asked: LabelKeys) -> tuple[set[str], list[str], list[str]]:
    """Return the level or levels, and the keys of energy and forces."""
    if asked.energy_key and asked.forces_key:
        return (
            {_level(asked.energy_key), _level(asked.forces_key)},
            [asked.energy_key],
            [] if asked.forces_key == NONE else [asked.forces_key],
        )
    if asked.energy_key:
        forces, level = _partner(found, FORCES, asked.energy_key)
        return {_level(asked.energy_key), level}, [asked.energy_key], forces
    if not found.all(ENERGY):
        raise InputError(_no_energy(found))
    if asked.forces_key not in ("", NONE):
        energy, level = _partner(found, ENERGY, asked.forces_key)
        return {_level(asked.forces_key), level}, _agreeing(found, ENERGY, energy), [asked.forces_key]
    level = _found_level(found)
    energy, forces = found.of(ENERGY, level), [] if asked.forces_key else found.of(FORCES, level)
    if not forces and not asked.forces_key and (others := found.all(FORCES)):
        raise InputError(_two_levels(found, energy[0], others))
    return {level}, _agreeing(found, ENERGY, energy), _agreeing(found, FORCES, forces)


def _level(key: str) -> str:
    """Return the level of a key; one that is no label by its name may be of any."""
    name = parse_label(key)
    return name.level if name else UNNAMED


def _partner(found: _Candidates, quantity: str, key: str) -> tuple[list[str], str]:
    """Return the keys of forces, or energy, for the other one that a caller has named, and their level.

    They are of its level, or else of none, if no other label of no level belongs to them.
    """
    level, other = _level(key), ENERGY if quantity == FORCES else FORCES
    if found.of(quantity, level):
        return found.of(quantity, level), level
    rivals = [one for one in found.of(other, UNNAMED) if one != key]
    if (rivals and _disagreement(found, other, [key, *rivals])) or not found.of(quantity, UNNAMED):
        if others := found.all(quantity):
            raise InputError(_two_levels(found, key, others))
        return [], level
    return found.of(quantity, UNNAMED), UNNAMED


def _merge_house(found: _Candidates) -> None:
    """Make one level of the house's names and those that say none, unless they contradict each other."""
    for quantity in (ENERGY, FORCES):
        house = found.of(quantity, HOUSE)
        trouble = _disagreement(found, quantity, house + found.of(quantity, UNNAMED)) if house else ""
        if trouble and not (found.of(ENERGY, HOUSE) and found.of(FORCES, HOUSE)):
            raise InputError(
                f"{found.path}: {trouble}, two levels of theory; name the labels of one with `energy_key` and "
                "`forces_key`"
            )
        if trouble:
            return
    for levels in found.levels.values():
        if HOUSE in levels:
            levels[UNNAMED] = levels.pop(HOUSE) + levels.get(UNNAMED, [])


def _found_level(found: _Candidates) -> str:
    """Return the level of a file for which nothing is named."""
    house = found.of(ENERGY, HOUSE) and found.of(FORCES, HOUSE)
    _merge_house(found)
    energies, forces = found.levels[ENERGY], found.levels.get(FORCES, {})
    if house:
        return HOUSE if HOUSE in energies else UNNAMED
    complete = [level for level in energies if level in forces]
    if len(complete) > 1 and not all(_same(found, complete[0], level) for level in complete[1:]):
        told = "; ".join(", ".join(found.of(ENERGY, one) + found.of(FORCES, one)) for one in complete)
        raise InputError(f"{found.path}: labels of several levels of theory: {told}; choose with `energy_key`")
    if complete:
        level = UNNAMED if UNNAMED in complete else complete[0]
        _check_house(found, level)
        return level
    if len(energies) > 1:
        told = ", ".join(found.all(ENERGY))
        raise InputError(f"{found.path}: several keys could be the energy: {told}; choose with `energy_key`")
    return next(iter(energies))


def _check_house(found: _Candidates, level: str) -> None:
    """Raise `InputError` if a label of the house is of another level than the one taken, or may be."""
    for quantity in (ENERGY, FORCES):
        house = [key for key in found.all(quantity) if found.names[key].level == HOUSE]
        if house and level != UNNAMED and _disagreement(found, quantity, house + found.of(quantity, level)):
            raise InputError(_two_levels(found, house[0], found.of(ENERGY, level) + found.of(FORCES, level)))


def _same(found: _Candidates, one: str, other: str) -> bool:
    """Say whether two levels are in the same frames, with the same energies and forces."""
    for quantity in (ENERGY, FORCES):
        keys, others = found.of(quantity, one), found.of(quantity, other)
        held = [[bool(_numbers(frame, quantity, names)) for frame in found.frames] for names in (keys, others)]
        if held[0] != held[1] or _disagreement(found, quantity, keys + others):
            return False
    return True


AGREE = {ENERGY: 1e-3, FORCES: 1e-2}
"""Statements of one fact may differ by this: energies in eV per atom, forces in eV/angstrom."""


def _disagreement(found: _Candidates, quantity: str, keys: Sequence[str]) -> str:
    """Say where the first two of these keys disagree that do, and on what; an empty string if none do."""
    for frame in found.frames:
        values = _numbers(frame, quantity, keys)
        for key, value in list(values.items())[1:]:
            first, reference = next(iter(values.items()))
            scale = len(frame.atoms) if quantity == ENERGY else 1
            if value.shape != reference.shape:
                continue
            difference = float(abs(value - reference).max()) / scale
            if difference > AGREE[quantity]:
                unit = "eV per atom" if quantity == ENERGY else "eV/A"
                return f"frame {frame.index}: {first} and {key} differ by {difference:.4g} {unit}"
    return ""


def _numbers(frame: RawFrame, quantity: str, keys: Sequence[str]) -> dict[str, np.ndarray]:
    """Return the finite numbers that a frame has under these keys."""
    values: Mapping[str, object] = frame.arrays if quantity == FORCES else frame.info
    found = {key: np.asarray(values[key]) for key in keys if key in values and _is_number(values[key])}
    return {key: value for key, value in found.items() if np.isfinite(value).all()}


def _agreeing(found: _Candidates, quantity: str, keys: list[str]) -> list[str]:
    """Return the keys if they agree wherever a frame has several of them."""
    trouble = _disagreement(found, quantity, keys)
    if trouble:
        why = " (a free energy has the entropy of smeared electrons)" if "free" in " ".join(keys) else ""
        raise InputError(f"{found.path}: {trouble}{why}; choose with `{quantity}_key`")
    return keys


def _virial_and_stress(found: _Candidates, asked: LabelKeys, levels: set[str]) -> tuple[list[str], list[str]]:
    """Return the keys of virial and stress: those named, or all of the levels."""
    if asked.virial_key or asked.stress_key:
        named = [[key] if key not in ("", NONE) else [] for key in (asked.virial_key, asked.stress_key)]
        return named[0], named[1]
    virial, stress = ([key for level in sorted(levels) for key in found.of(what, level)] for what in (VIRIAL, STRESS))
    loose = found.of(VIRIAL, UNNAMED) + found.of(STRESS, UNNAMED)
    alone = any(_has(frame, loose) and not _has(frame, virial + stress) for frame in found.frames)
    if alone and not found.of(ENERGY, UNNAMED) + found.of(FORCES, UNNAMED):
        raise InputError(
            f"{found.path}: {' and '.join(loose)} may be of another level of theory than the energy; say with "
            "`virial_key` or `stress_key` which to take, or 'none'"
        )
    return virial, stress


def _has(frame: RawFrame, keys: Sequence[str]) -> bool:
    return any(key in frame.info for key in keys)


def _two_levels(found: _Candidates, key: str, others: Sequence[str]) -> str:
    return (
        f"{found.path}: {key} and {', '.join(others)} may be of several levels of theory; name both with "
        "`energy_key` and `forces_key`"
    )


def _no_energy(found: _Candidates) -> str:
    per_atom = sorted(key for key, name in found.names.items() if name.per_atom)
    if per_atom:
        return (
            f"{found.path}: no total energy in any frame; {', '.join(per_atom)} is one per atom: name it with "
            "`energy_key` to have it multiplied"
        )
    for frame in found.frames:
        for key, value in frame.info.items():
            name = parse_label(key)
            if name and name.quantity == ENERGY and isinstance(value, str) and value != "T":  # no flag
                return f"{found.path}: frame {frame.index}: {key}='{value}' is no number"
    seen = ", ".join(sorted({key for frame in found.frames for key in frame.info})) or "none"
    return f"{found.path}: no energy in any frame (keys found: {seen}); name it with `energy_key`"


def check_units(path: Path, keys: FoundKeys, units: LabelUnits) -> None:
    """Raise `InputError` if a name says a unit that is not the house's, and the caller none where one is wanted.

    Where names of one label say several units, each counts for its own key, and the caller's for those that say none.
    """
    for kind in (ENERGY, FORCES, VIRIAL, STRESS):
        others = [key for key in getattr(keys, kind) if not keys.has_own_unit(kind, key)]
        for key in getattr(keys, kind):
            name = parse_label(key)
            if units.is_said(kind) or not others or not name or not name.unit or is_house(name.unit, kind):
                continue
            whose = "" if key in others else f" that of {' and '.join(others)}"
            told = f"for example {name.unit}" if key in others else f"{KINDS[kind][2]} or another"
            raise InputError(f"{path}: {key} says another unit; give `{kind}_unit`,{whose} {told}")
    _check_energy_unit(path, keys, units)


def _check_energy_unit(path: Path, keys: FoundKeys, units: LabelUnits) -> None:
    """Raise `InputError` if forces are said to be of another energy than eV, and nothing is said of the energies.

    Programs print both in one system of units; some files have eV beside.
    """
    forces = next(filter(None, [units.forces_unit, *(_unit_of(FORCES, key) for key in keys.forces)]), "")
    if not forces or units.is_said(ENERGY) or all(_unit_of(ENERGY, key) for key in keys.energy):
        return
    unit = energy_part(forces)
    if not is_house(unit, ENERGY):
        raise InputError(
            f"{path}: forces are in {forces}, and nothing says whether energies are in {unit} or in eV; give "
            "`energy_unit`"
        )


def _unit_of(kind: str, key: str) -> str:
    """Return the unit that the name of a key says, if it is one of this kind; else an empty string."""
    name = parse_label(key)
    return name.unit if name and name.unit and value_or_none(name.unit, kind) else ""  # a word may look like a unit
