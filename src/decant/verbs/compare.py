"""Analysed runs beside each other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from decant.analysis.compare import as_text, remarks, table
from decant.analysis.compare import compare as compared
from decant.analysis.entry import Entry
from decant.foundation.shown import Shown
from decant.foundation.tables import one_heading
from decant.verbs.arguments import Location, Locations, checked, path, paths


@dataclass(frozen=True, repr=False)
class Compared(Shown):
    """Runs beside each other.

    Attributes
    ----------
    folder
        Where ``summary.html`` and ``summary.png`` are.
    entries
        Each run or reference, with what is known of it.
    """

    folder: Path
    entries: list[Entry]

    def text(self) -> str:
        """Return what `decant compare` prints."""
        return f"{as_text(self.entries)}\nwrote {self.folder / 'summary.png'} and {self.folder / 'summary.html'}"

    def rows(self) -> list[list[str]]:
        """Return the table."""
        return one_heading(table(self.entries))

    def notes(self) -> list[str]:
        """Return what to know before the numbers are trusted."""
        return remarks(self.entries)

    def pictures(self) -> list[Path]:
        """Return the sheet of plots."""
        return [self.folder / "summary.png"]


@checked()
def compare(
    runs: Locations, output: Location, *, potential: Locations | None = None, reference: Location | None = None
) -> Compared:
    """Set analysed runs beside each other: a table, and a page of plots.

    Parameters
    ----------
    runs, output
        Run directories that `analyze` has measured, and the folder to write.
    potential
        The potential of each run, in the same order; by default those that the runs name.
    reference
        CSV file of references.

    Raises
    ------
    InputError
        If there is no run, one is not analysed, or the numbers of runs and potentials differ.
    """
    file = path(reference)
    return Compared(Path(output), compared(paths(runs), Path(output), paths(potential), file))
