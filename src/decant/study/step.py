"""One command of a study, as whoever needs it says it: the verb, what it reads and writes, and what it takes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Step:
    """One command.

    Attributes
    ----------
    kind
        The verb.
    cell
        What it is about: a data set, `decant.study.cells.TEST`, or the name of a potential or a run.
    needs
        Names of the steps whose outputs it reads.
    output
        The file or folder it makes, from the study's folder.
    words
        The command line after ``decant``; the verb comes first.
    seconds
        What it will take by the estimate of `decant.study.cost`; None where that cannot tell.
    """

    kind: str
    cell: str
    needs: tuple[str, ...]
    output: Path
    words: tuple[object, ...]
    seconds: float | None

    @property
    def name(self) -> str:
        """Its name in the study."""
        return f"{self.kind}/{self.cell}"
