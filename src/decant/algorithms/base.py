"""What an algorithm must offer, and where an algorithm of a given name is found."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from decant.foundation.errors import InputError, nearest

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator

GROUP = "decant.algorithms"
BUILT_IN = {
    "mace": "decant.algorithms.mace.algorithm:Mace",
    "deepmd": "decant.algorithms.deepmd.algorithm:DeepPotential",
}


@dataclass(frozen=True)
class Pretrained:
    """A fitted model that a fit starts from.

    Attributes
    ----------
    name
        As the user called it.
    model
        The file that the training program starts from.
    elements
        Chemical symbols that it knows.
    strategy
        One of the algorithm's `strategies`.
    replay_train, replay_valid
        Frames like those that it was fitted to, which must not be forgotten; empty unless the strategy is ``replay``.
    """

    name: str
    model: Path
    elements: list[str]
    strategy: str
    replay_train: list[Atoms] = field(default_factory=list)
    replay_valid: list[Atoms] = field(default_factory=list)


@dataclass(frozen=True)
class FitTask:
    """One fit, as an algorithm gets it.

    Attributes
    ----------
    train, valid
        Frames in the house form; `train` contains the isolated atoms (``config_type=IsolatedAtom``), `valid` none.
    directory
        Where the algorithm keeps its own files: inputs, checkpoints, log. What lies there from an interrupted fit is
        continued.
    settings
        The ``settings`` of the preset after all overrides, in the algorithm's own words.
    seed
        Random seed.
    max_time
        Wall time of the training in seconds, over all its restarts; None for no limit.
    max_epochs
        Passes over the training set; None for no limit. One of the two limits is always given.
    pretrained
        The model to start from, which knows every element of the frames; None to start from random weights.
    """

    train: list[Atoms]
    valid: list[Atoms]
    directory: Path
    settings: dict[str, Any]
    seed: int
    max_time: float | None
    max_epochs: int | None
    pretrained: Pretrained | None = None


@dataclass(frozen=True)
class FitResult:
    """What a fit left behind.

    Attributes
    ----------
    model
        The model file, inside the task's directory.
    settings
        Settings as used, with everything that was chosen from the data filled in.
    epochs
        Passes over the training set that the model has seen.
    notes
        What the user should know, one sentence each (for example which frames the algorithm cannot use).
    """

    model: Path
    settings: dict[str, Any]
    epochs: float
    notes: list[str]


@dataclass(frozen=True)
class Part:
    """The part of a model that an export takes.

    Attributes
    ----------
    elements
        Chemical symbols in the order of the LAMMPS atom types; None for all of the model in its own order.
    head
        Name of one of the model's heads (levels of theory); None for the only one.
    """

    elements: tuple[str, ...] | None = None
    head: str | None = None


WHOLE = Part()


@dataclass(frozen=True)
class Exported:
    """What an export says of the model it wrote.

    Attributes
    ----------
    model
        Name of the file that LAMMPS reads, inside the potential's directory.
    pair_style, pair_coeff
        The two LAMMPS lines without ``${potential}`` resolved.
    elements
        Chemical symbols in the order of the LAMMPS atom types.
    cutoff
        Distance up to which an atom sees another one directly, angstrom.
    settings
        Architecture of the model as found in the file itself.
    precision
        ``"double"`` or ``"single"``: the arithmetic of the LAMMPS run.
    """

    model: str
    pair_style: str
    pair_coeff: str
    elements: list[str]
    cutoff: float
    settings: dict[str, Any]
    precision: str


class Algorithm(Protocol):
    """A way to fit a potential and to run it in LAMMPS.

    A third party adds one by naming a class without arguments under the entry point group ``decant.algorithms``.

    Attributes
    ----------
    name
        The word on the command line.
    packages
        Distributions whose versions belong to a fit's record.
    suffixes
        Suffixes of bare model files that `export` accepts.
    strategies
        How a fit can start from a fitted model: ``naive`` trains on with the new frames alone, ``replay`` with frames
        of the old kind among them.
    published
        Names of published models that `fetch` gets.
    """

    name: str
    packages: tuple[str, ...]
    suffixes: tuple[str, ...]
    strategies: tuple[str, ...]
    published: tuple[str, ...]

    def known_settings(self) -> set[str] | None:
        """Return the words allowed at the top level of ``settings``; None where the algorithm checks itself."""

    def fit(self, task: FitTask) -> FitResult:
        """Train until a limit of the task is reached; continue what an interrupted fit left in its directory."""

    def start(self, model: Path) -> tuple[Path, list[str]]:
        """Return the file that a training can start from, given a fitted model, and the elements it knows.

        Raises
        ------
        InputError
            If no training can start from this model.
        """

    def fetch(self, name: str) -> Path:
        """Return the file of a published model, downloaded to the user's cache where it is not there yet.

        Raises
        ------
        InputError
            If it cannot be downloaded; the message says which file to put where.
        """

    def export(self, source: Path, directory: Path, precision: str | None, part: Part = WHOLE) -> Exported:
        """Write the model file(s) that LAMMPS and the calculators need from `source` into `directory`."""

    def export_form(self, form: str, source: Path, directory: Path, exported: Exported, part: Part) -> list[str]:
        """Write another form of an exported potential beside it, for a LAMMPS built otherwise; return its LAMMPS lines.

        Raises
        ------
        InputError
            If the algorithm knows no form of this name.
        """

    def calculator(self, directory: Path) -> Calculator:
        """Return the fastest calculator of an exported potential on a CPU, in the arithmetic chosen at export."""

    def reference_calculator(self, directory: Path) -> Calculator:
        """Return the algorithm's own calculator of an exported potential, in double precision.

        `decant check` holds LAMMPS to it, so it must share no code with what runs in LAMMPS where that is possible.
        """

    def model_calculator(self, source: Path) -> Calculator:
        """Return the reference calculator of a model file as `fit` left it."""


@functools.cache
def algorithm(name: str) -> Algorithm:
    """Return the algorithm of a name: one of ours or one named by an installed package.

    Raises
    ------
    InputError
        If nobody knows the name.
    """
    entries = {**{key: metadata.EntryPoint(key, value, GROUP) for key, value in BUILT_IN.items()}}
    entries.update({entry.name: entry for entry in metadata.entry_points(group=GROUP)})
    if name not in entries:
        raise InputError(f"unknown algorithm '{name}'{nearest(name, entries)}; known are: {', '.join(sorted(entries))}")
    return cast(Algorithm, entries[name].load()())


def known_algorithms() -> list[str]:
    """Return the names that `algorithm` accepts."""
    return sorted({*BUILT_IN, *(entry.name for entry in metadata.entry_points(group=GROUP))})
