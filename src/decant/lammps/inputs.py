"""Where the LAMMPS input scripts lie."""

from __future__ import annotations

from pathlib import Path

from decant.foundation.errors import InputError

_PACKAGE = Path(__file__).resolve().parents[1]


def inputs_directory() -> Path:
    """Return the folder of LAMMPS inputs: in the installed package, or at the top of a source checkout."""
    for folder in (_PACKAGE / "lammps_inputs", _PACKAGE.parents[1] / "lammps_inputs"):
        if (folder / "in.npt").is_file():
            return folder
    raise InputError(f"{_PACKAGE}: the LAMMPS inputs (lammps_inputs/in.npt) are missing; reinstall decant-mlip")
