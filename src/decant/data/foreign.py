"""Frames in formats of other programs, read by ASE and dpdata: DeePMD folders, ASE databases, VASP and CP2K outputs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from decant.data import cp2k
from decant.data.deepmd import read_deepmd, read_hdf5
from decant.data.extxyz import RawFrame
from decant.data.raw import by_calculator
from decant.data.vasp import read_outcar, read_vasprun
from decant.foundation.errors import InputError

TEXT = re.compile(r"\.(extxyz|xyz)$", re.IGNORECASE)
ASE_SUFFIXES = {".db": "db", ".traj": "traj"}


def is_foreign(path: Path) -> bool:
    """Say whether a path is to be read by `read_foreign`: a folder, or a file of another name than extended XYZ has."""
    return path.is_dir() or (path.is_file() and _reader(path) is not None)


def read_foreign(path: Path) -> list[RawFrame]:
    """Read every frame; labels are under ``energy`` (eV), ``forces`` (eV/angstrom), ``virial`` (eV) and ``stress``.

    A frame whose electrons did not converge, and a last one cut short, has its `error` set.

    Parameters
    ----------
    path
        A folder with DeePMD systems (``type.raw``) at any depth, an HDF5 file of them, an ASE database (``.db``) or
        trajectory (``.traj``), a VASP ``OUTCAR`` or ``vasprun.xml``, or a CP2K output.

    Raises
    ------
    InputError
        If the path is none of these or holds no frame.
    """
    reader = read_deepmd if path.is_dir() else _reader(path)
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
    if path.suffix.lower() in (".hdf5", ".h5"):
        return read_hdf5
    if name.startswith("outcar"):
        return read_outcar
    if name.startswith("vasprun") and name.endswith(".xml"):
        return read_vasprun
    with path.open("rb") as stream:
        return cp2k.read_cp2k if cp2k.MARK.encode() in stream.read(20000) else None


def _by_ase(path: Path, kind: str) -> Iterator[RawFrame]:
    from ase.io import iread

    return (by_calculator(atoms) for atoms in iread(path, index=":", format=kind))
