"""Frames in formats of other programs, read by ASE and dpdata: DeePMD folders, ASE databases, VASP and CP2K outputs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from decant.data.extxyz import RawFrame
from decant.foundation.errors import InputError

TEXT = re.compile(r"\.(extxyz|xyz)$", re.IGNORECASE)
ASE_SUFFIXES = {".db": "db", ".traj": "traj"}
CP2K_MARK = "CP2K| version string"


def is_foreign(path: Path) -> bool:
    """Say whether a path is to be read by `read_foreign`: a folder, or a file of another name than extended XYZ has."""
    return path.is_dir() or (path.is_file() and _reader(path) is not None)


def read_foreign(path: Path) -> list[RawFrame]:
    """Read every frame; labels are under ``energy`` (eV), ``forces`` (eV/angstrom), ``virial`` (eV) and ``stress``.

    Parameters
    ----------
    path
        A folder with DeePMD systems (``type.raw``) at any depth, an ASE database (``.db``) or trajectory (``.traj``), a
        VASP ``OUTCAR`` or ``vasprun.xml``, or a CP2K output.

    Raises
    ------
    InputError
        If the path is none of these or holds no frame.
    """
    reader = _deepmd if path.is_dir() else _reader(path)
    if reader is None:
        raise InputError(f"{path}: of no known format; expected extended XYZ, DeePMD, ASE, VASP or CP2K data")
    try:
        frames = list(reader(path))
    except InputError:
        raise
    except Exception as error:  # a reader of others may raise anything on a damaged file
        raise InputError(f"{path}: cannot be read: {type(error).__name__}: {' '.join(str(error).split())}") from error
    if not frames:
        raise InputError(f"{path}: holds no frame")
    for index, frame in enumerate(frames):
        frame.index = index
    return frames


def _reader(path: Path) -> Callable[[Path], Iterator[RawFrame]] | None:
    if TEXT.search(path.name):
        return None
    name = path.name.lower()
    if path.suffix.lower() in ASE_SUFFIXES:
        return lambda file: _by_ase(file, ASE_SUFFIXES[file.suffix.lower()])
    if name.startswith("outcar"):
        return lambda file: _by_ase(file, "vasp-out")
    if name.startswith("vasprun") and name.endswith(".xml"):
        return lambda file: _by_ase(file, "vasp-xml")
    with path.open("rb") as stream:
        return _cp2k if CP2K_MARK.encode() in stream.read(20000) else None


def _by_ase(path: Path, kind: str) -> Iterator[RawFrame]:
    from ase.io import iread

    for atoms in iread(path, index=":", format=kind):
        yield _raw(atoms, dict(atoms.info), _extra(atoms), atoms.calc.results if atoms.calc is not None else {})


def _extra(atoms: Atoms) -> dict[str, np.ndarray]:
    return {key: values for key, values in atoms.arrays.items() if key not in ("numbers", "positions")}


def _raw(atoms: Atoms, info: dict[str, Any], arrays: dict[str, np.ndarray], labels: dict[str, Any]) -> RawFrame:
    """Return a frame with its labels beside its other values."""
    bare = Atoms(atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=atoms.pbc)
    info = {**info, **{key: labels[key] for key in ("energy", "stress", "virial") if labels.get(key) is not None}}
    arrays = {**arrays, **({"forces": np.asarray(labels["forces"])} if labels.get("forces") is not None else {})}
    return RawFrame(0, None, bare, info, arrays)


def _deepmd(path: Path) -> Iterator[RawFrame]:
    import dpdata

    folders = sorted(file.parent for file in path.rglob("type.raw"))
    if not folders:
        raise InputError(f"{path}: a folder without DeePMD systems: no type.raw in it or below")
    for folder in folders:
        kind = "deepmd/npy" if any(folder.glob("set.*")) else "deepmd/raw"
        labelled = any(folder.glob("set.*/energy.npy")) or (folder / "energy.raw").is_file()
        system = (dpdata.LabeledSystem if labelled else dpdata.System)(str(folder), fmt=kind)
        yield from _system(system, {"trajectory": str(folder.relative_to(path))})


def _cp2k(path: Path) -> Iterator[RawFrame]:
    import dpdata

    yield from _system(dpdata.LabeledSystem(str(path), fmt="cp2k/output"), {})


def _system(system: Any, info: dict[str, Any]) -> Iterator[RawFrame]:
    """Yield the frames of a system of dpdata, whose virial has the sign of the house."""
    data = system.data
    names = [str(data["atom_names"][kind]) for kind in data["atom_types"]]
    for index in range(len(data["coords"])):
        cell = {} if system.nopbc else {"cell": data["cells"][index], "pbc": True}
        atoms = Atoms(names, positions=data["coords"][index], **cell)
        keys = {"energy": "energies", "forces": "forces", "virial": "virials"}
        labels = {key: data[plural][index] for key, plural in keys.items() if plural in data}
        yield _raw(atoms, info, {}, labels)
