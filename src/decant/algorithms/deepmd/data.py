"""Frames in the house form as DeePMD-kit's ``deepmd/npy`` systems, by way of dpdata."""

from __future__ import annotations

import shutil
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from decant.molecules.periodicity import right_handed, with_gap

if TYPE_CHECKING:
    from ase import Atoms


def write_systems(frames: list[Atoms], elements: list[str], directory: Path) -> list[Path]:
    """Write one system for each composition, apart by periodicity and by whether the virial is known.

    Parameters
    ----------
    frames
        Labelled frames, house form; atoms are reordered by element, since a system has one list of types. Slabs and
        wires are put into cells of three vectors.
    elements
        The type map.
    directory
        Replaced by folders that each hold one system.

    Returns
    -------
    list of Path
        The folders written.
    """
    import dpdata

    groups: dict[tuple[Any, ...], list[Atoms]] = defaultdict(list)
    for frame in frames:
        symbols = frame.get_chemical_symbols()
        counts = tuple(symbols.count(element) for element in elements)
        periodic, virial = bool(frame.pbc.any()), bool(frame.pbc.all()) and "REF_virial" in frame.info
        groups[(counts, periodic, virial)].append(right_handed(with_gap(frame)))
    shutil.rmtree(directory, ignore_errors=True)
    written = []
    for number, ((counts, periodic, virial), members) in enumerate(sorted(groups.items(), key=lambda item: item[0])):
        label = "".join(f"{element}{count}" for element, count in zip(elements, counts, strict=True) if count)
        folder = directory / f"{number:03d}-{label}"
        system = dpdata.LabeledSystem(data=_system_data(members, elements, periodic, virial))
        system.to("deepmd/npy", str(folder), set_size=len(members), comp_prec=np.float64)
        written.append(folder)
    return written


def _system_data(frames: list[Atoms], elements: list[str], periodic: bool, virial: bool) -> dict[str, Any]:
    """Return dpdata's dictionary of frames with one composition."""
    rank = {element: index for index, element in enumerate(elements)}
    types = [np.array([rank[symbol] for symbol in frame.get_chemical_symbols()]) for frame in frames]
    orders = [np.argsort(kinds, kind="stable") for kinds in types]
    data: dict[str, Any] = {
        "atom_names": elements,
        "atom_numbs": [int((types[0] == index).sum()) for index in range(len(elements))],
        "atom_types": types[0][orders[0]],
        "orig": np.zeros(3),
        "coords": np.array([frame.positions[order] for frame, order in zip(frames, orders, strict=True)]),
        "cells": np.array([frame.cell.array if periodic else 100.0 * np.eye(3) for frame in frames]),
        "energies": np.array([frame.info["REF_energy"] for frame in frames], dtype=float),
        "forces": np.array([frame.arrays["REF_forces"][order] for frame, order in zip(frames, orders, strict=True)]),
    }
    if virial:
        data["virials"] = np.array([np.reshape(frame.info["REF_virial"], (3, 3)) for frame in frames], dtype=float)
    if not periodic:
        data["nopbc"] = True
    return data
