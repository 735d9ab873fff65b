"""The description of a run: all that was asked and that follows from it, as ``run.yaml`` in its directory keeps it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from decant.foundation.errors import InputError
from decant.foundation.files import read_yaml, write_yaml
from decant.foundation.settings import count, key, number, positive, text
from decant.lammps.guards import Limits
from decant.lammps.observe import Observation
from decant.molecules.molecule import Molecule
from decant.molecules.solvents import molecule

DESCRIPTION = "run.yaml"
"""Name of the file in a run directory; it makes a directory one of a run."""
ENSEMBLES = ("npt", "nvt", "nve")
SAMPLING = ("sample", "sample_npt")
"""Langevin dynamics that is recorded from the packed start on, without equilibration; for configurations to label."""

Steps = TypeVar("Steps", float, np.ndarray)
NAMES_IN_FILE = {"start": "from"}


def _choice(*known: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in known:
            raise InputError(f"expected one of {', '.join(known)}, not {value!r}")
        return str(value)

    return read


def _list(read: Callable[[Any], Any], length: int | None = None) -> Callable[[Any], tuple[Any, ...]]:
    def read_all(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple) or length not in (None, len(value)):
            raise InputError(f"expected a list{'' if length is None else f' of {length}'}, not {value!r}")
        return tuple(read(one) for one in value)

    return read_all


def _path(value: Any) -> Path:
    return Path(text(value))


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InputError(f"expected a whole number, not {value!r}")
    return value


def _yes_or_no(value: Any) -> bool:
    if not isinstance(value, bool):
        raise InputError(f"expected true or false, not {value!r}")
    return value


def _species(value: Any) -> tuple[str, int]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise InputError(f"expected a name and a number of molecules, not {value!r}")
    return text(value[0]), count(1)(value[1])


def _limits(value: Any) -> Limits:
    needed = [entry.name for entry in fields(Limits) if entry.default is MISSING]
    known = {entry.name for entry in fields(Limits)}
    if not isinstance(value, dict) or not set(needed) <= set(value) <= known:
        raise InputError(f"expected a mapping with the keys {', '.join(needed)}")
    return Limits(**{name: positive(limit) for name, limit in value.items()})


@dataclass(frozen=True, kw_only=True)
class RunDescription:
    """What a run is, in the order of its file; entries with a default are in the file only where they differ from it.

    Attributes
    ----------
    potential
        Folder of the exported potential, as it was named.
    potential_sha256
        Hash of what LAMMPS reads of it; see `decant.simulation.protocol.potential_hash`.
    elements
        Chemical symbols in the order of the LAMMPS types.
    liquid
        Composition, for example ``"EC:4,EMC:8"``.
    copies
        How many times the composition is in the box.
    species
        Name and number of molecules of each species in the box, in the order of `liquid`.
    atoms
        Number of atoms.
    ensemble
        One of `ENSEMBLES` or `SAMPLING`.
    temperature_K, pressure_bar
        K and bar.
    start_density_g_cm3
        Density of the start, g/cm3; None only until the start is made from another run.
    length_ps, timestep_fs
        Length of the production, ps, and of a time step, fs.
    production_steps, equilibration_steps
        Time steps of the production and of the equilibration before it.
    dump_every, thermo_every, restart_every
        Time steps between frames, thermodynamic rows and restart files.
    seed
        Of the packing, the velocities and the Langevin forces.
    ranks, threads
        MPI ranks, and OpenMP threads of each, of the latest segment.
    method
        Reference method that the run is of, whose force field `potential` then holds; None for an exported potential.
    ion_charge_scale
        Factor on the charges of ions in that force field.
    start, replicate
        Directory of the run whose last frame, copied so many times along each cell vector, is the start (``from``);
        None for a packed start.
    from_here
        Path of that directory from the directory of this run, by which it is found where both are moved; empty in runs
        made before there was this entry.
    trajectory
        Atoms whose coordinates are written; see `decant.lammps.observe.TRAJECTORIES`.
    rdf_cutoff_A
        Reach of RDF on the fly, angstrom; None for the cutoff of the potential.
    viscosity
        Whether the stress is written as often as a Green-Kubo viscosity needs it.
    guards
        Limits beyond which the run is stopped; None only until the start is made.
    centre_atoms
        For each species the atom of a molecule, from 0, that stands for its centre in a trajectory of ``centres``.
    lengthened
        Whether a finished run was asked for more length; intervals between frames are then those of its first length.
    speed_from_segment
        First segment on these ranks and threads.
    unknown
        Entries of a file of another version that this one does not know; they are kept in the file.
    """

    potential: Path = key(_path)
    potential_sha256: str = key(text)
    elements: tuple[str, ...] = key(_list(text))
    liquid: str = key(text)
    copies: int = key(count(1))
    species: tuple[tuple[str, int], ...] = key(_list(_species))
    atoms: int = key(count(1))
    ensemble: str = key(_choice(*ENSEMBLES, *SAMPLING))
    temperature_K: float = key(positive)
    pressure_bar: float = key(number)
    start_density_g_cm3: float | None = key(positive, None)
    length_ps: float = key(positive)
    timestep_fs: float = key(positive)
    production_steps: int = key(count(1))
    equilibration_steps: int = key(count(0))
    dump_every: int = key(count(1))
    thermo_every: int = key(count(1))
    restart_every: int = key(count(1))
    seed: int = key(_whole)
    ranks: int = key(count(1))
    threads: int = key(count(1))
    method: str | None = key(text, None)
    ion_charge_scale: float = key(positive, 1.0)
    start: Path | None = key(_path, None)
    from_here: str = key(text, "")
    replicate: tuple[int, int, int] = key(_list(count(1), 3), (1, 1, 1))
    trajectory: str = key(text, "all")
    rdf_cutoff_A: float | None = key(positive, None)
    viscosity: bool = key(_yes_or_no, False)
    guards: Limits | None = key(_limits, None)
    centre_atoms: tuple[int, ...] = key(_list(count(0)), ())
    lengthened: bool = key(_yes_or_no, False)
    speed_from_segment: int = key(count(0), 0)
    unknown: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> RunDescription:
        """Read a run.yaml.

        Raises
        ------
        InputError
            If it is no YAML file, an entry is missing, or the value of one is not what it should be.
        """
        content = read_yaml(path)
        values = {}
        for name, entry in _entries().items():
            if name in content:
                try:
                    values[entry.name] = entry.metadata["read"](content.pop(name))
                except InputError as error:
                    raise InputError(f"{path}: {name}: {error}") from error
            elif entry.default is MISSING:
                raise InputError(
                    f"{path}: the key '{name}' is missing; expected the {DESCRIPTION} of 'decant simulate'"
                )
        return cls(**values, unknown=content)

    def write(self, path: Path) -> None:
        """Write a run.yaml."""
        write_yaml(path, self.as_mapping())

    def as_mapping(self) -> dict[str, Any]:
        """Return the content of the file."""
        values = {name: (getattr(self, entry.name), entry.default) for name, entry in _entries().items()}
        kept = {name: _plain(value) for name, (value, default) in values.items() if value != default}
        if self.start is not None:
            kept["replicate"] = list(self.replicate)
        return {**{name: kept[name] for name in values if name in kept}, **self.unknown}

    @cached_property
    def molecules(self) -> tuple[tuple[Molecule, int], ...]:
        """Each species as a molecule, with the number of them in the box."""
        return tuple((molecule(name), number) for name, number in self.species)

    @property
    def molecule_counts(self) -> list[int]:
        """Number of molecules of each species."""
        return [number for _, number in self.species]

    @property
    def timestep_ps(self) -> float:
        """Length of a time step, ps."""
        return self.timestep_fs / 1000.0

    @property
    def end(self) -> int:
        """Time step at which the production ends, counted from the start of the equilibration."""
        return self.equilibration_steps + self.production_steps

    @property
    def equilibration_ps(self) -> float:
        """Length of the equilibration, ps."""
        return self.equilibration_steps * self.timestep_ps

    @property
    def production_ps(self) -> float:
        """Length of the production in whole time steps, ps."""
        return self.production_steps * self.timestep_ps

    @property
    def is_sampling(self) -> bool:
        """Whether it samples configurations to label: recorded from its start on, without equilibration."""
        return self.ensemble in SAMPLING

    @property
    def is_minimised(self) -> bool:
        """Whether the run is minimised before its dynamics.

        A frame of a liquid needs none; and a minimiser takes a poor potential, which sampling is to find out about, to
        where it is most wrong: molecules fused before the first step.
        """
        return self.start is None and not self.is_sampling

    @property
    def has_trajectory(self) -> bool:
        """Whether coordinates are written; without, RDF and MSD are measured on the fly."""
        return self.trajectory != "none"

    @property
    def observation(self) -> Observation:
        """What LAMMPS writes and measures of it."""
        return Observation(
            species=self.species,
            timestep_fs=self.timestep_fs,
            dump_every=self.dump_every,
            restart_every=self.restart_every,
            trajectory=self.trajectory,
            centre_atoms=self.centre_atoms,
            rdf_cutoff_A=self.rdf_cutoff_A,
            viscosity=self.viscosity,
        )

    def time_ps(self, step: Steps) -> Steps:
        """Return the time of a time step, or of each of several, ps: 0 where the production starts."""
        return (step - self.equilibration_steps) * self.timestep_ps

    def phase_of(self, step: float) -> tuple[str, float]:
        """Return ``"equilibration"`` or ``"production"``, and the time of a step since its start, ps."""
        if step < self.equilibration_steps:
            return "equilibration", step * self.timestep_ps
        return "production", self.time_ps(step)

    def stopped_ps(self, status: Mapping[str, Any]) -> float:
        """Return when a guard stopped the run, by its ``status.yaml``, ps after the start of the equilibration.

        Earlier versions counted the equilibration as time before zero.
        """
        early = status.get("phase") == "equilibration" and status["time_ps"] >= 0.0
        return float(status["time_ps"]) + (0.0 if early else self.equilibration_ps)


def _entries() -> dict[str, Field[Any]]:
    """Return the fields of a description that stand in the file, by their name there."""
    found = (entry for entry in fields(RunDescription) if "read" in entry.metadata)
    return {NAMES_IN_FILE.get(entry.name, entry.name): entry for entry in found}


def _plain(value: Any) -> Any:
    """Return the value of an entry as YAML has it."""
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Limits):  # a guard that there was not yet is not in the file
        return {
            entry.name: getattr(value, entry.name)
            for entry in fields(value)
            if getattr(value, entry.name) != entry.default
        }
    return str(value) if isinstance(value, Path) else value
