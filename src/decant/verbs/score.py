"""A score of a run against a reference."""

from __future__ import annotations

from pathlib import Path

from decant.analysis.observables import OBSERVABLES
from decant.foundation.files import output_file
from decant.foundation.shown import Facts
from decant.scoring.reference import EXPERIMENT
from decant.scoring.score import SCORE, as_text, rows, words
from decant.scoring.score import score as scored
from decant.simulation.description import DESCRIPTION
from decant.simulation.run import Run
from decant.verbs.arguments import Location, Locations, checked, path, paths


class Scored(Facts):
    """A score from 0 to 1: the content of ``score.yaml``."""

    @property
    def value(self) -> float | None:
        """The score; None where the density cannot be judged."""
        return self["score"] if self["score"] is None else float(self["score"])

    @property
    def uncertainty(self) -> float | None:
        """Its standard error, None where it is not known."""
        return self["uncertainty"] if self["uncertainty"] is None else float(self["uncertainty"])

    @property
    def parts(self) -> dict[str, float | None]:
        """Stability, density and diffusion, from 0 to 1; None where one cannot be known."""
        return {name: part["value"] for name, part in self["parts"].items()}

    def text(self) -> str:
        """Return what `decant score` prints."""
        return as_text(self.content)

    def rows(self) -> list[list[str]]:
        """Return the table."""
        return rows(self.content)

    def notes(self) -> list[str]:
        """Return what must be said besides."""
        return words(self.content)


@checked()
def score(run: Location | Run, *, reference: Locations | None = None, output: Location | None = None) -> Scored:
    """Score an analysed run: how long it stayed physical, and how near density and diffusion are to a reference.

    Parameters
    ----------
    run
        Run at constant pressure that `analyze` has measured, or its directory.
    reference
        ``experiment`` (the default), a YAML file, or one or more analysed runs.
    output
        File to write; ``score.yaml`` in the run directory by default.

    Raises
    ------
    InputError
        If the run is not analysed or has not ended, or a reference does not fit it.
    """
    folder = run.path if isinstance(run, Run) else Path(run)
    references = [str(one) for one in paths(reference)] or [EXPERIMENT]
    file = path(output)
    if file:
        output_file(file, [folder / DESCRIPTION, folder / OBSERVABLES, *paths(reference)])
    return Scored(scored(folder, references, file), file or folder / SCORE)
