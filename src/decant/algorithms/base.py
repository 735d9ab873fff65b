"""What an algorithm must offer, and what it may offer besides."""

from __future__ import annotations

import tempfile
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from decant.foundation.errors import InputError

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator


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
    head
        Which of the model's heads (levels of theory) to start from, as `head_and_elements` names it; None for the only
        one.
    """

    name: str
    model: Path
    elements: list[str]
    strategy: str
    replay_train: list[Atoms] = field(default_factory=list)
    replay_valid: list[Atoms] = field(default_factory=list)
    head: str | None = None


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
    charge, spin
        Total charge in elementary charges and multiplicity of the system to describe, where the model is one for any;
        None for a neutral singlet.
    """

    elements: tuple[str, ...] | None = None
    head: str | None = None
    charge: int | None = None
    spin: int | None = None


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


@dataclass(frozen=True)
class Course:
    """Validation errors in the course of a training.

    Attributes
    ----------
    unit
        What is counted: epochs or steps.
    done
        How many of them, shape (n,).
    energy_meV_per_atom, force_meV_per_A
        Root mean square errors, shape (n,); force of a Cartesian component.
    planned
        How many are planned in all; None where nothing says.
    """

    unit: str = "epochs"
    done: np.ndarray = field(default_factory=lambda: np.zeros(0))
    energy_meV_per_atom: np.ndarray = field(default_factory=lambda: np.zeros(0))
    force_meV_per_A: np.ndarray = field(default_factory=lambda: np.zeros(0))
    planned: float | None = None


WITHOUT_FIT = "has no fit; what it runs is taken as it is: decant export MODEL, in a study strategy: zero-shot"


class Algorithm(ABC):
    """A way to fit a potential and to run it in LAMMPS.

    A third party adds one by naming a subclass that is made without arguments under the entry point group
    ``decant.algorithms`` (docs/extending.md). It must define `name`, `suffixes`, `export` and `calculator`; the rest,
    `fit` too, is refused, or done with those, unless it is defined.

    Attributes
    ----------
    name
        The word on the command line, that of the entry point.
    suffixes
        Suffixes of its model files, by which a bare one is known as its own.
    foreign_suffixes
        Suffixes of files that users take for one of those, and what to do with such a file.
    packages
        Distributions whose versions belong to a fit's record.
    presets
        Folder with its presets, ``NAME.yaml`` each, where they do not come with decant; ``decant fit`` takes ``small``
        where the user names none, ``finetune`` if the fit starts from a fitted model.
    strategies
        How a fit can start from a fitted model: ``naive`` trains on with the new frames alone, ``replay`` with frames
        of the old kind among them.
    published
        Names of published models that `fetch` gets.
    licences
        Terms of those, by name.
    committees
        Whether its pair style takes several model files, and writes how far they disagree, in the words and the format
        of ``pair_style deepmd``.
    in_python
        Whether it has no pair style: LAMMPS then gets forces from its `calculator`, on one rank. The pair style that
        `export` tells is only that of the neighbour list, ``zero CUTOFF``.
    """

    name: ClassVar[str]
    suffixes: ClassVar[tuple[str, ...]]
    foreign_suffixes: ClassVar[Mapping[str, str]] = {}
    packages: ClassVar[tuple[str, ...]] = ()
    presets: ClassVar[Path | None] = None
    strategies: ClassVar[tuple[str, ...]] = ()
    published: ClassVar[tuple[str, ...]] = ()
    licences: ClassVar[Mapping[str, str]] = {}
    committees: ClassVar[bool] = False
    in_python: ClassVar[bool] = False

    @property
    def fits(self) -> bool:
        """Whether it has a fit; without one, its models are run as they are."""
        return type(self).fit is not Algorithm.fit

    def fit(self, task: FitTask) -> FitResult:
        """Train until a limit of the task is reached; continue what an interrupted fit left in its directory.

        Raises
        ------
        InputError
            If there is nothing to learn from, the settings make no sense, or it has no fit.
        """
        raise InputError(f"`algorithm` {self.name}: {WITHOUT_FIT}")

    @abstractmethod
    def export(self, source: Path, directory: Path, precision: str | None, part: Part = WHOLE) -> Exported:
        """Write the model file(s) that LAMMPS and the calculators need from `source` into `directory`.

        Raises
        ------
        InputError
            If the source is no model of this algorithm, or cannot be had in this precision or part.
        """

    @abstractmethod
    def calculator(self, directory: Path) -> Calculator:
        """Return the fastest calculator of an exported potential on a CPU, in the arithmetic chosen at export.

        It refuses an element that it does not know.
        """

    def course(self, directory: Path) -> Course:
        """Return the validation errors of a training so far, finished or not; empty where its files tell nothing.

        Parameters
        ----------
        directory
            That of the `FitTask`.
        """
        return Course()

    def calculator_on(self, directory: Path, device: str) -> Calculator:
        """Return that calculator on a device, ``"cpu"``, ``"cuda"``, ``"cuda:1"`` or ``"opencl"``.

        Raises
        ------
        InputError
            If the algorithm has none for it, as by default for all but the CPU, or the device cannot be had.
        """
        if device == "cpu":
            return self.calculator(directory)
        raise InputError(f"`device` {device}: the calculator of {self.name} chooses its device itself; leave it out")

    def known_settings(self) -> set[str] | None:
        """Return the words allowed at the top level of ``settings``; None where the algorithm checks itself."""
        return None

    def reference_calculator(self, directory: Path) -> Calculator:
        """Return the algorithm's own calculator of an exported potential, in double precision.

        ``decant check`` holds LAMMPS to it, so it must share no code with what runs in LAMMPS where that is possible.
        """
        return self.calculator(directory)

    def model_calculator(self, source: Path) -> Calculator:
        """Return the reference calculator of a model file as `fit` left it.

        By default that of an export to a folder that is gone when this returns.
        """
        with tempfile.TemporaryDirectory(prefix="decant-") as directory:
            self.export(source, Path(directory), None)
            return self.reference_calculator(Path(directory))

    def elements(self, source: Path) -> list[str]:
        """Return the chemical symbols that a model file knows; by default those of an export that is thrown away."""
        with tempfile.TemporaryDirectory(prefix="decant-") as directory:
            return self.export(source, Path(directory), None).elements

    def require_usable(self, model: Path) -> None:  # noqa: B027  (nothing to require, unless it is overridden)
        """Raise `InputError` if a model file, or the directory of a potential, would be refused when it is used."""

    def start(self, model: Path) -> Path:
        """Return the file that a training can start from, given a fitted model or the directory of a potential.

        Raises
        ------
        InputError
            If no training can start from this model.
        """
        raise InputError(f"{model}: no training of {self.name} starts from a fitted model")

    def head_and_elements(self, model: Path, head: str | None) -> tuple[str | None, list[str]]:
        """Return the head of a model that a fit starts from, by its full name, and the elements that it knows.

        Parameters
        ----------
        model
            What `start` returned.
        head
            The one that is asked for; None where none is.

        Raises
        ------
        InputError
            If the model has no such head, as by default any, or several and none is named.
        """
        if head is not None:
            raise InputError(f"`head` {head}: a fit of {self.name} starts from a model as a whole; leave out `head`")
        return None, self.elements(model)

    def fetch(self, name: str) -> Path:
        """Return the file of a published model, downloaded to the user's cache where it is not there yet.

        Raises
        ------
        InputError
            If it cannot be downloaded; the message says which file to put where.
        """
        raise InputError(f"{name}: {self.name} knows no published model")

    def export_form(self, form: str, source: Path, directory: Path, exported: Exported, part: Part) -> list[str]:
        """Write another form of an exported potential beside it, for a LAMMPS built otherwise; return its LAMMPS lines.

        Raises
        ------
        InputError
            If the algorithm knows no form of this name.
        """
        raise InputError(f"`format` {form}: {self.name} has one form, that of its pair.lammps; leave out `format`")

    def require_whole(self, source: Path, part: Part) -> None:
        """Raise `InputError` if a part of a model is asked for; for an `export` that knows no parts."""
        if part != WHOLE:
            raise InputError(
                f"{source}: {self.name} exports a model as a whole: leave out `elements`, `head`, `charge` and `spin`"
            )
