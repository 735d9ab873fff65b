"""Recipe `run`: frames of a run, which a potential met in its own liquid."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ase import Atoms

from decant.configurations.sampling import intact
from decant.configurations.sizes import Sizes, atoms_of
from decant.data.frames import density
from decant.foundation.errors import InputError
from decant.foundation.files import sha256
from decant.foundation.units import parse_length
from decant.lammps.data import read_topology
from decant.molecules.charge import describe_molecules
from decant.simulation.run import Run, configuration

if TYPE_CHECKING:
    from MDAnalysis import Universe


class RunRecipe:
    """Frames of a run of `decant simulate`, with whole molecules.

    Good for mending a potential by what it does: frames of its own liquid, too dense or too loose, labelled and added
    to its training data. `decant evaluate` on them tells how far off it is where it went.
    """

    name = "run"
    own_groups = True

    def build(self, count: int, seed: int, run: str, skip: str = "0ps") -> list[Atoms]:
        """Return `count` frames, evenly spaced, the last one at the end of the run.

        Parameters
        ----------
        count, seed
            How many; the seed changes nothing.
        run
            Directory of the run, which may still be running or have been stopped. Frames of runs that began with the
            same box share a group.
        skip
            Length of the run to leave out at its beginning, such as ``5ps``. What comes after a molecule has broken is
            left out as well.
        """
        found, from_ps = Run.open(Path(run)), parse_length(skip, or_zero=True)
        description = found.description
        if description.trajectory != "all":
            raise InputError(f"{run}: its trajectory holds {description.trajectory}, not all atoms")
        universe = found.universe()
        late = [moment.frame for moment in universe.trajectory if moment.time >= from_ps - 1e-6]
        frames = _whole_frames(universe, late, count, intact(read_topology(found.path / "system.data").bonds))
        if len(frames) < count:
            raise InputError(f"{run}: has {len(frames)} frames of whole molecules from {from_ps:g} ps on, not {count}")
        kinds = [kind for kind, number in description.molecules for _ in range(number)]
        group = f"run-{sha256(found.path / 'system.data')[:12]}"
        for time, atoms in frames:
            describe_molecules(atoms, kinds)
            atoms.info |= {
                "temperature": description.temperature_K,
                "density_g_cm3": density(atoms),
                "parent": f"{found.path.name}:{time:g}ps",
                "group": group,
            }
        return [atoms for _, atoms in frames]

    def sizes(self, parameters: Mapping[str, Any]) -> Sizes:
        """Return the size of the box of the run."""
        molecules = Run.open(Path(parameters["run"])).description.molecules
        return Sizes(tuple(atoms_of(kind) for kind, number in molecules for _ in range(number)))


def _whole_frames(
    universe: Universe, numbers: list[int], count: int, whole: Callable[[Atoms], bool]
) -> list[tuple[float, Atoms]]:
    """Return evenly spaced frames of those of these numbers, with their times, ps; all of them if they are too few.

    Where molecules are broken in one of them, those before it count.
    """
    frames: list[tuple[float, Atoms]] = []
    taken = min(count, len(numbers))
    for index in (len(numbers) - 1 - back * len(numbers) // taken for back in reversed(range(taken))):
        moment = universe.trajectory[numbers[index]]
        frames.append((moment.time, configuration(universe)))
        if not whole(frames[-1][1]):
            return _whole_frames(universe, numbers[:index], count, whole)
    return frames
