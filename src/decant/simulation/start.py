"""The configuration that a run starts from: a packed liquid, or copies of the last frame of another run."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from decant.foundation.errors import InputError, ProgramFailed
from decant.foundation.files import read_yaml
from decant.foundation.units import U_A3_TO_G_CM3
from decant.lammps.data import read_configuration
from decant.lammps.guards import CROWDED
from decant.lammps.inputs import inputs_directory
from decant.lammps.launch import launch, variables
from decant.lammps.restart import newest_restart
from decant.molecules.contacts import closest_contact
from decant.molecules.molecule import Molecule
from decant.molecules.packing import pack
from decant.potentials.potential import CARD, Potential
from decant.simulation.description import DESCRIPTION, RunDescription
from decant.simulation.protocol import own_potential
from decant.simulation.run import POTENTIAL, Run


@dataclass(frozen=True)
class Start:
    """Atoms with their molecules and bonds.

    Attributes
    ----------
    atoms
        Periodic; molecules are whole and follow each other by species; array ``mol_id`` from 0, shape (n,).
    bonds
        Pairs of 0-based atom indices, shape (k, 2).
    """

    atoms: Atoms
    bonds: np.ndarray

    @property
    def density_g_cm3(self) -> float:
        """Density, g/cm3."""
        return float(self.atoms.get_masses().sum() / self.atoms.get_volume() * U_A3_TO_G_CM3)

    def longest_bond(self) -> float:
        """Return the length of the longest bond, angstrom; 0 if there is none."""
        return longest_bond(self.atoms, self.bonds)

    def closest_contact(self) -> float:
        """Return the nearest contact of two molecules, as a share, if it is below `decant.lammps.guards.CROWDED`."""
        return closest_contact(self.atoms, CROWDED)

    def centre_atoms(self, counts: Sequence[int]) -> list[int]:
        """Return for each species the atom of a molecule, from 0, that is on average nearest to its centre of mass.

        Parameters
        ----------
        counts
            How many molecules of each species there are.
        """
        mol_id, masses = self.atoms.arrays["mol_id"], self.atoms.get_masses()
        weighted = molecule_means(self.atoms.positions * masses[:, None], mol_id)
        centres = weighted / (np.bincount(mol_id, masses) / np.bincount(mol_id))[:, None]
        distances = np.linalg.norm(self.atoms.positions - centres[mol_id], axis=1)
        first = np.searchsorted(mol_id, np.concatenate([[0], np.cumsum(counts)]))
        parts = zip(first, first[1:], counts, strict=False)
        return [int(distances[begin:end].reshape(count, -1).mean(axis=0).argmin()) for begin, end, count in parts]


def longest_bond(atoms: Atoms, bonds: np.ndarray) -> float:
    """Return the length of the longest bond, angstrom; 0 if there is none."""
    from ase.geometry import find_mic

    if not len(bonds):
        return 0.0
    vectors = atoms.positions[bonds[:, 1]] - atoms.positions[bonds[:, 0]]
    return float(find_mic(vectors, atoms.cell, atoms.pbc)[1].max())


def connectivity(liquid: Sequence[tuple[Molecule, int]]) -> tuple[np.ndarray, np.ndarray]:
    """Return the bonds, shape (k, 2), and the molecule of each atom, shape (n,), of a packed liquid."""
    bonds, mol_id, first = [np.empty((0, 2), dtype=int)], [], 0
    molecules = [solvent for solvent, count in liquid for _ in range(count)]
    for index, solvent in enumerate(molecules):
        bonds.append(solvent.bonds + first)
        mol_id += [index] * len(solvent.symbols)
        first += len(solvent.symbols)
    return np.concatenate(bonds), np.array(mol_id, dtype=int)


def starting(description: RunDescription, launcher: str | None = None) -> Start:
    """Return the start that the description of a run asks for.

    Parameters
    ----------
    description
        Of the run.
    launcher
        MPI launcher; LAMMPS reads the restart file of a run to start from.

    Raises
    ------
    InputError
        If the run to start from has no configuration to start from.
    ProgramFailed
        If LAMMPS cannot read its restart file.
    """
    density = description.start_density_g_cm3
    if description.start is None:
        assert density is not None  # known of every packed start
        return packed(description.molecules, density, description.seed)
    start = replicated(last_configuration(Run.open(description.start), launcher), description.replicate)
    return start if density is None else rescaled(start, density)


def packed(liquid: Sequence[tuple[Molecule, int]], density_g_cm3: float, seed: int) -> Start:
    """Return a packed liquid with its molecules and bonds."""
    atoms = pack(list(liquid), density_g_cm3, seed)
    bonds, mol_id = connectivity(liquid)
    atoms.set_array("mol_id", mol_id)
    return Start(atoms, bonds)


def source(path: Path, replicate: tuple[int, int, int]) -> dict[str, Any]:
    """Return what a run that starts from another takes over from it, by the names of a `Protocol`.

    Its ``potential`` is None where that which it was made with is there no more.

    Raises
    ------
    InputError
        If `path` is no run, or one that is no start: stopped by a guard, or still in its equilibration.
    """
    run = Run.open(path)
    if run.status["state"] == "stopped":
        raise InputError(f"{path}: was stopped by guard '{run.status['guard']}'; its last frame is no start for a run")
    _restart(run)
    description = run.description
    return {
        **({"potential": own_potential(run)} if description.method is None else {"method": description.method}),
        **({} if description.ion_charge_scale == 1.0 else {"ion_charge_scale": description.ion_charge_scale}),
        "liquid": description.liquid,
        "copies": description.copies * int(np.prod(replicate)),
        "temperature": description.temperature_K,
        "pressure": description.pressure_bar,
        "timestep_fs": description.timestep_fs,
    }


def from_here(start: Path, output: Path) -> str:
    """Return the path of a run to start from, from a run directory, by which it is found where both are moved."""
    return os.path.relpath(start.resolve(), output.resolve())


def started_from(run: Run) -> Run | None:
    """Return the run that a run was made from; None if it was made from none, or that is not found any more."""
    named, recorded = run.description.start, run.description.from_here
    places = [*([run.path.resolve() / recorded] if recorded else []), *([named] if named else [])]
    found = next((place for place in places if (place / DESCRIPTION).is_file()), None)
    return Run.open(found) if found else None


def is_start(run: Run, path: Path) -> bool:
    """Say whether a run was made from the run that a path leads to, by whatever path it was named.

    Earlier versions recorded no more than the name, which counts from where their command was given: often from above
    the run. Nothing but the name tells, either, where the run that it was made from is gone.
    """
    named, recorded = run.description.start, run.description.from_here
    if named is None:
        return False
    here = run.path.resolve()
    places = [*([here / recorded] if recorded else []), *([named] if named.is_absolute() else [])]
    known = [place for place in places if (place / DESCRIPTION).is_file()]
    if not known and named == path:
        return True
    return any(_is_same(place, path) for place in known or [folder / named for folder in (Path(), *here.parents)])


def _is_same(one: Path, other: Path) -> bool:
    return one.is_dir() and other.is_dir() and one.samefile(other)


def _restart(run: Run) -> Path:
    """Return the last restart file of a run's production."""
    found, equilibration = newest_restart(run.path), run.description.equilibration_steps
    if found is None or found[1] < equilibration:
        raise InputError(
            f"{run.path}: has no restart file of its production yet; let 'decant simulate' bring it beyond its"
            f" equilibration of {equilibration} steps first"
        )
    return found[0]


def last_configuration(run: Run, launcher: str | None = None) -> Start:
    """Return the last frame of which a run has a restart file, molecules whole and centred in the box."""
    atoms, bonds = read_restart(run, _restart(run), launcher)
    centres = molecule_means(atoms.positions, atoms.arrays["mol_id"])
    inside = np.floor(np.linalg.solve(np.array(atoms.cell).T, centres.T).T) @ np.array(atoms.cell)
    atoms.positions -= inside[atoms.arrays["mol_id"]]
    return Start(atoms, bonds)


def read_restart(run: Run, restart: Path, launcher: str | None = None) -> tuple[Atoms, np.ndarray]:
    """Return the configuration of a restart file of a run, as `decant.lammps.data.read_configuration` does.

    Raises
    ------
    ProgramFailed
        If LAMMPS cannot read it.
    """
    link = run.path / POTENTIAL
    # its pair style may be in the file; of a run that was copied without its potential it may be any
    plugin = Potential(link, read_yaml(link / CARD)).plugin if (link / CARD).is_file() else None
    with tempfile.TemporaryDirectory(prefix="decant-") as name:
        folder = Path(name)
        (folder / "restart").symlink_to(restart.resolve())
        (folder / "in.configuration").write_bytes((inputs_directory() / "in.configuration").read_bytes())
        arguments = ["-log", "none", "-in", "in.configuration", *variables({"restart": "restart"})]
        outcome = launch(arguments, 1, folder, plugin=plugin, launcher=launcher)
        if outcome.code != 0:
            raise ProgramFailed(f"{restart}: LAMMPS cannot read this restart file: {outcome.reason()}")
        return read_configuration(folder / "configuration.data", run.description.elements)


def molecule_means(positions: np.ndarray, mol_id: np.ndarray) -> np.ndarray:
    """Return the mean position of the atoms of each molecule, shape (molecules, 3)."""
    sums = np.stack([np.bincount(mol_id, positions[:, axis]) for axis in range(3)], axis=1)
    return sums / np.bincount(mol_id)[:, None]


def replicated(start: Start, copies: tuple[int, int, int]) -> Start:
    """Return copies of a box side by side, molecules of a species still one after the other.

    Parameters
    ----------
    start
        Molecules of a species follow each other.
    copies
        How many boxes along each cell vector.
    """
    cells = np.array(list(np.ndindex(*copies)))
    atoms, number = start.atoms, len(start.atoms)
    mol_id = atoms.arrays["mol_id"]
    # a molecule keeps its place in the box: sorted by it, the copies of a molecule stand together, and so do species
    order = np.argsort(np.tile(mol_id, len(cells)), kind="stable")
    offsets = np.repeat(np.arange(len(cells)), number)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    positions = np.tile(atoms.positions, (len(cells), 1)) + (cells @ np.array(atoms.cell))[offsets]
    molecules = np.tile(mol_id, len(cells)) * len(cells) + offsets
    result = Atoms(
        np.tile(atoms.numbers, len(cells))[order],
        positions=positions[order],
        cell=np.array(atoms.cell) * np.array(copies)[:, None],
        pbc=True,
    )
    result.set_array("mol_id", molecules[order])
    shifted = start.bonds[None, :, :] + number * np.arange(len(cells))[:, None, None]
    return Start(result, place[shifted.reshape(-1, 2)])


def rescaled(start: Start, density_g_cm3: float) -> Start:
    """Return a start at another density: molecules are moved apart or together, and keep their shape."""
    factor = np.cbrt(start.density_g_cm3 / density_g_cm3)
    atoms, mol_id = start.atoms.copy(), start.atoms.arrays["mol_id"]
    atoms.positions += (factor - 1.0) * molecule_means(atoms.positions, mol_id)[mol_id]
    atoms.set_cell(np.array(atoms.cell) * factor)
    return Start(atoms, start.bonds)
