"""Whether LAMMPS and Python agree on a potential."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from decant.foundation.shown import Shown
from decant.potentials.check import Report, table
from decant.potentials.check import check as compared
from decant.verbs.arguments import Location, checked, numbers, path


@dataclass(frozen=True, repr=False)
class Checked(Shown):
    """A potential that was checked; `report` has the differences."""

    report: Report

    @property
    def passed(self) -> bool:
        """Whether every frame was compared and every difference is within the tolerance."""
        return self.report.passed

    def text(self) -> str:
        """Return what `decant check` prints."""
        return table(self.report)


@checked()
def check(
    potential: Location,
    data: Location | None = None,
    *,
    ranks: int | Sequence[int] | None = None,
    limit: int | None = None,
) -> Checked:
    """Compare energy, forces and virial of LAMMPS with those of the Python calculator.

    Parameters
    ----------
    potential
        Folder of `export`.
    data
        Frames in decant's form; None for the examples that the potential brings.
    ranks
        Numbers of MPI ranks; by default 1 and 2, and 1 alone where forces are from Python.
    limit
        Use at most so many frames, evenly spread.

    Raises
    ------
    InputError
        If potential or data is not what it should be.
    ProgramFailed
        If LAMMPS cannot run the potential.
    """
    counts = None if ranks is None else numbers(ranks)
    return Checked(compared(Path(potential), path(data), counts, limit))
