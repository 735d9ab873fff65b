"""Frames of DeePMD-kit: folders and HDF5 files of systems, of mixed types as well, read by dpdata."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
        for system in _systems(folder):
            yield from frames_of(system, {"trajectory": str(folder.relative_to(path))})


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
        file.visit(lambda name: places.append(name.removesuffix("type.raw")) if name.endswith("type.raw") else None)
        kinds = [_kind_of(f"{path}#/{place}", file[f"/{place}"]) for place in places]
    if not places:
        raise InputError(f"{path}: an HDF5 file without DeePMD systems: no type.raw in it")
    for place, (mixed, labelled) in zip(places, kinds, strict=True):
        for system in _hdf5_systems(f"{path}#/{place}", mixed, labelled):
            yield from frames_of(system, {"trajectory": place.strip("/") or path.stem})


def _kind_of(where: str, group: Any) -> tuple[bool, bool]:
    """Say whether a group of an HDF5 file is of mixed types and has labels, once its types are known as elements."""
    sets = [group[name] for name in group if name.startswith("set.")]
    mixed = [one[MIXED][()] for one in sets if MIXED in one]
    names = [name.decode() for name in group["type_map.raw"][()]] if "type_map.raw" in group else None
    _check_types(where, mixed or [group["type.raw"][()]], names)
    return bool(mixed), any("energy.npy" in one for one in sets)


def _hdf5_systems(where: str, mixed: bool, labelled: bool) -> list[Any]:
    """Return the systems of a group of an HDF5 file as dpdata has them."""
    import dpdata

    if not mixed:
        return [(dpdata.LabeledSystem if labelled else dpdata.System)(where, fmt="deepmd/hdf5")]
    found = dpdata.MultiSystems()
    found.load_systems_from_file(where, fmt="deepmd/hdf5/mixed", labeled=labelled)
    return list(found)


def _check_types(where: object, types: Sequence[np.ndarray], names: Sequence[str] | None) -> None:
    """Raise `InputError` if the types of a system, named by the words of its ``type_map.raw``, are no elements."""
    most = int(max(one.max() for one in types))
    if names is None:
        raise InputError(
            f"{where}: no type_map.raw says which elements the types 0 to {most} are; write one, an element a line"
        )
    if most >= len(names):
        raise InputError(f"{where}: type_map.raw names {len(names)} elements, but the types go to {most}")
    for name in names:
        if name not in atomic_numbers:
            raise InputError(
                f"{where}: type_map.raw: '{name}' is no element; write the element of each type, one a line"
            )


def _systems(folder: Path) -> list[Any]:
    """Return the systems of a folder as dpdata has them: one, or of mixed types one for each order of elements."""
    import dpdata

    labelled = any(folder.glob("set.*/energy.npy")) or (folder / "energy.raw").is_file()
    of_kind = dpdata.LabeledSystem if labelled else dpdata.System
    mixed_types = [np.load(one) for one in sorted(folder.glob(f"set.*/{MIXED}"))]
    file = folder / "type_map.raw"
    names = file.read_text(encoding="utf-8").split() if file.is_file() else None
    _check_types(folder, mixed_types or [np.loadtxt(folder / "type.raw", ndmin=1)], names)
    if mixed_types:
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
