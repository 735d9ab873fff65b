"""How a study gets potentials from its data sets: an algorithm, its settings, and the model that it starts from."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property

from decant.algorithms.registry import algorithm, known_algorithms
from decant.foundation.errors import InputError, nearest
from decant.foundation.settings import count, key, options, seconds, text
from decant.study.readers import names

STRATEGIES = ("zero-shot", "naive", "replay")
"""What is done with a pretrained model."""
METHOD = "method"
"""In place of an algorithm: the reference method of the study itself, as far as LAMMPS computes it."""


@dataclass(frozen=True)
class AlgorithmChoice:
    """A way to get a potential from a data set.

    Attributes
    ----------
    algorithm
        mace, deepmd, ase, one that an installed package adds, or `METHOD`: no potential, but runs of the method that
        makes the labels, the truth that potentials can be held against.
    preset, set, max_time, max_epochs
        As for ``decant fit``; a preset may be a YAML file, whose path counts from the folder of the study file.
    precision, elements
        As for ``decant export``; `elements` where a published model knows many.
    head
        Which head of a pretrained model of several is taken.
    pretrained
        A published model or a ready potential by name, a model file, a directory of ``decant fit`` or a potential, or
        for ase the description of a calculator (paths count from the folder of the study file), or
        ``DATA/ALGORITHM/SEED`` of this study; None trains from scratch.
    strategy
        zero-shot (as it is: no data set, one seed), naive or replay.
    replay
        What a replay replays: a data set of this study, or a labelled file.
    data
        Data sets that it is fitted to; None for all.
    replicas
        Runs of each liquid and temperature, in place of the simulation's own number.
    """

    algorithm: str = key(text)
    preset: str | None = key(text, None)
    set: tuple[str, ...] = key(options, ())
    max_time: float | None = key(seconds, None)
    max_epochs: int | None = key(count(1), None)
    precision: str | None = key(text, None)
    elements: str | None = key(text, None)
    pretrained: str | None = key(text, None)
    strategy: str | None = key(text, None)
    head: str | None = key(text, None)
    replay: str | None = key(text, None)
    data: tuple[str, ...] | None = key(names, None)
    replicas: int | None = key(count(1), None)

    def __post_init__(self) -> None:
        if self.is_method:
            for entry in fields(self)[1:]:
                if entry.name != "replicas" and getattr(self, entry.name):
                    raise InputError(f"'{entry.name}' has no meaning for the reference method itself")
        if (self.pretrained is None) != (self.strategy is None):
            raise InputError("'pretrained' and 'strategy' belong together")
        if self.strategy not in (None, *STRATEGIES):
            hint = nearest(str(self.strategy), STRATEGIES)
            raise InputError(f"strategy: expected {', '.join(STRATEGIES)}, not '{self.strategy}'{hint}")
        if self.head is not None and self.pretrained is None:
            raise InputError("'head' is one of a pretrained model: name that as 'pretrained'")
        if (self.strategy == "replay") != (self.replay is not None):
            raise InputError("'strategy: replay' and 'replay', the frames to replay, belong together")
        if self.strategy == "zero-shot":
            for name in ("data", "preset", "set", "max_time", "max_epochs"):
                if getattr(self, name):
                    raise InputError(f"'{name}' has no meaning for a model as it is (strategy: zero-shot)")

    @property
    def is_method(self) -> bool:
        """Whether it is the reference method itself."""
        return self.algorithm == METHOD

    @property
    def is_fitted(self) -> bool:
        """Whether it is fitted to data sets; no for a pretrained model as it is and for the reference method."""
        return self.strategy != "zero-shot" and not self.is_method

    @cached_property  # a study asks for every run, and the entry points of all packages are read each time
    def in_python(self) -> bool:
        """Whether LAMMPS gets forces from Python, on one rank; no where the algorithm is not installed here."""
        return self.algorithm in known_algorithms() and algorithm(self.algorithm).in_python

    @property
    def used_preset(self) -> str:
        """The preset, or the one that ``decant fit`` takes by itself."""
        return self.preset or ("finetune" if self.pretrained else "small")
