"""The frame of a CP2K output of one geometry."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.units import Ang, Bohr, GPa, Hartree, Pascal, bar, eV

from decant.data.extxyz import RawFrame
from decant.data.raw import open_text, raw_frame
from decant.foundation.errors import InputError

MARK = "CP2K| version string"
_RUN = "Multiplication driver"
"""What the head of each run in an output has; the last run counts."""
_SCF_END = re.compile(r"SCF run (NOT )?converged|outer SCF loop (FAILED to )?converge", re.IGNORECASE)
_NUMBER = r" +(-?\d+\.\d+(?:E[+-]\d+)?)"
_ENERGY = re.compile(rf"ENERGY\| Total FORCE_EVAL \( *(\w+) *\) energy [\[(]([^\])]+)[\])]:?{_NUMBER}")
"""The method, the unit and the energy."""
ENERGY_UNITS = {"hartree": Hartree, "a.u.": Hartree, "ev": eV}
_FORCES = re.compile(
    r"(?:ATOMIC FORCES in|FORCES\| Atomic forces) \[([^\]]+)\](.*?)(?:SUM OF ATOMIC FORCES|FORCES\| Sum|\Z)", re.DOTALL
)
"""The unit and the table, which CP2K lays out anew from 2025 on."""
_FORCE = re.compile(rf"^ *(?:FORCES\| +\d+|\d+ +\d+ +\w+){_NUMBER * 3}", re.MULTILINE)
FORCE_UNITS = {"hartree/bohr": Hartree / Bohr, "ev/angstrom": eV / Ang, "a.u.": Hartree / Bohr}
_STRESS = re.compile(
    r"STRESS\| (?:Analytical|Numerical) stress tensor \[([^\]]+)\]\n.*\n((?: *STRESS\| +[xyz].*\n){3})"
    r"|STRESS TENSOR \[([^\]]+)\]\n.*\n.*\n((?: +[XYZ].*\n){3})"
)
"""The unit and the rows; the same again as CP2K 7 and earlier have them."""
STRESS_UNITS = {"gpa": GPa, "bar": bar, "kbar": 1e3 * bar, "mpa": 1e6 * Pascal, "pa": Pascal, "atm": 1.01325 * bar}
_VECTOR = re.compile(rf"^ *CELL\| Vector [abc] \[([^\]]+)\]:?{_NUMBER * 3}", re.MULTILINE)
_LENGTH = re.compile(r"ATOMIC COORDINATES IN (\w+)", re.IGNORECASE)
LENGTH_UNITS = {"angstrom": Ang, "bohr": Bohr}
_PERIODICITY = re.compile(r"^ *(?:CELL|CELL_TOP|POISSON)\| Periodicity:? +(\w+)", re.MULTILINE)
_KIND = re.compile(r"^ *(\d+)\. Atomic kind: +(\S+)", re.MULTILINE)
_ATOM = re.compile(rf"^ *\d+ +(\d+) +([A-Z][a-z]?) +\d+{_NUMBER * 4} ", re.MULTILINE)
"""A row of coordinates: the number of the atom's kind, its element, x, y, z and Z(eff)."""


def read_cp2k(path: Path) -> Iterator[RawFrame]:
    """Yield the frame; it has its `error` set if it cannot be used, or the output ends before its energy.

    Raises
    ------
    InputError
        If the output is of several geometries, has no coordinates or cell, or a unit that is not known here.
    """
    with open_text(path) as stream:
        text = stream.read()
    text = text[max(text.rfind(_RUN), 0) :]
    energies = _ENERGY.findall(text)
    if len(energies) > 1:
        raise InputError(
            f"{path}: a CP2K output of {len(energies)} geometries; give one of a single geometry, or the "
            "trajectory as extended XYZ"
        )
    error = cp2k_error(text)
    if error:
        yield RawFrame(0, None, error=error)
        return
    _, unit, energy = energies[0]
    atoms = geometry(text, path)
    labels = {
        "energy": float(energy) * _unit(unit, ENERGY_UNITS, "energy", path),
        "forces": forces(text, path),
        "virial": virial(text, atoms.get_volume(), path),
    }
    yield raw_frame(atoms, {}, {}, labels)


def geometry(text: str, path: Path) -> Atoms:
    """Return the atoms of an output in their cell.

    Raises
    ------
    InputError
        If it has no coordinates or no cell, or in a unit that is none of `LENGTH_UNITS`.
    """
    rows, vectors = _ATOM.findall(text), _VECTOR.findall(text)[-3:]
    if not rows or len(vectors) != 3:
        what = "coordinates" if vectors else "cell"
        raise InputError(
            f"{path}: no {what} in the CP2K output: give one that prints its cell and the coordinates of the atoms"
        )
    units = [*_LENGTH.findall(text)[-1:], "angstrom"]
    positions = np.array([row[2:5] for row in rows], float) * _unit(units[0], LENGTH_UNITS, "coordinates", path)
    cell = [np.array(row, float) * _unit(unit, LENGTH_UNITS, "cell", path) for unit, *row in vectors]
    return Atoms([row[1] for row in rows], positions=positions, cell=cell, pbc=periodicity(text))


def forces(text: str, path: Path) -> np.ndarray | None:
    """Return the forces of an output, eV/angstrom; None if it has none.

    Raises
    ------
    InputError
        If their unit is none of `FORCE_UNITS`.
    """
    found = _FORCES.findall(text)
    if not found:
        return None
    unit, table = found[-1]
    return np.array(_FORCE.findall(table), float) * _unit(unit, FORCE_UNITS, "forces", path)


def virial(text: str, volume: float, path: Path) -> np.ndarray | None:
    """Return the virial of an output, eV, whose stress has the sign of a pressure; None if it has none.

    Raises
    ------
    InputError
        If the unit of the stress is none of `STRESS_UNITS`.
    """
    found = _STRESS.findall(text)
    if not found:
        return None
    unit, rows = filter(None, found[-1])
    stress = np.array([row.split()[-3:] for row in rows.splitlines()], float)
    return stress * _unit(unit, STRESS_UNITS, "stress", path) * volume


def _unit(name: str, units: Mapping[str, float], what: str, path: Path) -> float:
    if name.lower() not in units:
        raise InputError(f"{path}: {what} in [{name}]; expected {', '.join(units)}: set the unit in the input of CP2K")
    return units[name.lower()]


def periodicity(text: str) -> list[bool]:
    """Say in which directions an output is periodic: those that cell and Poisson solver agree on, all if none says."""
    said = _PERIODICITY.findall(text)
    return [all(axis in axes for axes in said) for axis in "XYZ"]


def cp2k_error(text: str) -> str:
    """Say why the frame of a CP2K output cannot be used; an empty string if its electrons converged.

    With an outer loop, inner ones may stop early: the last word counts.
    """
    ends, energy = list(_SCF_END.finditer(text)), _ENERGY.search(text)
    if ends and (ends[-1][1] or ends[-1][2]):
        return f"unconverged: {ends[-1][0]}"
    if not energy:
        return "incomplete: the output ends before its energy"
    if not ends:
        return f"no SCF run is told of: the energy ({energy[1]}) is not of electrons, or the run's PRINT_LEVEL too low"
    return _ghosts(text)


def _ghosts(text: str) -> str:
    """Say which atoms are no elements, by their charge or the name of their kind; an empty string if all are."""
    names = dict(_KIND.findall(text))
    for number, element, *_, charge in _ATOM.findall(text):
        name = names.get(number, element)
        if "ghost" in name.lower() or not float(charge):
            return f"kind {name}: ghost atoms, which have no nucleus"
        if float(charge) % 1:
            return f"kind {name}: pseudo-atoms with a nuclear charge of {float(charge):g}, which are no element"
    return ""
