"""Frames of other readers as `RawFrame`: bare atoms, and their labels beside their other values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from ase import Atoms

from decant.data.extxyz import RawFrame

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
