"""What a potential says of one configuration, and how an ASE calculator is asked."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from decant.foundation.errors import InputError, UnknownElement
from decant.foundation.progress import track
from decant.foundation.threads import torch_pace

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Prediction:
    """Energy, forces and virial of one configuration.

    Attributes
    ----------
    energy
        Total energy, eV.
    forces
        Forces, eV/angstrom, shape (atoms, 3).
    virial
        Virial, -stress * volume, eV, shape (3, 3); None where it is not defined (no cell).
    """

    energy: float
    forces: np.ndarray
    virial: np.ndarray | None


def predict(calculator: Calculator, frames: Sequence[Atoms], stage: str = "predict") -> list[Prediction]:
    """Return what an ASE calculator says of each frame; the virial is None for frames without a full cell.

    Raises
    ------
    InputError
        If the calculator refuses a frame.
    """

    def answer(number: int, frame: Atoms) -> Prediction:
        try:
            return ask(calculator, frame)
        except InputError as error:
            raise InputError(f"frame {number} of those evaluated: {error}") from error

    return _in_turn(answer, frames, stage)


def ask_each(calculator: Calculator, frames: Sequence[Atoms], stage: str = "predict") -> list[Prediction | str]:
    """Return what an ASE calculator says of each frame, or in one line why it says nothing."""

    def answer(_: int, frame: Atoms) -> Prediction | str:
        try:
            return ask(calculator, frame)
        except Exception as error:  # calculators of others fail in any way
            return " ".join(str(error).split()) or type(error).__name__

    return _in_turn(answer, frames, stage)


def _in_turn(answer: Callable[[int, Atoms], Answer], frames: Sequence[Atoms], stage: str) -> list[Answer]:
    """Return an answer for each frame, while progress is shown and torch's threads keep pace."""
    answers: list[Answer] = []
    pace = torch_pace() if "torch" in sys.modules else None  # compiled calculators need no more than their own threads
    for number, frame in enumerate(track(frames, stage, len(frames), "frames")):
        with pace.step(len(frame)) if pace else contextlib.nullcontext():
            answers.append(answer(number, frame))
    return answers


def require_known(atoms: Atoms, elements: Sequence[str]) -> None:
    """Raise `InputError` if an atom's element is not one of those that a potential knows."""
    unknown = sorted(set(atoms.get_chemical_symbols()) - set(elements))
    if unknown:
        raise UnknownElement(f"the potential does not know {', '.join(unknown)}; it knows {' '.join(elements)}")


def ask(calculator: Calculator, frame: Atoms) -> Prediction:
    """Return what an ASE calculator says of one frame; no virial where there is no full cell, or it knows no stress."""
    from ase.calculators.calculator import PropertyNotImplementedError

    atoms = frame.copy()
    atoms.calc = calculator
    energy, forces = float(atoms.get_potential_energy()), np.array(atoms.get_forces(), dtype=float)
    virial = None
    if atoms.pbc.all():
        with contextlib.suppress(PropertyNotImplementedError):
            virial = -atoms.get_volume() * np.asarray(atoms.get_stress(voigt=False), dtype=float)
    return Prediction(energy, forces, virial)
