"""Frames of DeePMD-kit: folders and HDF5 files of systems, of mixed types as well."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers

from decant.data.extxyz import RawFrame
from decant.data.raw import raw_frame
from decant.foundation.errors import InputError

TYPES = "type.raw"
"""What makes a folder, or a group of an HDF5 file, a system: the type of each of its atoms."""
MIXED = "real_atom_types"
"""What a set of mixed types has: the type of each atom in each frame, -1 for atoms that only fill up."""
_SHAPES: dict[str, tuple[int, ...]] = {
    "coord": (0, 3), "box": (3, 3), "energy": (), "force": (0, 3), "virial": (3, 3), MIXED: (0,),
}  # fmt: skip
"""What is read of a set, with its shape in each frame; 0 stands for the number of atoms."""


@dataclass(frozen=True)
class _System:
    """A system as it is kept.

    Attributes
    ----------
    where
        Its folder or group, for messages.
    types
        The type of each atom; in sets of mixed types only as many as there are atoms.
    names
        The name of each type; None if none are given.
    periodic
        Whether its frames have cells.
    sets
        The arrays of each set, by the names of `_SHAPES`, as they are kept.
    """

    where: str
    types: np.ndarray
    names: list[str] | None
    periodic: bool
    sets: Mapping[str, Mapping[str, np.ndarray]]


def read_deepmd(path: Path) -> Iterator[RawFrame]:
    """Yield the frames of every system (a folder with ``type.raw``) in a folder, at any depth, through links as well.

    Raises
    ------
    InputError
        If there is none, or one is not whole, or does not say which elements its types are.
    """
    folders = list(_folders(path))
    if not folders:
        raise InputError(f"{path}: a folder without DeePMD systems: no {TYPES} in it or below")
    for folder in folders:
        yield from _frames(_of_folder(folder), {"trajectory": str(folder.relative_to(path))})


def read_hdf5(path: Path) -> Iterator[RawFrame]:
    """Yield the frames of every system (a group with ``type.raw``) in an HDF5 file of DeePMD-kit.

    Raises
    ------
    InputError
        As `read_deepmd` does.
    """
    import h5py

    places: list[str] = []
    with h5py.File(path) as file:
        file.visit(lambda name: places.append(name.removesuffix(TYPES)) if name.endswith(TYPES) else None)
        if not places:
            raise InputError(f"{path}: an HDF5 file without DeePMD systems: no {TYPES} in it")
        for place in places:
            system = _of_group(f"{path}#/{place}", file[f"/{place}"])
            yield from _frames(system, {"trajectory": place.strip("/") or path.stem})


def _folders(path: Path) -> Iterator[Path]:
    """Yield every folder with a system, once; links may lead to folders seen before, or round in a circle."""
    seen: set[str] = set()
    for place, inner, files in os.walk(path, followlinks=True):
        if os.path.realpath(place) in seen:
            inner.clear()
            continue
        seen.add(os.path.realpath(place))
        inner.sort()
        if TYPES in files:
            yield Path(place)


def _of_folder(folder: Path) -> _System:
    """Read a folder with sets of ``.npy`` files, or with ``.raw`` texts where it has no set."""
    file = folder / "type_map.raw"
    names = file.read_text(encoding="utf-8").split() if file.is_file() else None
    sets = {one.name: _arrays(one, "npy") for one in sorted(folder.glob("set.*")) if one.is_dir()}
    return _System(
        str(folder), np.loadtxt(folder / TYPES, ndmin=1).astype(int), names, not (folder / "nopbc").is_file(),
        sets or {"": _arrays(folder, "raw")},
    )  # fmt: skip


def _arrays(folder: Path, suffix: str) -> dict[str, np.ndarray]:
    load = np.load if suffix == "npy" else np.loadtxt
    return {name: load(file) for name in _SHAPES if (file := folder / f"{name}.{suffix}").is_file()}


def _of_group(where: str, group: Any) -> _System:
    """Read a group of an HDF5 file."""
    names = [name.decode() for name in group["type_map.raw"][()]] if "type_map.raw" in group else None
    sets = {
        one: {name: group[one][f"{name}.npy"][()] for name in _SHAPES if f"{name}.npy" in group[one]}
        for one in sorted(group)
        if one.startswith("set.")
    }
    return _System(where, group[TYPES][()], names, "nopbc" not in group, sets)


def _frames(system: _System, info: Mapping[str, Any]) -> Iterator[RawFrame]:
    """Yield the frames of a system, each with the labels that its set has; virials have the sign of the house."""
    _check_types(system)
    for name in system.sets:
        arrays = _shaped(system, name)
        coord = arrays["coord"]
        types = arrays.get(MIXED, np.tile(system.types, (len(coord), 1))).astype(int)
        for index, row in enumerate(types):
            real = row >= 0
            symbols = [(system.names or ())[kind] for kind in row[real]]
            cell = {"cell": arrays["box"][index], "pbc": True} if system.periodic else {}
            labels: dict[str, Any] = {key: arrays[key][index] for key in ("energy", "virial") if key in arrays}
            if "force" in arrays:
                labels["forces"] = arrays["force"][index][real]
            yield raw_frame(Atoms(symbols, positions=coord[index][real], **cell), info, {}, labels)


def _shaped(system: _System, name: str) -> dict[str, np.ndarray]:
    """Return the arrays of a set by frame, or raise `InputError` if one is missing or of another size."""
    arrays, atoms = system.sets[name], len(system.types)
    where, suffix = (f"{system.where}: {name}: ", "npy") if name else (f"{system.where}: ", "raw")
    if "coord" not in arrays:
        raise InputError(f"{where}no coord.{suffix}: the positions of its frames are missing")
    if system.periodic and "box" not in arrays:
        raise InputError(
            f"{where}no box.{suffix}: the cells of its frames are missing; if they have none, say so by an empty file "
            f"'nopbc' beside {TYPES}"
        )
    count = arrays["coord"].size // max(3 * atoms, 1)
    shapes = {key: (count, *(size or atoms for size in _SHAPES[key])) for key in arrays}
    for key, array in arrays.items():
        expected = int(np.prod(shapes[key]))
        if array.size != expected:
            raise InputError(
                f"{where}{key}.{suffix} has {array.size} numbers; {count} frames of {atoms} atoms have {expected}"
            )
    return {key: array.reshape(shapes[key]) for key, array in arrays.items()}


def _check_types(system: _System) -> None:
    """Raise `InputError` if the types of a system are no elements; dummy atoms are told of each frame."""
    kinds = [arrays[MIXED] for arrays in system.sets.values() if MIXED in arrays] or [system.types]
    used = sorted({int(kind) for one in kinds for kind in np.unique(one) if kind >= 0})
    most = used[-1] if used else 0
    names = system.names
    if names is None:
        raise InputError(
            f"{system.where}: no type_map.raw says which elements the types 0 to {most} are; write one, an element a "
            "line"
        )
    if most >= len(names):
        raise InputError(f"{system.where}: type_map.raw names {len(names)} elements, but the types go to {most}")
    for kind in used:
        if names[kind] not in atomic_numbers:
            raise InputError(
                f"{system.where}: type_map.raw: '{names[kind]}' is no element; write the element of each type, one a "
                "line"
            )
