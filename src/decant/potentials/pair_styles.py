"""Pair styles of LAMMPS beside a potential, by lines of one's own; from Python they are computed by LAMMPS itself."""

from __future__ import annotations

import functools
import math
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ase.calculators.calculator import Calculator, all_changes
from ase.data import atomic_numbers
from ase.stress import full_3x3_to_voigt_6_stress

from decant.data.prediction import Prediction, require_known
from decant.foundation.errors import InputError, ProgramFailed
from decant.lammps.answers import asking, read_answer
from decant.lammps.data import write_data
from decant.lammps.session import LammpsSession

if TYPE_CHECKING:
    from ase import Atoms

ZBL = "zbl:"
"""What the name of a screened nuclear repulsion begins with."""


@dataclass(frozen=True)
class PairStyle:
    """A pair style of LAMMPS that needs nothing but the atoms: no charges, no long-range solver, no files.

    Attributes
    ----------
    name
        As a card has it: what follows ``pair_style`` and each ``pair_coeff``, with semicolons between.
    pair_style
        The style with its arguments.
    coeffs
        Arguments of ``pair_coeff`` without the name of the style; atom types are the elements of the potential.
    cutoff
        Zero: LAMMPS takes it from the arguments.
    """

    name: str
    pair_style: str
    coeffs: tuple[str, ...]
    cutoff: float = 0.0

    def pair_coeffs(self, elements: Sequence[str]) -> list[str]:
        """Return the arguments of its ``pair_coeff`` lines, without the name of the style."""
        return list(self.coeffs)

    def calculator(self, elements: Sequence[str]) -> Calculator:
        """Return an ASE calculator of it alone, for these elements."""
        return PairStyleCalculator(self.name, self.pair_style, self.pair_coeffs(elements), elements)


@dataclass(frozen=True)
class Zbl(PairStyle):
    """The screened nuclear repulsion of Ziegler, Biersack and Littmark, which keeps atoms of a poor potential apart."""

    def pair_coeffs(self, elements: Sequence[str]) -> list[str]:
        """Return the charges of the nuclei of each pair of types."""
        numbered = list(enumerate((atomic_numbers[symbol] for symbol in elements), start=1))
        return [f"{i} {j} {one} {other}" for (i, one), (j, other) in combinations_with_replacement(numbered, 2)]


def zbl(name: str) -> Zbl:
    """Return the repulsion of a name, ``zbl:INNER:OUTER``: switched off between these distances, angstrom.

    Raises
    ------
    InputError
        If they are not two distances, the inner one shorter.
    """
    try:
        inner, outer = map(float, name.removeprefix(ZBL).split(":"))
    except ValueError:
        inner = outer = 0.0
    if not 0 < inner < outer < math.inf:
        raise InputError(
            f"{name}: expected {ZBL}INNER:OUTER with 0 < INNER < OUTER in angstrom, for example zbl:0.8:1.2"
        )
    return Zbl(f"{ZBL}{inner:g}:{outer:g}", f"zbl {inner:g} {outer:g}", (), outer)


def pair_style(text: str) -> PairStyle:
    """Return the pair style of lines of LAMMPS with semicolons between, ``lj/cut 10.0; * * 0.001 3.0``.

    Raises
    ------
    InputError
        If there is no style or no coefficients, or it is several styles.
    """
    style, *coeffs = [" ".join(part.split()) for part in text.split(";") if part.strip()] or [""]
    style = style.removeprefix("pair_style ")
    coeffs = [coeff.removeprefix("pair_coeff ") for coeff in coeffs]
    if not coeffs or any(len(coeff.split()) < 2 for coeff in coeffs):
        raise InputError(
            f"'{text}': expected a pair style and its coefficients, with semicolons between, for example "
            "'lj/cut 10.0; * * 0.001 3.0'"
        )
    if style.startswith("hybrid"):
        raise InputError(f"'{text}': expected one pair style; give several one by one")
    return PairStyle("; ".join([style, *coeffs]), style, tuple(coeffs))


class PairStyleCalculator(Calculator):
    """An ASE calculator that asks one LAMMPS, which stays.

    Parameters
    ----------
    name
        How messages call the style.
    pair_style, pair_coeffs
        What follows the two commands.
    elements
        Chemical symbols in the order of the atom types.
    """

    implemented_properties = ("energy", "forces", "stress")

    def __init__(self, name: str, pair_style: str, pair_coeffs: Sequence[str], elements: Sequence[str]):
        super().__init__()
        self.called, self.elements = name, list(elements)
        self.lines = [f"pair_style {pair_style}", *(f"pair_coeff {coeff}" for coeff in pair_coeffs)]

    def calculate(self, atoms: Atoms, properties: Any = ("energy",), system_changes: Any = all_changes) -> None:
        """Compute energy, forces and, in a cell, stress; called by ASE.

        Raises
        ------
        InputError
            If an element is not known, or LAMMPS does not take the lines.
        """
        super().calculate(atoms, properties, system_changes)
        require_known(atoms, self.elements)
        try:
            answer = self._ask(atoms)
        except ProgramFailed as error:
            raise InputError(f"'{self.called}' beside the potential: {error}") from error
        self.results = {"energy": answer.energy, "forces": answer.forces}
        if answer.virial is not None:
            self.results["stress"] = full_3x3_to_voigt_6_stress(-answer.virial / atoms.get_volume())

    def _ask(self, atoms: Atoms) -> Prediction:
        with tempfile.TemporaryDirectory(prefix="decant-") as name:
            folder = Path(name)
            box = write_data(folder / "system.data", atoms, self.elements)
            commands = [
                "units metal",
                "atom_style molecular",
                "newton on",
                f"boundary {box.boundary}",
                "atom_modify sort 0 0.0",
                "bond_style zero nocoeff",
                f'read_data "{folder / "system.data"}"',
                "bond_coeff *",
                "special_bonds lj/coul 1.0 1.0 1.0",
                *self.lines,
                f"neighbor 1.0 {'bin' if box.periodic == 3 else 'nsq'}",
                *asking(folder / "scalars", folder / "forces"),
            ]
            _session(os.getpid()).run(commands, folder / "done")
            return read_answer(folder / "scalars", folder / "forces", box)


@functools.cache
def _session(process: int) -> LammpsSession:
    """Return the LAMMPS of a process: one that was forked does not share it."""
    return LammpsSession()
