"""Errors on labelled frames."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from decant.foundation.files import output_file
from decant.foundation.shown import Facts
from decant.potentials.evaluate import evaluate as measured
from decant.potentials.evaluate import rows, table, words
from decant.verbs.arguments import Location, checked, path


class Errors(Facts):
    """Errors of energy, force and virial, as in the file: root mean squares, means, and those of the labels."""

    @property
    def energy_meV_per_atom(self) -> float:
        """Root mean square error of the energy, meV/atom."""
        return float(self["energy_meV_per_atom"]["rmse"])

    @property
    def force_meV_per_A(self) -> dict[str, float]:
        """Root mean square error of a force component, meV/angstrom: in all, and of its molecular parts."""
        parts: dict[str, Any] = self["force_meV_per_A"]
        return {part: float(numbers["rmse"]) for part, numbers in parts.items()}

    def text(self) -> str:
        """Return what `decant evaluate` prints."""
        return table(self.content)

    def rows(self) -> list[list[str]]:
        """Return the table."""
        return rows(self.content)

    def notes(self) -> list[str]:
        """Return what must be said besides."""
        return words(self.content)


@checked()
def evaluate(
    target: Location,
    data: Location,
    *,
    limit: int | None = None,
    output: Location | None = None,
    predictions: Location | None = None,
) -> Errors:
    """Measure errors of energy, force and virial, the force also in its molecular parts.

    Parameters
    ----------
    target
        Folder of `fit` or `export`, or a model file that you trust.
    data
        Labelled frames.
    limit
        Use at most so many frames, evenly spread.
    output
        File for the errors, instead of a fit's ``errors.yaml`` or a potential's card.
    predictions
        File for the frames with what was predicted.

    Raises
    ------
    InputError
        If target or data is not what it should be.
    """
    file, frames = path(output), path(predictions)
    for one in filter(None, (file, frames)):
        output_file(one, [data])
    return Errors(measured(Path(target), Path(data), limit, file, frames), file or Path(target))
