"""A run directory: what was asked, how it ended, its thermodynamic data and its trajectory."""

from __future__ import annotations

import itertools
import re
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from decant.foundation.errors import InputError
from decant.foundation.files import read_yaml
from decant.foundation.locks import is_locked
from decant.foundation.units import PS_PER_NS, SECONDS_PER_DAY
from decant.lammps.data import read_topology
from decant.lammps.log import join_thermo, read_thermo
from decant.lammps.trajectory import Segment, read_segment
from decant.simulation.description import DESCRIPTION, RunDescription

if TYPE_CHECKING:
    from ase import Atoms
    from MDAnalysis import Universe

POTENTIAL = "potential"
"""Name of the link to the potential in a run directory."""
STATUS = "status.yaml"


class Run:
    """A directory written by ``decant simulate``.

    Attributes
    ----------
    path
        The directory.
    description
        What was asked (``run.yaml``).
    """

    def __init__(self, path: Path, description: RunDescription):
        self.path, self.description = Path(path), description

    def __repr__(self) -> str:
        asked = self.description
        words = f"{asked.liquid}, {asked.atoms} atoms, {asked.ensemble}, {asked.temperature_K:g} K"
        return f"<Run {self.path}: {words}, {self.status['state']}>"

    @classmethod
    def open(cls, path: Path) -> Run:
        """Open a run directory.

        Raises
        ------
        InputError
            If it is not one, or its ``run.yaml`` is damaged.
        """
        path = Path(path)
        if not (path / DESCRIPTION).is_file():
            problem = f"is not a run directory (no {DESCRIPTION})" if path.is_dir() else "no such directory"
            raise InputError(f"{path}: {problem}; expected the output of 'decant simulate'")
        return cls(path, RunDescription.read(path / DESCRIPTION))

    def described(self, **changes: Any) -> Run:
        """Return the run with changes of its description, which its ``run.yaml`` has from now on."""
        run = Run(self.path, replace(self.description, **changes))
        run.description.write(self.path / DESCRIPTION)
        return run

    @property
    def status(self) -> dict[str, Any]:
        """How the run stands (``status.yaml``).

        Key ``state`` is running, completed, stopped or interrupted; a stopped run has guard, phase, step, time_ps
        (since the start of its phase; earlier versions: negative in the equilibration), value and message. A run whose
        process is gone without a word is interrupted.
        """
        file = self.path / STATUS
        status = read_yaml(file) if file.is_file() else {"state": "interrupted", "message": "not started"}
        if status.get("state") == "running" and not is_locked(self.path):
            status = {**status, "state": "interrupted", "message": "the process ended without a word"}
        return status

    def segment_files(self, stem: str, suffix: str, first: int = 0) -> list[Path]:
        """Return the files ``stem.<k>.suffix`` in the order of k, from k = `first` on."""
        pattern = re.compile(rf"{re.escape(stem)}\.(\d+)\.{re.escape(suffix)}")
        found = [(int(match[1]), file) for file in self.path.iterdir() if (match := pattern.fullmatch(file.name))]
        return [file for number, file in sorted(found) if number >= first]

    def thermo(self, phase: str = "production") -> dict[str, np.ndarray]:
        """Return the thermodynamic data, segments joined and overlaps removed.

        Parameters
        ----------
        phase
            ``"production"`` or ``"equilibration"``.

        Returns
        -------
        dict of str to numpy.ndarray
            Columns of shape (rows,): step (from the start of the equilibration), time_ps (from the start of the
            production), temperature_K, pressure_bar, density_g_cm3, volume_A3, potential_energy_eV,
            kinetic_energy_eV, total_energy_eV, conserved_energy_eV, longest_bond_A, box and pressure components.
            Empty if the run did not come that far.
        """
        columns = join_thermo([read_thermo(file) for file in self.segment_files(phase, "log")])
        if not columns:
            return {}
        time = self.description.time_ps(columns["step"])
        return {"step": columns.pop("step"), "time_ps": time, **columns}

    def trajectory_segments(self) -> list[Segment]:
        """Return the trajectory files that hold frames, oldest first."""
        found = [read_segment(file) for file in self.segment_files("trajectory", "dcd")]
        return [segment for segment in found if segment is not None]

    def frames_until(self) -> float:
        """Return the step of the first frame that the trajectory lacks; infinity for a run that writes none."""
        if not self.segment_files("trajectory", "dcd"):
            return np.inf
        segments = self.trajectory_segments()
        return segments[-1].last_step + segments[-1].every if segments else self.description.equilibration_steps

    def universe(self) -> Universe:
        """Return the production as an MDAnalysis Universe.

        Atoms carry elements, types, names, masses and, with a force field, charges; residues are molecules, resname is
        their species; bonds are those of the start. There are only the atoms that the trajectory holds; a centre has
        its molecule's mass.
        Coordinates are unwrapped by LAMMPS's image flags, in angstrom; times in ps from the start of the production.

        Raises
        ------
        InputError
            If there are no production frames, or segments overlap (a run continued by hand from an older restart) or
            leave a gap (a file that lost its end).
        """
        segments = self.trajectory_segments()
        if not segments and not self.description.has_trajectory:
            raise InputError(f"{self.path}: the run wrote no trajectory (`trajectory` none)")
        if not segments:
            state = self.status["state"]
            raise InputError(f"{self.path}: no production frames to analyse; the run is {state} (see status.yaml)")
        for earlier, later in itertools.pairwise(segments):
            if later.first_step <= earlier.last_step:
                raise InputError(
                    f"{earlier.path}: overlaps {later.path.name} from step {later.first_step} on;"
                    " remove one, or continue runs with 'decant simulate'"
                )
            if later.first_step > earlier.last_step + earlier.every:
                raise InputError(
                    f"{earlier.path}: ends at step {earlier.last_step}, but {later.path.name} begins at"
                    f" {later.first_step}: frames between them are lost; remove one of the two to analyse the other"
                )
        universe = self._topology()
        files = [str(segment.path) for segment in segments]
        start = self.description.equilibration_ps  # DCD counts from the first step of all
        interval = segments[0].every * self.description.timestep_ps
        with warnings.catch_warnings():  # of a change in MDAnalysis 3 that touches nobody who takes a frame at a time
            warnings.filterwarnings("ignore", "DCDReader currently makes", DeprecationWarning)
            universe.load_new(files if len(files) > 1 else files[0], dt=interval, time_offset=-start)
        return universe

    def _topology(self) -> Universe:
        """Return a Universe of the written atoms, their molecules and bonds, with no coordinates yet."""
        import MDAnalysis
        from ase.data import atomic_masses, atomic_numbers

        topology, description = read_topology(self.path / "system.data"), self.description
        written = description.observation.written_atoms(topology.mol_id)
        elements = np.array([description.elements[kind - 1] for kind in topology.types])
        masses = np.array([atomic_masses[atomic_numbers[element]] for element in elements])
        if description.trajectory == "centres":
            masses = np.bincount(topology.mol_id, masses)[topology.mol_id]  # each stands for its molecule
        names = np.array([name for name, count in description.species for _ in range(count)])
        molecules, residue_of_atom = np.unique(topology.mol_id[written], return_inverse=True)
        universe = MDAnalysis.Universe.empty(
            len(written), n_residues=len(molecules), atom_resindex=residue_of_atom, trajectory=True
        )
        for attribute in ("elements", "names", "types"):
            universe.add_TopologyAttr(attribute, elements[written].tolist())
        universe.add_TopologyAttr("masses", masses[written])
        if topology.charges is not None and description.trajectory != "centres":
            universe.add_TopologyAttr("charges", topology.charges[written])
        universe.add_TopologyAttr("resnames", names[molecules].tolist())
        universe.add_TopologyAttr("resids", molecules + 1)
        bonds = topology.bonds[np.isin(topology.bonds, written).all(axis=1)]
        universe.add_TopologyAttr("bonds", [tuple(pair) for pair in np.searchsorted(written, bonds)])
        return universe

    def present_elements(self) -> list[str]:
        """Return the elements of the liquid, each once, in the order of their LAMMPS types."""
        types = np.unique(read_topology(self.path / "system.data").types)
        return list(dict.fromkeys(self.description.elements[kind - 1] for kind in types))

    def performance(self) -> dict[str, float]:
        """Return the speed of the production: ``ns_per_day`` and ``katom_step_per_s``; empty if there is none.

        Segments that ran on other ranks or threads than those in `description` do not count.
        """
        steps, seconds = 0.0, 0.0
        for file in self.segment_files("production", "log", self.description.speed_from_segment):
            rows = read_thermo(file)
            if len(rows.get("step", ())) > 1:
                steps += float(rows["step"][-1] - rows["step"][0])
                seconds += float(rows["cpu_s"][-1] - rows["cpu_s"][0])
        if seconds <= 0:
            return {}
        rate = steps / seconds
        return {
            "ns_per_day": rate * self.description.timestep_ps / PS_PER_NS * SECONDS_PER_DAY,
            "katom_step_per_s": rate * self.description.atoms / 1000.0,
        }


def configuration(universe: Universe) -> Atoms:
    """Return the present frame of a run's universe, molecules whole, in the orientation of LAMMPS."""
    from ase import Atoms
    from ase.geometry import cellpar_to_cell

    found, moment = universe.atoms, universe.trajectory.ts
    positions, cell = moment.positions.astype(float), cellpar_to_cell(moment.dimensions)
    atoms = Atoms(found.elements.tolist(), positions=positions, cell=cell, pbc=True)
    atoms.set_array("mol_id", np.asarray(found.resindices, dtype=int))
    return atoms
