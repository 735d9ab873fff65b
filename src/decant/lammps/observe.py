"""What LAMMPS measures while a run produces: the file of groups and fixes for it, and its results read back.

A trajectory of a large box can be too large to keep. Radial distribution functions and mean square displacements then
come from LAMMPS itself, and so does the stress for a viscosity, which a trajectory would never hold often enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement, groupby
from pathlib import Path

import numpy as np

from decant.foundation.errors import InputError, nearest
from decant.lammps.log import kept_rows
from decant.lammps.neighbors import room

OBSERVE = "observe.lammps"
"""Name of the file in a run directory; production.lammps includes it."""
TRAJECTORIES = ("all", "centres", "none")
"""Atoms whose coordinates are written: all, the one nearest to each molecule's centre of mass, none; or a species."""
RDF_BIN_A = 0.1
WIDEST_A = 30.0
"""No pair style beside a potential reaches further; room that is made for a distribution must do for it, too."""
STRESS_SAMPLE_FS, STRESS_ROW_FS = 1.0, 10.0
AXES = ("x", "y", "z")


@dataclass(frozen=True)
class Observation:
    """What a run writes and measures.

    Attributes
    ----------
    species
        Name and number of molecules of each species, in the order of the molecules.
    timestep_fs
        Time step, fs.
    dump_every, restart_every
        Time steps between frames, and between restart files.
    trajectory
        Atoms whose coordinates are written: one of `TRAJECTORIES`, or a species.
    centre_atoms
        For each species the atom of a molecule, from 0, that is written for ``centres``.
    rdf_cutoff_A
        Reach of radial distribution functions, angstrom; None for the cutoff of the potential.
    viscosity
        Whether the stress is written.
    """

    species: Sequence[tuple[str, int]]
    timestep_fs: float
    dump_every: int
    restart_every: int
    trajectory: str = "all"
    centre_atoms: Sequence[int] = ()
    rdf_cutoff_A: float | None = None
    viscosity: bool = False

    @property
    def counts(self) -> list[int]:
        """Number of molecules of each species."""
        return [count for _, count in self.species]

    @property
    def group(self) -> str:
        """The LAMMPS group whose coordinates are written, or ``none``."""
        return self.trajectory if self.trajectory in TRAJECTORIES else f"species{self._chosen_species() + 1}"

    def written_atoms(self, mol_id: np.ndarray) -> np.ndarray:
        """Return the 0-based indices of the atoms that the trajectory holds.

        Parameters
        ----------
        mol_id
            0-based molecule of each atom, shape (n,), molecules of a species one after the other.
        """
        first = np.searchsorted(mol_id, np.concatenate([[0], np.cumsum(self.counts)]))  # first atom of each species
        if self.trajectory == "centres":
            parts = zip(first, first[1:], self.counts, self.centre_atoms, strict=False)
            return np.concatenate(
                [np.arange(begin, end, (end - begin) // count) + centre for begin, end, count, centre in parts]
            )
        if self.trajectory in TRAJECTORIES:
            return np.arange(len(mol_id))
        number = self._chosen_species()
        return np.arange(first[number], first[number + 1])

    def lines(self, types: Sequence[str], mol_id: np.ndarray, cutoff: float) -> list[str]:
        """Return the lines of a run's ``observe.lammps``; empty if it needs none.

        Parameters
        ----------
        types
            LAMMPS types of each element that there is: one, or ``1*3`` for several.
        mol_id
            0-based molecule of each atom, shape (n,), molecules of a species one after the other.
        cutoff
            Of the potential, angstrom: how far a radial distribution function reaches by default.
        """
        lines = []
        if self.trajectory != "all":
            lines += _groups(self, mol_id)
        if self.trajectory == "none":
            lines += [*_msd(self), *_rdf(self, types, cutoff)]
        if self.viscosity:
            lines += _stress(self)
        return ["# What this run writes and measures, included when its production starts", *lines] if lines else []

    def _chosen_species(self) -> int:
        return [name for name, _ in self.species].index(self.trajectory)


def types_of_elements(types: np.ndarray, elements: Sequence[str]) -> list[str]:
    """Return the LAMMPS types of each element that there is, as `Observation.lines` takes them.

    Parameters
    ----------
    types
        LAMMPS type of each atom, from 1, shape (n,).
    elements
        Chemical symbol of each type; types of an element follow each other.
    """
    groups = groupby(np.unique(types).tolist(), lambda kind: elements[kind - 1])
    ranges = [list(members) for _, members in groups]
    return [f"{one[0]}" if len(one) == 1 else f"{one[0]}*{one[-1]}" for one in ranges]


def require_trajectory(name: str, species: Sequence[str]) -> None:
    """Refuse a choice of atoms that is neither in `TRAJECTORIES` nor a species."""
    if name not in (*TRAJECTORIES, *species):
        known = (*TRAJECTORIES, *species)
        raise InputError(f"`trajectory` {name}{nearest(name, known)}: expected one of {', '.join(known)}")


def _groups(observed: Observation, mol_id: np.ndarray) -> list[str]:
    """Return a group for each species, and for the centres if they are written."""
    lines, first = [], 1
    for number, (name, count) in enumerate(observed.species, start=1):
        lines.append(f"group species{number} molecule {first}:{first + count - 1}  # {name}")
        first += count
    if observed.trajectory == "centres":
        ids = observed.written_atoms(mol_id) + 1
        parts = np.split(ids, np.cumsum(observed.counts)[:-1])
        ranges = [f"{part[0]}:{part[-1]}:{part[1] - part[0] if len(part) > 1 else 1}" for part in parts]
        lines.append(f"group centres id {' '.join(ranges)}")
    return lines


def _msd(observed: Observation) -> list[str]:
    """Return what measures the mean square displacement of molecules' centres of mass since the production began."""
    lines, columns = [], []
    for number in range(1, len(observed.species) + 1):
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


def _rdf(observed: Observation, types: Sequence[str], cutoff: float) -> list[str]:
    """Return what measures the radial distribution of every pair of elements, in blocks of about a restart interval."""
    pairs = " ".join(f"{one} {two}" for one, two in combinations_with_replacement(types, 2))
    reach, lines, longer = cutoff, [], ""
    if observed.rdf_cutoff_A is not None:
        reach = observed.rdf_cutoff_A
        longer = f" cutoff {reach}"
        lines.append(f"comm_modify cutoff {reach + 1.0}  # ghost atoms as far as that, and the skin")
        lines += room(max(reach, WIDEST_A)) if room(reach) else []
    samples = max(1, observed.restart_every // observed.dump_every)
    block = samples * observed.dump_every
    return [
        *lines,
        f"compute rdf all rdf {max(2, round(reach / RDF_BIN_A))} {pairs}{longer}",
        f"fix rdf all ave/time ${{dump_every}} {samples} {block} c_rdf[*] mode vector {_file('rdf')}",
    ]


def _stress(observed: Observation) -> list[str]:
    """Return what writes the stress, averaged over short times so that its integral over time loses nothing."""
    sample = max(1, round(STRESS_SAMPLE_FS / observed.timestep_fs))
    samples = max(1, round(STRESS_ROW_FS / observed.timestep_fs / sample))
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
