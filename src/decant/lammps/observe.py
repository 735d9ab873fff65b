"""What LAMMPS measures while a run produces: the file of groups and fixes for it, and its results read back.

A trajectory of a large box can be too large to keep. Radial distribution functions and mean square displacements then
come from LAMMPS itself, and so does the stress for a viscosity, which a trajectory would never hold often enough.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any

import numpy as np

from decant.foundation.errors import InputError, nearest
from decant.lammps.log import kept_rows

OBSERVE = "observe.lammps"
"""Name of the file in a run directory; production.lammps includes it."""
TRAJECTORIES = ("all", "centres", "none")
"""Atoms whose coordinates are written: all, the one nearest to each molecule's centre of mass, none; or a species."""
RDF_BIN_A = 0.1
STRESS_SAMPLE_FS, STRESS_ROW_FS = 1.0, 10.0
AXES = ("x", "y", "z")


def require_trajectory(name: str, species: Sequence[str]) -> None:
    """Refuse a choice of atoms that is neither in `TRAJECTORIES` nor a species."""
    if name not in (*TRAJECTORIES, *species):
        known = (*TRAJECTORIES, *species)
        raise InputError(f"--trajectory {name}{nearest(name, known)}: expected one of {', '.join(known)}")


def group(spec: Mapping[str, Any]) -> str:
    """Return the LAMMPS group whose coordinates are written, or ``none``."""
    name = spec.get("trajectory", "all")
    return name if name in TRAJECTORIES else f"species{_names(spec).index(name) + 1}"


def written_atoms(spec: Mapping[str, Any], mol_id: np.ndarray) -> np.ndarray:
    """Return the 0-based indices of the atoms that the trajectory holds.

    Parameters
    ----------
    spec
        Content of run.yaml.
    mol_id
        0-based molecule of each atom, shape (n,), molecules of a species one after the other.
    """
    name = spec.get("trajectory", "all")
    counts = [count for _, count in spec["species"]]
    first = np.searchsorted(mol_id, np.concatenate([[0], np.cumsum(counts)]))  # the first atom of each species
    if name == "centres":
        return np.concatenate(
            [
                np.arange(begin, end, (end - begin) // count) + centre
                for begin, end, count, centre in zip(first, first[1:], counts, spec["centre_atoms"], strict=False)
            ]
        )
    if name in TRAJECTORIES:
        return np.arange(len(mol_id))
    number = _names(spec).index(name)
    return np.arange(first[number], first[number + 1])


def observe_lines(spec: Mapping[str, Any], types: np.ndarray, mol_id: np.ndarray, cutoff: float) -> list[str]:
    """Return the lines of a run's ``observe.lammps``; empty if it needs none.

    Parameters
    ----------
    spec
        Content of run.yaml.
    types
        LAMMPS type of each atom, shape (n,).
    mol_id
        0-based molecule of each atom, shape (n,), molecules of a species one after the other.
    cutoff
        Of the potential, angstrom: how far a radial distribution function reaches by default.
    """
    trajectory, lines = spec.get("trajectory", "all"), []
    if trajectory != "all":
        lines += _groups(spec, mol_id)
    if trajectory == "none":
        lines += [*_msd(spec), *_rdf(spec, types, cutoff)]
    if spec.get("viscosity"):
        lines += _stress(spec)
    return ["# What this run writes and measures, included when its production starts", *lines] if lines else []


def _names(spec: Mapping[str, Any]) -> list[str]:
    return [str(name) for name, _ in spec["species"]]


def _groups(spec: Mapping[str, Any], mol_id: np.ndarray) -> list[str]:
    """Return a group for each species, and for the centres if they are written."""
    lines, first = [], 1
    for number, (name, count) in enumerate(spec["species"], start=1):
        lines.append(f"group species{number} molecule {first}:{first + count - 1}  # {name}")
        first += count
    if spec.get("trajectory") == "centres":
        ids = written_atoms(spec, mol_id) + 1
        ends = np.cumsum([count for _, count in spec["species"]])
        parts = np.split(ids, ends[:-1])
        ranges = [f"{part[0]}:{part[-1]}:{part[1] - part[0] if len(part) > 1 else 1}" for part in parts]
        lines.append(f"group centres id {' '.join(ranges)}")
    return lines


def _msd(spec: Mapping[str, Any]) -> list[str]:
    """Return what measures the mean square displacement of molecules' centres of mass since the production began."""
    lines, columns = [], []
    for number in range(1, len(spec["species"]) + 1):
        group = f"species{number}"
        lines += [
            f"compute molecules{number} {group} chunk/atom molecule nchunk once ids once compress yes",
            f"compute msd{number} {group} msd/chunk molecules{number}",
        ]
        for column, axis in enumerate(AXES, start=1):
            lines.append(f"variable msd{number}{axis} equal ave(c_msd{number}[{column}])")
            columns.append(f"v_msd{number}{axis}")
    every = "${dump_every}"
    return [*lines, f"fix msd all ave/time {every} 1 {every} {' '.join(columns)} format ' %.10g' {_file('msd')}"]


def _rdf(spec: Mapping[str, Any], types: np.ndarray, cutoff: float) -> list[str]:
    """Return what measures the radial distribution of every pair of elements, in blocks of about a restart interval."""
    pairs = " ".join(f"{one} {two}" for one, two in combinations_with_replacement(np.unique(types).tolist(), 2))
    reach, lines, longer = cutoff, [], ""
    if spec.get("rdf_cutoff_A"):
        reach = spec["rdf_cutoff_A"]
        longer = f" cutoff {reach}"
        lines.append(f"comm_modify cutoff {reach + 1.0}  # ghost atoms as far as that, and the skin")
    samples = max(1, spec["restart_every"] // spec["dump_every"])
    block = samples * spec["dump_every"]
    return [
        *lines,
        f"compute rdf all rdf {max(2, round(reach / RDF_BIN_A))} {pairs}{longer}",
        f"fix rdf all ave/time ${{dump_every}} {samples} {block} c_rdf[*] mode vector {_file('rdf')}",
    ]


def _stress(spec: Mapping[str, Any]) -> list[str]:
    """Return what writes the stress, averaged over short times so that its integral over time loses nothing."""
    sample = max(1, round(STRESS_SAMPLE_FS / spec["timestep_fs"]))
    samples = max(1, round(STRESS_ROW_FS / spec["timestep_fs"] / sample))
    row = sample * samples
    return [
        f"fix stress all ave/time {sample} {samples} {row} c_thermo_press[*] format ' %.10g' {_file('stress')}",
    ]


def _file(stem: str) -> str:
    return f"file {stem}.${{segment}}.dat"


def read_rows(files: Sequence[Path]) -> np.ndarray:
    """Return the rows of ``fix ave/time`` of the segments of a run, oldest first; what a later one repeats counts.

    Returns
    -------
    numpy.ndarray
        Time step and columns, shape (rows, 1 + columns).

    Raises
    ------
    InputError
        If there is no row.
    """
    rows = [list(map(float, line.split())) for file in files for line in _lines(file)]
    if not rows:
        raise InputError("nothing was measured on the fly yet; the run has not come far enough in its production")
    table = np.array(rows)
    return np.asarray(table[kept_rows(table[:, 0])])


def read_blocks(files: Sequence[Path]) -> tuple[np.ndarray, np.ndarray]:
    """Return the blocks of ``fix ave/time ... mode vector`` of the segments of a run, oldest first.

    Returns
    -------
    steps
        Last time step of each block, shape (blocks,).
    blocks
        Shape (blocks, rows, columns), without the number of the row.

    Raises
    ------
    InputError
        If there is no whole block.
    """
    steps, blocks = [], []
    for file in files:
        lines = _lines(file)
        while lines:
            step, count = (int(word) for word in lines[0].split())
            rows, lines = lines[1 : count + 1], lines[count + 1 :]
            if len(rows) == count:
                steps.append(step)
                blocks.append([list(map(float, row.split()[1:])) for row in rows])
    if not steps:
        raise InputError("no block of a radial distribution was measured yet; the run is too short for one")
    keep = kept_rows(np.array(steps))
    return np.array(steps)[keep], np.array(blocks)[keep]


def _lines(file: Path) -> list[str]:
    """Return the lines of numbers; a last one that a kill cut off is left out."""
    text = Path(file).read_text(encoding="ascii", errors="replace")
    whole = text[: text.rfind("\n") + 1]
    return [line for line in whole.splitlines() if line.strip() and not line.startswith("#")]
