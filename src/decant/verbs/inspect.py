"""A set of frames at a glance."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from decant.data.inspect import as_text, read_parts, remarks, table, write_inspection
from decant.data.inspect import inspect as found_in
from decant.data.inspection import Inspection
from decant.foundation.shown import Shown
from decant.foundation.tables import one_heading
from decant.verbs.arguments import Location, Locations, checked, path, paths


@dataclass(frozen=True, repr=False)
class Inspected(Shown):
    """A set of frames at a glance.

    Attributes
    ----------
    found
        What was found: numbers of each frame, duplicates, leaks.
    folder
        Where the page is; None for none.
    """

    found: Inspection
    folder: Path | None

    def text(self) -> str:
        """Return what `decant inspect` prints."""
        written = (
            [] if self.folder is None else [f"written: {self.folder / 'inspect.html'}, inspect.png and frames.csv"]
        )
        return "\n".join([as_text(self.found), *written])

    def rows(self) -> list[list[str]]:
        """Return counts and ranges, of each recipe of a part."""
        return one_heading(table(self.found))

    def notes(self) -> list[str]:
        """Return what a reader should know besides."""
        return remarks(self.found)

    def pictures(self) -> list[Path]:
        """Return the plots, if a folder was given."""
        return [] if self.folder is None else [self.folder / "inspect.png"]


@checked()
def inspect(
    source: Location, *, output: Location | None = None, against: Locations | None = None, descriptors: str = "soap"
) -> Inspected:
    """Describe data: counts and ranges by recipe, compositions, duplicates and leaks.

    Parameters
    ----------
    source
        Data in decant's form, or a folder of `split`.
    output
        Folder for ``inspect.html``, ``inspect.png`` and ``frames.csv``; None for none.
    against
        Other data that must not share a frame with these.
    descriptors
        Of the map in the page: ``soap``, or ``mace:PATH`` of a potential that you trust.

    Raises
    ------
    InputError
        If a file is missing or not in the house form.
    """
    found = found_in(read_parts(Path(source), paths(against)))
    folder = path(output)
    if folder is not None:
        from decant.selection.descriptors import descriptors as describe

        write_inspection(folder, found, describe(found.frames, descriptors))
    return Inspected(found, folder)
