"""Frames in formats of other programs: DeePMD folders, ASE databases and trajectories, VASP and CP2K outputs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import numpy as np
from ase.io.formats import open_with_compression

from decant.data import cp2k
from decant.data.deepmd import read_deepmd, read_hdf5
from decant.data.extxyz import RawFrame
from decant.data.label_names import parse_label
from decant.data.label_units import KINDS, value_or_none
from decant.data.raw import EITHER, by_calculator, open_text
from decant.data.stated_charge import TABLES
from decant.data.vasp import read_outcar, read_vasprun
from decant.foundation.errors import InputError
from decant.foundation.files import unpacking

TEXT = re.compile(r"\.(extxyz|xyz)(\.(gz|bz2|xz))?$", re.IGNORECASE)


def is_foreign(path: Path) -> bool:
    """Say whether a path is to be read by `read_foreign`: a folder, or a file of another name than extended XYZ has."""
    return path.is_dir() or (path.is_file() and _reader(path) is not None)


def read_foreign(path: Path) -> list[RawFrame]:
    """Read every frame; labels are under ``energy`` (eV), ``forces`` (eV/angstrom), ``virial`` (eV) and ``stress``.

    A frame whose electrons did not converge or that has atoms of no element, and a last one cut short, has its `error`
    set.

    Parameters
    ----------
    path
        A folder with DeePMD systems (``type.raw``) at any depth, an HDF5 file of them, an ASE database (SQLite or
        JSON) or trajectory, a VASP ``OUTCAR`` or ``vasprun.xml``, or a CP2K output.

    Raises
    ------
    InputError
        If the path is none of these or holds no frame.
    """
    reader = read_deepmd if path.is_dir() else _reader(path)
    if reader is None:
        raise InputError(f"{path}: of no known format; expected extended XYZ, DeePMD, ASE, VASP or CP2K data")
    try:
        with unpacking(path):
            frames = list(reader(path))
    except (InputError, ModuleNotFoundError):  # of a package that is not installed the extra is told
        raise
    except Exception as error:  # a reader of others may raise anything on a damaged file
        raise InputError(f"{path}: cannot be read: {type(error).__name__}: {' '.join(str(error).split())}") from error
    if not frames:
        raise InputError(f"{path}: holds no frame")
    for index, frame in enumerate(frames):
        frame.index = index
        if not frame.atoms.numbers.all():
            frame.error = frame.error or "atoms of no element (X): dummy or ghost atoms"
    return frames


def _reader(path: Path) -> Callable[[Path], Iterator[RawFrame]] | None:
    """Return what reads a file, by its name or else by how it begins; None if it is to be read as extended XYZ."""
    if TEXT.search(path.name):
        return None
    for pattern, reader in _NAMES.items():
        if re.search(pattern, path.name, re.IGNORECASE):
            return reader
    head = _head(path)
    for pattern, reader in _MARKS.items():
        if re.search(pattern, head, re.MULTILINE):
            return reader
    return _refuse if any(mark in head for mark in _OTHERS) else None


def _head(path: Path) -> str:
    with suppress(InputError, OSError), unpacking(path), open_with_compression(str(path), "rb") as stream:
        return bytes(stream.read(20000)).decode("utf-8", errors="replace")
    return ""  # whoever reads it all says what is wrong


def _refuse(path: Path) -> Iterator[RawFrame]:
    what = next(name for mark, name in _OTHERS.items() if mark in _head(path))
    raise InputError(
        f"{path}: {what}, which is not read here; write its frames as extended XYZ (ASE and dpdata do), with energy "
        "and forces, and only those that converged"
    )


def _read_trajectory(path: Path) -> Iterator[RawFrame]:
    from ase.io.trajectory import TrajectoryReader

    with TrajectoryReader(str(path)) as frames:  # ase.io.read would take what follows an @ in the name off
        yield from (by_calculator(atoms) for atoms in frames)


def _read_database(path: Path) -> Iterator[RawFrame]:
    from ase.db import connect

    is_json = re.search(_JSON, _head(path))
    with open_text(path) if is_json else nullcontext(str(path)) as source:
        database = connect(source, type="json" if is_json else "db")
        units = _stated_units(database.metadata)
        for row in database.select():  # by ase.io the tables of other values are lost
            frame = _flat(by_calculator(row.toatoms(add_additional_information=True)))
            frame.info = {**units, **frame.info}
            yield frame


def _stated_units(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Return the units that metadata of an ASE database state, under keys such as a frame has: ``energy_unit``.

    SchNetPack writes ``_property_unit_dict`` and ``_distance_unit``, ASE itself ``key_descriptions`` with units.
    """
    said, of_names = {}, {}
    for key, value in metadata.items():
        if key == "key_descriptions":
            of_names.update({name: words[-1] for name, words in dict(value).items() if words[-1] and parse_label(name)})
        elif "unit" in key.lower() and isinstance(value, Mapping):
            of_names.update(value)
        elif "unit" in key.lower() and isinstance(value, str):
            said[key.strip("_")] = value
    found = _units_by_kind({name: str(unit) for name, unit in of_names.items()})
    if "distance_unit" in said:  # which is that of positions; other lengths are none of ours
        found.pop("length_unit", None)
    return {**found, **said}


def _units_by_kind(units: Mapping[str, str]) -> dict[str, str]:
    """Return the unit of each kind of label, of what has its name, or else of what has a unit of its kind.

    Several are given as one, so that a caller is asked which it is.
    """
    labels = {name: label.quantity for name in units if (label := parse_label(name))}
    said = {}
    for kind in KINDS:
        named = {unit for name, unit in units.items() if labels.get(name) == kind}
        fitting = {unit for name, unit in units.items() if name not in labels and value_or_none(unit, kind)}
        if named or fitting:
            said[f"{kind}_unit"] = EITHER.join(sorted(named or fitting))
    return said


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


_NAMES = {
    r"\.db$": _read_database, r"\.traj$": _read_trajectory, r"\.(hdf5|h5)$": read_hdf5, "^outcar": read_outcar,
    r"^vasprun.*\.xml": read_vasprun,
}  # fmt: skip
"""What the name has of a file that is read, whatever it begins with."""
_JSON = r"\A\{\"\d+\": \{"
_MARKS = {
    r"^ vasp\.\d": read_outcar, "^<modeling>": read_vasprun, re.escape(cp2k.MARK): cp2k.read_cp2k,
    r"\A(- of Ulm|AFFormat)ASE-Trajectory": _read_trajectory, r"\ASQLite format 3\0": _read_database,
    _JSON: _read_database, r"\A\ufffdHDF\r\n": read_hdf5,
}  # fmt: skip
"""What a head has of a file that is read, whatever its name."""
_OTHERS = {
    "* O   R   C   A *": "an output of ORCA", "Entering Gaussian System": "an output of Gaussian",
    "Program PWSCF": "an output of Quantum ESPRESSO", "FHI-aims": "an output of FHI-aims",
    "ITEM: TIMESTEP": "a dump of LAMMPS",
}  # fmt: skip
"""What a head has of a file that others read."""
