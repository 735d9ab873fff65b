"""Speed, memory and share of time per kernel of potentials in LAMMPS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from decant.foundation.settings import count, positive
from decant.foundation.shown import Shown
from decant.planning.bench import Bench, Plan
from decant.planning.bench import bench as measured
from decant.planning.bench_report import FILES, as_text, require_folder, write
from decant.verbs.arguments import Location, Locations, checked, each, numbers, path, paths, place


@dataclass(frozen=True, repr=False)
class Benched(Shown):
    """Measured speeds.

    Attributes
    ----------
    bench
        All results, what was left out and why, and the machine.
    folder
        Where ``bench.yaml``, ``bench.csv`` and ``bench.png`` are; None for none.
    """

    bench: Bench
    folder: Path | None

    def text(self) -> str:
        """Return what `decant bench` prints."""
        wrote = [] if self.folder is None else [f"wrote {', '.join(FILES[:-1])} and {FILES[-1]} into {self.folder}"]
        return "\n".join([as_text(self.bench), *wrote])

    def pictures(self) -> list[Path]:
        """Return the plot, if a folder was given."""
        return [] if self.folder is None else [self.folder / FILES[-1]]


@checked(potentials=each(place), atoms=each(count(1)), ranks=each(count(1)), threads=each(count(1)), density=positive)
def bench(
    potentials: Locations,
    *,
    atoms: int | Sequence[int] = (160, 1280),
    ranks: int | Sequence[int] = (1, 2),
    threads: int | Sequence[int] = (1,),
    liquid: str = "EC:4,EMC:8",
    density: float = 1.0,
    system: Location | None = None,
    device: str | None = None,
    temperature: float = 300.0,
    timestep: float = 0.5,
    steps: int | None = None,
    repeats: int = 3,
    oversubscribe: bool = False,
    output: Location | None = None,
) -> Benched:
    """Measure speed, memory and share of time per kernel in LAMMPS, over sizes, ranks and threads.

    Parameters
    ----------
    potentials
        Folders of `export`.
    atoms, ranks, threads
        Sizes, and numbers of MPI ranks and of OpenMP threads of each.
    liquid, density, system
        The box, g/cm3; or a LAMMPS data file or extended XYZ file instead.
    device
        What MACE runs on: cpu, cuda, cuda:1, opencl.
    temperature, timestep
        K and fs.
    steps, repeats
        Of a timed run (about 10 s by default), and how many of them.
    oversubscribe
        Whether more ranks times threads than there are cores are measured, too.
    output
        Folder for ``bench.yaml``, ``bench.csv`` and ``bench.png``; None for none.

    Raises
    ------
    InputError
        If nothing of this can be measured here.
    ProgramFailed
        If LAMMPS failed.
    """
    folder = path(output)
    if folder is not None:
        require_folder(folder)
    done = measured(
        Plan(
            potentials=tuple(paths(potentials)),
            atoms=numbers(atoms),
            ranks=numbers(ranks),
            threads=numbers(threads),
            liquid=liquid,
            system=path(system),
            density_g_cm3=density,
            device=device,
            temperature_K=temperature,
            timestep_fs=timestep,
            steps=steps,
            repeats=repeats,
            oversubscribe=oversubscribe,
        )
    )
    if folder is not None:
        write(done, folder)
    return Benched(done, folder)
