"""Active learning."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from decant.foundation.shown import Shown
from decant.learning.learn import COLLECTED, TABLE
from decant.learning.learn import learn as learned
from decant.learning.report import as_text, cells
from decant.learning.settings import read_settings
from decant.verbs.arguments import Location, checked


@dataclass(frozen=True, repr=False)
class Learned(Shown):
    """Training data that a committee collected.

    Attributes
    ----------
    folder
        Everything; a folder ``gen-K`` a generation.
    records
        What each generation did.
    """

    folder: Path
    records: list[dict[str, Any]]

    @property
    def collected(self) -> Path:
        """File with the initial frames and all that were collected."""
        return self.folder / COLLECTED

    @property
    def potentials(self) -> list[Path]:
        """The last committee, exported."""
        return sorted((self.folder / f"gen-{self.records[-1]['generation']}" / "potentials").iterdir())

    def text(self) -> str:
        """Return what `decant learn` prints."""
        return "\n".join([as_text(self.records), *self.notes()])

    def rows(self) -> list[list[str]]:
        """Return a row a generation."""
        return cells(self.records)

    def notes(self) -> list[str]:
        """Return how it ended, and where everything is."""
        last = self.records[-1]
        where = f"{self.folder}/gen-{last['generation']}/potentials"
        return [f"ended by {last['stopped']}", f"written: {self.folder / TABLE}; the last potentials: {where}"]


@checked()
def learn(settings: Location, output: Location | None = None) -> Learned:
    """Collect training data: fit a committee, explore, label where it disagrees, and again; the same call continues.

    Parameters
    ----------
    settings
        YAML file that says what to do (docs/learn.md).
    output
        Folder for everything; by default the file's name, bare.

    Raises
    ------
    InputError
        If a setting is wrong, or the folder holds something else.
    """
    folder = Path(settings).with_suffix("") if output is None else Path(output)
    return Learned(folder, learned(read_settings(Path(settings)), folder))
