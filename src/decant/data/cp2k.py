"""The frame of a CP2K output of one geometry, read by dpdata."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from ase.units import Bohr, GPa, Hartree, Pascal, bar

from decant.data.deepmd import frames_of
from decant.data.extxyz import RawFrame
from decant.foundation.errors import InputError

MARK = "CP2K| version string"
_RUN = "Multiplication driver"
"""What the head of each run in an output has; the last run counts."""
_SCF_END = re.compile(r"SCF run (NOT )?converged|outer SCF loop (FAILED to )?converge", re.IGNORECASE)
_ENERGY = re.compile(r"ENERGY\| Total FORCE_EVAL")
_FORCE_UNIT = re.compile(r"FORCES\| Atomic forces \[([^\]]+)\]")
FORCE_UNITS = {"hartree/bohr": 1.0, "ev/angstrom": Bohr / Hartree}
"""Units of forces from CP2K 2025 on, in those that dpdata takes them for."""
_STRESS = re.compile(
    r"STRESS\| (?:Analytical|Numerical) stress tensor \[([^\]]+)\]\n.*\n((?: *STRESS\| +[xyz].*\n){3})"
)
STRESS_UNITS = {"gpa": GPa, "bar": bar, "kbar": 1e3 * bar, "mpa": 1e6 * Pascal, "pa": Pascal, "atm": 1.01325 * bar}
_PERIODICITY = re.compile(r"^ *(?:CELL|CELL_TOP|POISSON)\| Periodicity:? +(\w+)", re.MULTILINE)
_KIND = re.compile(r"^ *(\d+)\. Atomic kind: +(\S+)", re.MULTILINE)
_ATOM = re.compile(r"^ *\d+ +(\d+) +([A-Z][a-z]?) +\d+(?: +-?\d+\.\d+){3} ", re.MULTILINE)
"""A row of coordinates: the number of the atom's kind, and its element."""


def read_cp2k(path: Path) -> Iterator[RawFrame]:
    """Yield the frame; it has its `error` set if its electrons did not converge, or the output ends before its energy.

    Raises
    ------
    InputError
        If the output is of several geometries: dpdata reads one; or in a unit that is not known here.
    """
    text = path.read_text(encoding="utf-8", errors="replace")
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
    import dpdata

    system = dpdata.LabeledSystem(str(path), fmt="cp2k/output")
    elements = kind_elements(text)
    system.data["atom_names"] = [elements.get(name, name) for name in system.data["atom_names"]]
    system.data["forces"] *= force_unit(text, path)
    stress = stress_tensor(text, path)
    if stress is not None and all(periodicity(text)):
        system.data["virials"] = stress[None] * abs(np.linalg.det(system.data["cells"][0]))
    for frame in frames_of(system, {}):
        frame.atoms.pbc = periodicity(text)
        yield frame


def force_unit(text: str, path: Path) -> float:
    """Return the unit of the forces of an output, in Hartree/Bohr, which dpdata takes them for.

    Raises
    ------
    InputError
        If it is none of `FORCE_UNITS`.
    """
    said = _FORCE_UNIT.findall(text)
    return _unit(said[-1], FORCE_UNITS, "forces", path) if said else 1.0


def stress_tensor(text: str, path: Path) -> np.ndarray | None:
    """Return the stress of an output, eV/angstrom^3, with the sign of a pressure; None if it has none.

    Of CP2K 7 and earlier, which dpdata reads, it has none.

    Raises
    ------
    InputError
        If its unit is none of `STRESS_UNITS`.
    """
    found = _STRESS.findall(text)
    if not found:
        return None
    unit, rows = found[-1]
    return np.array([row.split()[2:5] for row in rows.splitlines()], float) * _unit(unit, STRESS_UNITS, "stress", path)


def _unit(name: str, units: dict[str, float], what: str, path: Path) -> float:
    if name.lower() not in units:
        raise InputError(f"{path}: {what} in [{name}]; expected {', '.join(units)}: set the unit in the input of CP2K")
    return units[name.lower()]


def periodicity(text: str) -> list[bool]:
    """Say in which directions an output is periodic: those that cell and Poisson solver agree on, all if none says.

    dpdata takes the cube around a molecule for a crystal.
    """
    said = _PERIODICITY.findall(text)
    return [all(axis in axes for axes in said) for axis in "XYZ"]


def kind_elements(text: str) -> dict[str, str]:
    """Return the element of each kind of atoms, whose name dpdata takes for one: OW is a kind of O."""
    elements = dict(_ATOM.findall(text))
    return {name: elements[number] for number, name in _KIND.findall(text) if number in elements}


def cp2k_error(text: str) -> str:
    """Say why the frame of a CP2K output cannot be used; an empty string if its electrons converged.

    With an outer loop, inner ones may stop early: the last word counts.
    """
    ends = list(_SCF_END.finditer(text))
    if ends and (ends[-1][1] or ends[-1][2]):
        return f"unconverged: {ends[-1][0]}"
    return "" if _ENERGY.search(text) else "incomplete: the output ends before its energy"
