"""Recipe `run`: frames of a run, which a potential met in its own liquid."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms

from decant.configurations.sampling import intact
from decant.configurations.sizes import Sizes, atoms_of
from decant.data.frames import density
from decant.foundation.errors import InputError
from decant.foundation.units import parse_length
from decant.lammps.data import read_positions, read_topology
from decant.molecules.charge import describe_molecules
from decant.simulation.run import Run, configuration
from decant.simulation.start import started_from

if TYPE_CHECKING:
    from MDAnalysis import Universe


class RunRecipe:
    """Frames of a run of `decant simulate`, with whole molecules.

    Good for mending a potential by what it does: frames of its own liquid, too dense or too loose, labelled and added
    to its training data. `decant evaluate` on them tells how far off it is where it went.
    """

    name = "run"
    own_groups = True

    def build(self, count: int, seed: int, run: str | Path, skip: str | float = "0ps") -> list[Atoms]:
        """Return `count` frames, evenly spaced, the last one at the end of the run.

        Parameters
        ----------
        count, seed
            How many; the seed changes nothing.
        run
            Directory of the run, which may still be running or have been stopped. Frames of runs that began with the
            same box, or one with the end of another (``--from``), share a group.
        skip
            Length of the run to leave out at its beginning, such as ``5ps``. Where molecules are broken in a frame that
            would be taken, only those before it count.
        """
        found, from_ps = _opened(run, skip)
        universe = found.universe()
        trajectory = universe.trajectory
        first = bisect_left(range(len(trajectory)), from_ps - 1e-6, key=lambda frame: trajectory[frame].time)
        whole = intact(read_topology(found.path / "system.data").bonds)
        frames = _whole_frames(universe, range(first, len(trajectory)), count, whole)
        if len(frames) < count:
            raise InputError(f"{run}: has {len(frames)} frames of whole molecules from {from_ps:g} ps on, not {count}")
        description, group = found.description, _origin(found)
        kinds = [kind for kind, number in description.molecules for _ in range(number)]
        for time, atoms in frames:
            describe_molecules(atoms, kinds)
            atoms.info |= {
                "temperature": description.temperature_K,
                "density_g_cm3": density(atoms),
                "parent": f"{run}:{time:g}ps",
                "group": group,
            }
        return [atoms for _, atoms in frames]

    def sizes(self, parameters: Mapping[str, Any]) -> Sizes:
        """Return the size of the box of the run."""
        molecules = _opened(parameters["run"], parameters["skip"])[0].description.molecules
        return Sizes(tuple(atoms_of(kind) for kind, number in molecules for _ in range(number)))


def _opened(run: Any, skip: Any) -> tuple[Run, float]:
    """Return the run and the time from which on its frames are taken, ps."""
    if not isinstance(run, str | Path):
        raise InputError(f"run: expected the directory of one run, not {run!r}")
    found, from_ps = Run.open(Path(run)), parse_length(skip, or_zero=True)
    if found.description.trajectory != "all":
        raise InputError(f"{run}: its trajectory holds {found.description.trajectory}, not all atoms")
    return found, from_ps


def _origin(run: Run) -> str:
    """Return the group of a run: the box that it, or the first of the runs that it goes on from, began with."""
    while (before := started_from(run)) is not None:
        run = before
    return f"run-{hashlib.sha256(read_positions(run.path / 'system.data').tobytes()).hexdigest()[:12]}"


def _whole_frames(
    universe: Universe, numbers: range, count: int, whole: Callable[[Atoms], bool]
) -> list[tuple[float, Atoms]]:
    """Return evenly spaced frames of those of these numbers, with their times, ps; all of them if they are too few.

    Where molecules are broken in one of them, those before it count.
    """
    while True:
        frames: list[tuple[float, Atoms]] = []
        taken, end = min(count, len(numbers)), len(numbers)
        for index in (end - 1 - back * end // taken for back in reversed(range(taken))):
            moment = universe.trajectory[numbers[index]]
            atoms = configuration(universe)
            if not np.isfinite(atoms.positions).all() or not whole(atoms):
                end = index
                break
            frames.append((moment.time, atoms))
        else:
            return frames
        numbers = numbers[:end]
