"""Frames in formats of other programs, read by ASE and dpdata: DeePMD folders, ASE databases, VASP and CP2K outputs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from ase.io.formats import open_with_compression

from decant.data import cp2k
from decant.data.deepmd import read_deepmd, read_hdf5
from decant.data.extxyz import RawFrame
from decant.data.raw import by_calculator
from decant.data.stated_charge import TABLES
from decant.data.vasp import read_outcar, read_vasprun
from decant.foundation.errors import InputError

TEXT = re.compile(r"\.(extxyz|xyz)(\.(gz|bz2|xz))?$", re.IGNORECASE)


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
    if path.suffix.lower() == ".db":
        return _read_database
    if path.suffix.lower() == ".traj":
        return _read_trajectory
    if path.suffix.lower() in (".hdf5", ".h5"):
        return read_hdf5
    if name.startswith("outcar"):
        return read_outcar
    if name.startswith("vasprun") and ".xml" in name:
        return read_vasprun
    head = _head(path)
    for pattern, reader in _MARKS.items():
        if re.search(pattern, head, re.MULTILINE):
            return reader
    return _refuse if any(mark in head for mark in _OTHERS) else None


_MARKS = {r"^ vasp\.\d": read_outcar, r"^<modeling>": read_vasprun, re.escape(cp2k.MARK): cp2k.read_cp2k}
"""What a head has of a file that is read, whatever its name."""
_OTHERS = {
    "* O   R   C   A *": "an output of ORCA", "Entering Gaussian System": "an output of Gaussian",
    "Program PWSCF": "an output of Quantum ESPRESSO", "FHI-aims": "an output of FHI-aims",
    "ITEM: TIMESTEP": "a dump of LAMMPS",
}  # fmt: skip
"""What a head has of a file that others read."""


def _head(path: Path) -> str:
    try:
        with open_with_compression(str(path), "rb") as stream:
            return bytes(stream.read(20000)).decode("utf-8", errors="replace")
    except (OSError, EOFError):  # whoever reads it all says what is wrong
        return ""


def _refuse(path: Path) -> Iterator[RawFrame]:
    what = next(name for mark, name in _OTHERS.items() if mark in _head(path))
    raise InputError(
        f"{path}: {what}, which is not read here; write its frames as extended XYZ (ASE and dpdata do), with energy "
        "and forces, and only those that converged"
    )


def _read_trajectory(path: Path) -> Iterator[RawFrame]:
    from ase.io import iread

    return (by_calculator(atoms) for atoms in iread(path, index=":", format="traj"))


def _read_database(path: Path) -> Iterator[RawFrame]:
    from ase.db import connect

    for row in connect(path).select():  # by ase.io the tables of other values are lost
        yield _flat(by_calculator(row.toatoms(add_additional_information=True)))


def _flat(frame: RawFrame) -> RawFrame:
    """Lay what an ASE database keeps in tables of its own, labels among it, beside the other values of a frame."""
    for key in TABLES:
        for name, value in frame.info.pop(key, {}).items():
            if isinstance(value, list) and len({np.size(row) for row in value}) > 1:
                continue  # rows of unequal length are no label
            frame.info.setdefault(name, value)
            if np.shape(value)[:1] == (len(frame.atoms),):  # by atom, or just as many numbers: their names tell
                frame.arrays.setdefault(name, np.asarray(value))
    return frame
