"""Frames of a data set, and those that active learning collected starting from it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from decant.algorithms.presets import located_preset
from decant.foundation.errors import InputError
from decant.foundation.files import located
from decant.foundation.settings import key, read_mapping, text
from decant.learning.settings import LearnSettings, check_names
from decant.molecules.liquid import parse_liquid
from decant.molecules.molecule import Molecule
from decant.selection.descriptors import MACE
from decant.study.cells import HERE, data_folder, labelled, set_input
from decant.study.cost import START, atoms_of_molecules, dynamics_seconds, one_label_seconds, training_seconds
from decant.study.data_sets.base import DataSet, Whole
from decant.study.frames import Frames
from decant.study.readers import mapping, section
from decant.study.step import Step

OWN_KEYS = ("initial", "method", "method_settings")
"""Keys of learn.yaml that the study gives."""


@dataclass(frozen=True, kw_only=True)
class Learned(DataSet):
    """Frames collected by active learning, with those that it started from.

    Attributes
    ----------
    learn
        Settings as in learn.yaml, without ``initial``, ``method`` and its settings.
    start
        Name of the data set that it starts from.
    """

    source: ClassVar[str] = "learn"
    partner: ClassVar[str | None] = "start"
    maker: ClassVar[str] = "learn"
    makes_labels: ClassVar[bool] = True

    learn: dict[str, Any] = key(mapping)
    start: str = key(text)

    @property
    def needs(self) -> tuple[str, ...]:
        """Name of the data set that it starts from."""
        return (self.start,)

    @property
    def collector(self) -> str | None:
        """The algorithm of the committee."""
        return self.learn.get("algorithm")

    def describe(self) -> str:
        """Return which algorithm collects, and from where on."""
        return f"collected by {self.collector} from {self.start}"

    def size(self, study: Whole) -> str:
        """Say that running it tells."""
        return "frames as collected"

    def steps(self, study: Whole, name: str) -> list[Step]:
        """Return the active learning."""
        words = ("learn", set_input(name), "-o", data_folder(HERE, name))
        needs = (f"{study.data[self.start].maker}/{self.start}",)
        return [Step("learn", name, needs, labelled(name), words, self._seconds(study))]

    def inputs(self, study: Whole, name: str) -> dict[Path, Any]:
        """Return its settings, as ``decant learn`` takes them."""
        initial = Path("..") / ".." / labelled(self.start)
        own = {"initial": [str(initial)], **_labels(study)}
        return {set_input(name): {"jobs": study.cores_of("learn"), **self.learn, **own}}

    def check(self, study: Whole) -> None:
        """Check the settings but for the initial file."""
        with section("learn"):
            check_names(self.settings(study))

    def molecules(self, study: Whole) -> frozenset[Molecule] | None:
        """Return the molecules of its start and of the liquids that it runs."""
        before = study.data[self.start].molecules(study)
        try:
            states = self.settings(study).states
        except InputError:
            return None
        liquids = {kind for state in states for kind, _ in parse_liquid(state.liquid)}
        return None if before is None else before | liquids

    def atoms(self, study: Whole) -> float | None:
        """Return the atoms of the first frames, and of all that may be collected."""
        settings, first = self.settings(study), study.data[self.start].atoms(study)
        boxes = [state.copies * sum(atoms_of_molecules(state.liquid)) for state in settings.states]
        collected = settings.select * (settings.stop.generations - 1) * sum(boxes) / len(boxes)
        return None if first is None else first + collected

    @classmethod
    def locate(cls, values: dict[str, Any], base: Path) -> None:
        """Make the paths of a preset and of descriptors absolute."""
        given = values["learn"]
        if isinstance(given.get("preset"), str):
            given["preset"] = located_preset(given["preset"], base)
        if "descriptor" in given:
            given["descriptor"] = located(given["descriptor"], base, (MACE,))

    def settings(self, study: Whole) -> LearnSettings:
        """Return the settings of the active learning.

        Raises
        ------
        InputError
            If one is wrong, or one is given that is the study's.
        """
        for name in OWN_KEYS:
            if name in self.learn:
                raise InputError(f"'{name}' comes from the study ('start' of the data set, 'method'); leave it out")
        return read_mapping(LearnSettings, {**self.learn, "initial": [self.start], **_labels(study)}, "")

    def _seconds(self, study: Whole) -> float | None:
        """Return the seconds of active learning that uses up its budget of generations."""
        settings = self.settings(study)
        limits, cores = (settings.max_time, settings.max_epochs), settings.jobs or study.cores_of("learn")
        fit = training_seconds(settings.algorithm, settings.preset, list(settings.set), limits, self.atoms(study), 1)
        frame = Frames(1, atoms_of_molecules(settings.states[0].liquid), True, {})
        label = one_label_seconds(study.method, frame, alone=False)
        # the first member moves the atoms, and every member is evaluated on the few frames that are kept
        dynamics = [
            dynamics_seconds(
                settings.algorithm, settings.preset, state.copies * sum(atoms_of_molecules(state.liquid)),
                state.length / (state.timestep / 1e3), settings.ranks,
            )
            for state in settings.states
        ]  # fmt: skip
        known = [seconds for seconds in dynamics if seconds is not None]
        if fit is None or label is None or len(known) < len(dynamics):
            return None
        generation = settings.committee * (fit + START["export"] + START["evaluate"]) + sum(known)
        labels = settings.select * label / cores
        return START["learn"] + settings.stop.generations * generation + (settings.stop.generations - 1) * labels


def _labels(study: Whole) -> dict[str, Any]:
    """Return the method of the study and, where there are any, its settings, as ``decant learn`` takes them."""
    given = {} if study.method_settings is None else {"method_settings": dict(study.method_settings)}
    return {"method": study.method, **given}
