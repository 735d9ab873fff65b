"""Frames of DeePMD-kit: folders of systems, of mixed types as well, read by dpdata."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers

from decant.data.extxyz import RawFrame
from decant.data.raw import raw_frame
from decant.foundation.errors import InputError

MIXED = "real_atom_types.npy"
"""What a set of mixed types has: the type of each atom in each frame, -1 for atoms that only fill up."""
_PLURALS = {"energy": "energies", "forces": "forces", "virial": "virials"}


def read_deepmd(path: Path) -> Iterator[RawFrame]:
    """Yield the frames of every system (a folder with ``type.raw``) in a folder, at any depth.

    Raises
    ------
    InputError
        If there is none, or one does not say which elements its types are.
    """
    folders = sorted(file.parent for file in path.rglob("type.raw"))
    if not folders:
        raise InputError(f"{path}: a folder without DeePMD systems: no type.raw in it or below")
    for folder in folders:
        _check_types(folder)
        for system in _systems(folder):
            yield from frames_of(system, {"trajectory": str(folder.relative_to(path))})


def _check_types(folder: Path) -> None:
    """Raise `InputError` if the types of a system are no elements."""
    file, mixed = folder / "type_map.raw", sorted(folder.glob(f"set.*/{MIXED}"))
    types = [np.load(one) for one in mixed] or [np.loadtxt(folder / "type.raw", ndmin=1)]
    most = int(max(one.max() for one in types))
    if not file.is_file():
        raise InputError(
            f"{folder}: no type_map.raw says which elements the types 0 to {most} are; write one, an element a line"
        )
    names = file.read_text(encoding="utf-8").split()
    if most >= len(names):
        raise InputError(f"{file}: names {len(names)} elements, but the types go to {most}")
    for name in names:
        if name not in atomic_numbers:
            raise InputError(f"{file}: '{name}' is no element; write the element of each type, one a line")


def _systems(folder: Path) -> list[Any]:
    """Return the systems of a folder as dpdata has them: one, or of mixed types one for each order of elements."""
    import dpdata

    labelled = any(folder.glob("set.*/energy.npy")) or (folder / "energy.raw").is_file()
    of_kind = dpdata.LabeledSystem if labelled else dpdata.System
    if any(folder.glob(f"set.*/{MIXED}")):
        from dpdata.formats.deepmd import mixed

        return [of_kind(data=data) for data in mixed.to_system_data(str(folder), labels=labelled)]
    kind = "deepmd/npy" if any(folder.glob("set.*")) else "deepmd/raw"
    return [of_kind(str(folder), fmt=kind)]


def frames_of(system: Any, info: dict[str, Any]) -> Iterator[RawFrame]:
    """Yield the frames of a system of dpdata, whose virial has the sign of the house."""
    data = system.data
    names = [str(data["atom_names"][kind]) for kind in data["atom_types"]]
    for index in range(len(data["coords"])):
        cell = {} if system.nopbc else {"cell": data["cells"][index], "pbc": True}
        atoms = Atoms(names, positions=data["coords"][index], **cell)
        labels = {key: data[plural][index] for key, plural in _PLURALS.items() if plural in data}
        yield raw_frame(atoms, info, {}, labels)
