"""What a study's folder holds, as typed records; the sections of a report know a study through these alone."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from decant.simulation.description import RunDescription
from decant.study.cells import ZERO, FitCell, RunCell
from decant.study.novelty import changes
from decant.study.simulation import Simulation
from decant.study.study import Study
from decant.workflow.outcome import Failure
from decant.workflow.status import JobStatus

TARGET = "none"
"""What `Results.changes` says of a liquid that the data are about."""


@dataclass(frozen=True)
class SetRecord:
    """A data set.

    Attributes
    ----------
    name
        Its name in the study.
    frames
        Labelled frames; None where it is not labelled yet.
    core_seconds
        What the labels of its frames took; None where they do not tell.
    sha256
        Hash of the labelled file; empty where there is none.
    """

    name: str
    frames: int | None = None
    core_seconds: float | None = None
    sha256: str = ""


@dataclass(frozen=True)
class Parity:
    """Force components of the test set beside their predictions, eV/angstrom.

    Attributes
    ----------
    recipe
        Recipe of the frame of each component, shape (components,).
    parts
        ``(reference, predicted)``, each of shape (components,), under ``intramolecular`` and ``intermolecular``, or
        ``total`` where the parts are not known.
    """

    recipe: np.ndarray
    parts: dict[str, tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class FitRecord:
    """A potential.

    Attributes
    ----------
    cell
        Its place in the study.
    record
        Content of ``fit.yaml``; empty where there is none.
    errors
        Errors on the whole test set, in the form of `decant.potentials.evaluate.evaluate`; empty where there are none.
    errors_on_part
        Those of a potential that does not know the elements of all its frames: on the others, and so not to be held
        against those of potentials that do; empty otherwise.
    parity
        Of the first seed; None where no predictions were written.
    failure
        Why it failed; None otherwise.
    """

    cell: FitCell
    record: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, Any] = field(default_factory=dict)
    parity: Parity | None = None
    failure: Failure | None = None
    errors_on_part: dict[str, Any] = field(default_factory=dict)

    @property
    def train_frames(self) -> int | None:
        """Number of training frames."""
        frames = (self.record.get("data") or {}).get("frames") or {}
        return frames.get("train")


@dataclass(frozen=True)
class RunRecord:
    """A simulation.

    Attributes
    ----------
    cell
        Its place in the study.
    description
        What was asked; None where the run has not begun.
    status, observables, score
        Contents of ``status.yaml``, ``observables.yaml`` and ``score.yaml``; empty where missing.
    rdf, msd
        Columns of the CSV files; empty where missing.
    failure
        Why it, or what it needs, failed; None otherwise.
    compared
        Whether it gets a score: the only run of a reference level is compared with nothing.
    """

    cell: RunCell
    description: RunDescription | None = None
    status: dict[str, Any] = field(default_factory=dict)
    observables: dict[str, Any] = field(default_factory=dict)
    score: dict[str, Any] = field(default_factory=dict)
    rdf: dict[str, np.ndarray] = field(default_factory=dict)
    msd: dict[str, np.ndarray] = field(default_factory=dict)
    failure: Failure | None = None
    compared: bool = True

    @property
    def condition(self) -> Condition:
        """The liquid and the temperature."""
        return self.cell.simulation, self.cell.temperature

    def diffusions(self) -> dict[str, Mapping[str, Any]]:
        """Return what was measured of each species' diffusion; empty if nothing was."""
        found = self.observables.get("diffusion") or {}
        return {name: entry for name, entry in found.items() if isinstance(entry, Mapping)}


Condition = tuple[str, float]
"""Name of a simulation, and its temperature in K."""
Pair = tuple[str, str]
"""Names of a data set and an algorithm."""


@dataclass(frozen=True)
class Results:
    """Everything found in a study's folder.

    Attributes
    ----------
    folder
        The folder.
    study
        The study.
    study_sha256
        Hash of the study file.
    test
        The test set.
    sets, fits, runs, jobs
        Every one of the study, finished or not; jobs are empty where the study was not run as a workflow.
    """

    folder: Path
    study: Study
    study_sha256: str
    test: SetRecord
    sets: dict[str, SetRecord]
    fits: list[FitRecord]
    runs: list[RunRecord]
    jobs: list[JobStatus]

    def pairs(self) -> list[Pair]:
        """Return each data set and algorithm that a fit has, in the order of the study."""
        found = {(fit.cell.data, fit.cell.algorithm) for fit in self.fits}
        every = ((data, algorithm) for data in (ZERO, *self.study.data) for algorithm in self.study.algorithms)
        return [pair for pair in every if pair in found]

    def data_names(self) -> list[str]:
        """Return the data sets that have fits, in the order of the study; `ZERO` for none first."""
        return list(dict.fromkeys(data for data, _ in self.pairs()))

    @functools.cached_property
    def changes(self) -> dict[str, str]:
        """What makes each liquid new to its potentials, by the name of the simulation."""
        return changes(self.study)

    def simulations(self, change: str | None = None) -> dict[str, Simulation]:
        """Return the simulations, or those of one kind of change."""
        return {name: one for name, one in self.study.simulations.items() if change in (None, self.changes[name])}

    def fits_of(self, pair: Pair) -> list[FitRecord]:
        """Return the potentials of a data set and an algorithm, one a seed."""
        return [fit for fit in self.fits if (fit.cell.data, fit.cell.algorithm) == pair]

    def runs_of(self, pair: Pair, wanted: Callable[[RunRecord], bool] = lambda run: True) -> list[RunRecord]:
        """Return the runs of a data set and an algorithm."""
        own = (run for run in self.runs if (run.cell.fit.data, run.cell.fit.algorithm) == pair)
        return [run for run in own if wanted(run)]

    def target_runs(self, algorithm: str) -> list[RunRecord]:
        """Return the runs of an algorithm of the liquids that the data are about."""
        return [run for run in self.runs if run.cell.fit.algorithm == algorithm and self.is_target(run)]

    def change_of(self, run: RunRecord) -> str:
        """Return what makes the liquid of a run new to its potential."""
        return self.changes[run.cell.simulation]

    def is_target(self, run: RunRecord) -> bool:
        """Say whether a run is of a liquid that the data are about."""
        return self.change_of(run) == TARGET

    def scratch(self) -> list[str]:
        """Return the algorithms that train from scratch on more than one data set, so that sets can be compared."""
        several = [name for name in self.study.algorithms if sum(other == name for _, other in self.pairs()) > 1]
        return [name for name in several if self.study.algorithms[name].pretrained is None]

    def baseline(self, data: str) -> str | None:
        """Return the fitted data set that another one is held against; None for the first one.

        It is the one that the study names, or the first fitted one among those that it joins or starts from; a set of
        its own is held against the study's first one.
        """
        fitted = [name for name in self.data_names() if name != ZERO]
        choice = self.study.data.get(data)
        if choice is None or not fitted:
            return None
        if choice.against in fitted:
            return choice.against
        built_on = [name for name in choice.extends if name in fitted]
        base = built_on[0] if built_on else fitted[0]
        return None if base == data else base


def unfinished(results: Results) -> Iterator[RunRecord]:
    """Yield the runs that are still to do: those without a score, or without observables where no score is due."""
    ended = ((run, run.score if run.compared else run.observables) for run in results.runs)
    return (run for run, result in ended if not run.failure and not result)


def by_condition(runs: Sequence[RunRecord]) -> dict[Condition, list[RunRecord]]:
    """Group runs by liquid and temperature."""
    groups: dict[Condition, list[RunRecord]] = {}
    for run in runs:
        groups.setdefault(run.condition, []).append(run)
    return groups
