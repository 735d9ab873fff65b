"""A fitted model as a potential."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from decant.algorithms.base import Part
from decant.foundation.errors import InputError
from decant.foundation.shown import Shown
from decant.potentials.export import Use
from decant.potentials.export import export as exported
from decant.potentials.lone_atoms import lone_atoms_told
from decant.potentials.potential import Potential
from decant.verbs.arguments import Location, checked, texts, words


@dataclass(frozen=True, repr=False)
class Exported(Shown):
    """A potential that was exported.

    Attributes
    ----------
    potential
        The potential.
    is_new
        Whether it was written; one of the same model stays as it is.
    """

    potential: Potential
    is_new: bool

    def text(self) -> str:
        """Return what `decant export` prints."""
        made = self.potential
        said = "written" if self.is_new else "is up to date"
        line = (
            f"{made.path}: {said}: {made.algorithm}, {' '.join(made.elements)}, cutoff {made.cutoff:g} A, "
            f"{made.precision} precision{''.join(f', with {one.name}' for one in made.additions)}"
        )
        told = lone_atoms_told(made.card.get("isolated_atoms_eV") or {})
        return f"{line}\nnote: {told}" if told else line


@checked()
def export(
    model: Location,
    output: Location,
    *,
    precision: str | None = None,
    elements: str | Sequence[str] | None = None,
    head: str | None = None,
    charge: int | None = None,
    spin: int | None = None,
    format: str | Sequence[str] = (),
    beside: str | Sequence[str] | None = None,
    good_for: str | Sequence[str] = (),
    not_for: str | Sequence[str] = (),
) -> Exported:
    """Export a fitted model as a potential: model file, LAMMPS lines, card.

    Parameters
    ----------
    model
        Folder of `fit`, a model file that you trust, or the name of a published model.
    output
        Folder of the potential.
    precision
        ``"double"`` or ``"single"``; that of the model by default.
    elements, head, charge, spin
        The part of the model that is wanted.
    format
        Other forms besides, such as ``mliap`` and ``libtorch``.
    beside
        What runs beside the model: ``d3:FUNCTIONAL``, ``zbl:INNER:OUTER``, lines of LAMMPS, or ``none``; what was taken
        off its labels by default. The command calls it ``--with``.
    good_for, not_for
        For the card, a sentence or several.

    Raises
    ------
    InputError
        If the model cannot be exported, or the folder holds something else.
    """
    use = Use(texts(good_for), texts(not_for)) if good_for or not_for else None
    symbols = None if elements is None else words(elements)
    if symbols == ():
        raise InputError("`elements`: expected chemical symbols, such as H,C,O, and there are none; or leave it out")
    added = None if beside is None else texts(beside)
    part = Part(symbols, head, charge, spin)
    return Exported(*exported(Path(model), Path(output), precision, part, words(format), use, added))
