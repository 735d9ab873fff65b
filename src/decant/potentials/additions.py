"""What runs beside the model of a potential, in one ``hybrid/overlay``: dispersion, or any pair style of LAMMPS."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from decant.foundation.errors import InputError
from decant.lammps.neighbors import room
from decant.potentials.dispersion import D3, dispersion
from decant.potentials.pair_styles import ZBL, pair_style, zbl

if TYPE_CHECKING:
    from ase.calculators.calculator import Calculator

NONE = "none"
"""What a caller says who wants nothing added, not even what the labels are without."""


class Addition(Protocol):
    """Something that runs beside a model, the same in LAMMPS and from Python."""

    @property
    def name(self) -> str:
        """What makes it again, as a card has it."""
        ...

    @property
    def pair_style(self) -> str:
        """LAMMPS's pair style with its arguments."""
        ...

    @property
    def cutoff(self) -> float:
        """Distance up to which pairs count, angstrom; 0 if it is that of a usual pair style."""
        ...

    def pair_coeffs(self, elements: Sequence[str]) -> list[str]:
        """Return the arguments of its ``pair_coeff`` lines for these atom types, without the name of the style."""
        ...

    def calculator(self, elements: Sequence[str]) -> Calculator:
        """Return an ASE calculator of it alone."""
        ...


def addition(text: str) -> Addition:
    """Return what a text names: ``d3:pbe``, ``zbl:0.8:1.2``, or lines such as ``lj/cut 10.0; * * 0.001 3.0``.

    Raises
    ------
    InputError
        If it names nothing.
    """
    if text.startswith(D3):
        return dispersion(text)
    if text.startswith(ZBL):
        return zbl(text)
    if ";" in text:
        return pair_style(text)
    raise InputError(
        f"'{text}': expected {D3}FUNCTIONAL as in d3:pbe, {ZBL}INNER:OUTER, or a pair style of LAMMPS with its "
        "coefficients as in 'lj/cut 10.0; * * 0.001 3.0'"
    )


def additions(texts: Sequence[str]) -> list[Addition]:
    """Return what texts name, each once.

    Raises
    ------
    InputError
        If one names nothing, or two are of one pair style.
    """
    found = list({one.name: one for one in map(addition, texts)}.values())
    styles: dict[str, str] = {}
    for one in found:
        if (before := styles.setdefault(_style(one), one.name)) != one.name:
            raise InputError(f"{before} and {one.name}: both are {_style(one)}; keep one of them")
    return found


def overlaid(lines: Sequence[str], added: Sequence[Addition], elements: Sequence[str]) -> list[str]:
    """Return the LAMMPS lines of a model with what runs beside it; as they are where that is nothing.

    Parameters
    ----------
    lines
        One ``pair_style`` and its ``pair_coeff``, in their order.
    added
        What runs beside it.
    elements
        Chemical symbols in the order of the atom types.

    Raises
    ------
    InputError
        If one of them is of the model's own pair style, or does not know an element.
    """
    if not added:
        return list(lines)
    model = next(line.split(maxsplit=1)[1] for line in lines if line.startswith("pair_style "))
    own = model.split()[0]
    if same := [one.name for one in added if _style(one) == own]:
        raise InputError(f"'{same[0]}': {own} is the pair style of the model itself")
    result = [f"pair_style hybrid/overlay {' '.join([model, *(one.pair_style for one in added)])}"]
    result += [line if not line.startswith("pair_coeff ") else _of(own, line.split(" ", 1)[1]) for line in lines[1:]]
    result += [_of(_style(one), coeff) for one in added for coeff in one.pair_coeffs(elements)]
    return result + room(max(one.cutoff for one in added))


def total(model: Calculator, added: Sequence[Addition], elements: Sequence[str]) -> Calculator:
    """Return an ASE calculator of a model and what runs beside it; that of the model where that is nothing."""
    if not added:
        return model
    from ase.calculators.mixing import SumCalculator

    return SumCalculator([model, *(one.calculator(elements) for one in added)])


def _style(one: Addition) -> str:
    return one.pair_style.split()[0]


def _of(style: str, coeff: str) -> str:
    """Return a ``pair_coeff`` line with the style that hybrid styles want to know."""
    first, second, *rest = coeff.split()
    return " ".join(["pair_coeff", first, second, style, *rest])
