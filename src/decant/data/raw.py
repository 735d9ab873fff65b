"""What readers of other formats share: their text, and their frames as `RawFrame`, bare atoms and labels apart."""

from __future__ import annotations

from collections.abc import Mapping
from io import TextIOWrapper
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from ase import Atoms
from ase.io.formats import open_with_compression

from decant.data.extxyz import RawFrame

EITHER = " or "
"""What stands between units of which a file does not tell which is meant."""
LABELS = ("energy", "free_energy", "stress", "virial")


def raw_frame(
    atoms: Atoms, info: Mapping[str, Any], arrays: Mapping[str, np.ndarray], labels: Mapping[str, Any]
) -> RawFrame:
    """Return a frame with its labels, eV and angstrom, beside its other values."""
    bare = Atoms(atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=atoms.pbc)
    forces = {"forces": np.asarray(labels["forces"])} if labels.get("forces") is not None else {}
    said = {key: labels[key] for key in LABELS if labels.get(key) is not None}
    return RawFrame(0, None, bare, {**info, **said}, {**arrays, **forces})


def by_calculator(atoms: Atoms) -> RawFrame:
    """Return a frame of ASE with the results of its calculator."""
    arrays = {key: values for key, values in atoms.arrays.items() if key not in ("numbers", "positions")}
    return raw_frame(atoms, atoms.info, arrays, atoms.calc.results if atoms.calc is not None else {})


def open_text(path: Path) -> TextIO:
    """Open a text, compressed or not, to be read; names and comments may be in any encoding, what counts is ASCII."""
    return TextIOWrapper(open_with_compression(str(path), "rb"), encoding="utf-8-sig", errors="replace")
