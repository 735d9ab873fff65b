"""The frame of a CP2K output of one geometry, read by dpdata."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from decant.data.deepmd import frames_of
from decant.data.extxyz import RawFrame
from decant.foundation.errors import InputError

MARK = "CP2K| version string"
_RUN = "Multiplication driver"
"""What the head of each run in an output has; the last run counts."""
_SCF_END = re.compile(r"SCF run (NOT )?converged|outer SCF loop (FAILED to )?converge", re.IGNORECASE)
_ENERGY = re.compile(r"ENERGY\| Total FORCE_EVAL")
_PERIODICITY = re.compile(r"^ *(?:CELL|CELL_TOP|POISSON)\| Periodicity:? +(\w+)", re.MULTILINE)
_KIND = re.compile(r"^ *(\d+)\. Atomic kind: +(\S+)", re.MULTILINE)
_ATOM = re.compile(r"^ *\d+ +(\d+) +([A-Z][a-z]?) +\d+(?: +-?\d+\.\d+){3} ", re.MULTILINE)
"""A row of coordinates: the number of the atom's kind, and its element."""


def read_cp2k(path: Path) -> Iterator[RawFrame]:
    """Yield the frame; it has its `error` set if its electrons did not converge, or the output ends before its energy.

    Raises
    ------
    InputError
        If the output is of several geometries: dpdata reads one.
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
    for frame in frames_of(system, {}):
        frame.atoms.pbc = periodicity(text)
        yield frame


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
