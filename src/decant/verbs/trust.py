"""A verdict on a potential for a liquid."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from decant.foundation.settings import count, number, positive
from decant.foundation.shown import Facts
from decant.foundation.threads import worker_count
from decant.foundation.units import parse_length
from decant.potentials.potential import Potential
from decant.potentials.training_data import TrainingData
from decant.verbs.arguments import Location, checked
from decant.verdict.level import level
from decant.verdict.trust import VERDICT, Budget, Conditions
from decant.verdict.trust import trust as judged
from decant.verdict.words import rows, table, words


class Trusted(Facts):
    """A verdict: the content of ``verdict.yaml``."""

    @property
    def sentence(self) -> str:
        """The verdict in words."""
        return str(self["sentence"])

    def text(self) -> str:
        """Return what `decant trust` prints."""
        took = f"{self['seconds']:.0f} s, labels by {self['method']}"
        return f"{table(self.content)}\nwritten: {self.path} ({took})"

    def rows(self) -> list[list[str]]:
        """Return what was measured of the liquid and of the home liquid."""
        return rows(self.content)

    def notes(self) -> list[str]:
        """Return the verdict, and what to do."""
        return words(self.content)


@checked(temperature=positive, pressure=number, configurations=count(2), atoms=count(1), jobs=count(0), seed=count(0))
def trust(
    potential: Location,
    output: Location,
    *,
    liquid: str,
    method: str | None = None,
    settings: Mapping[str, Any] | None = None,
    home: str | None = None,
    temperature: float = 298.0,
    pressure: float = 1.0,
    length: str = "500fs",
    configurations: int = 8,
    atoms: int = 200,
    ranks: int = 1,
    jobs: int = 0,
    seed: int = 1,
) -> Trusted:
    """Judge a potential on a liquid: which part of it is wrong, with the numbers of its own liquid beside.

    Parameters
    ----------
    potential, output
        Folder of `export`, and the folder for samples, runs and verdict.
    liquid, home
        By mole ratio, such as ``"EC:1,DMC:2"``; `home` is that of the card by default.
    method, settings
        Reference method of the training data, if the card does not tell; and its settings.
    temperature, pressure, length
        Of the dynamics: K, bar, and a time such as ``"500fs"``.
    configurations, atoms
        Samples of each kind, and about how many atoms the dynamics has.
    ranks, jobs
        MPI ranks of the dynamics, and processes that label; 0 takes every core.
    seed
        Random seed.

    Raises
    ------
    InputError
        If the potential does not know an element, or the level of its labels cannot be had.
    ProgramFailed
        If LAMMPS failed.
    """
    training = TrainingData.of(Potential.open(Path(potential)).card)
    reference = level(training, method, settings)
    result = judged(
        Path(potential), liquid, Path(output), reference, home, Conditions(temperature, pressure, seed),
        Budget(configurations, atoms, parse_length(length)), ranks, jobs or worker_count(),
    )  # fmt: skip
    return Trusted(result, Path(output) / VERDICT)
