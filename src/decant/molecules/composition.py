"""A liquid by counts, from a ratio, a number of molecules and a salt: as commands take it and as settings files do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from decant.foundation.errors import InputError
from decant.foundation.settings import count, key, positive, read_mapping, text
from decant.molecules.electrolyte import Electrolyte, Solution, electrolyte
from decant.molecules.liquid import composition_name, mixture


def counted(liquid: str, molecules: int | None, solution: Solution, density: float | None = None) -> Electrolyte | str:
    """Return the composition of a box: by counts as it was given, or an electrolyte with what there is to say of it.

    Parameters
    ----------
    liquid
        By counts, or the ratio of what a box of so many `molecules` has.
    molecules
        Size of the box; None takes the numbers of `liquid` as counts.
    solution
        What the ratio is of, and a salt.
    density
        Of the solution, g/cm3, for a molarity.

    Raises
    ------
    InputError
        If there is no such box: a size is missing, it has a charge, or is too small.
    """
    if solution == Solution():
        if molecules is None:
            return liquid
        box = mixture(liquid, molecules=molecules)
        if charge := sum(kind.charge * number for kind, number in box):
            raise InputError(
                f"`liquid` {liquid}: {molecules} molecules have a charge of {charge:+d} e; give ions by their `salt`,"
                " whose numbers make the box neutral"
            )
        return composition_name(box)
    if molecules is None:
        raise InputError(f"`liquid` {liquid}: give the size of the box, its `molecules`")
    return electrolyte(liquid, solution, molecules, density=density)


@dataclass(frozen=True)
class Given:
    """What a settings file may say of a composition; see `counted`."""

    liquid: str = key(text)
    molecules: int | None = key(count(1), None)
    by: str = key(text, "mole")
    salt: str | None = key(text, None)
    molality: float | None = key(positive, None)
    molarity: float | None = key(positive, None)
    density: float | None = key(positive, None)


SHARED = ("liquid", "density")
"""Keys of `Given` that mean the same where a liquid is given by counts, and stay."""


def with_counts(settings: Any, where: str) -> Any:
    """Return settings with their `liquid` by counts, in the place of a ratio with `molecules`, `by` and a salt.

    Settings that have none of these keys come back as they are.

    Raises
    ------
    InputError
        If they say no composition.
    """
    known = [field.name for field in fields(Given)]
    if not isinstance(settings, Mapping) or not settings.keys() & set(known) - set(SHARED):
        return settings
    given = read_mapping(Given, {name: settings[name] for name in known if name in settings}, where)
    try:
        solution = Solution(given.by, given.salt, given.molality, given.molarity)
        found = counted(given.liquid, given.molecules, solution, given.density)
    except InputError as error:
        raise InputError(f"{where}: {error}") from error
    text_of = found if isinstance(found, str) else composition_name(found.composition)
    return {name: value for name, value in settings.items() if name not in known or name in SHARED} | {
        "liquid": text_of
    }
