"""What is wrong with the entries of a recipe file, told before the first of them is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from decant.configurations.base import check_entries, check_interval, complete, find_recipe, parameters_of
from decant.configurations.groups import check_groups, filled_groups
from decant.configurations.named import named_molecules
from decant.configurations.sampling import require_known
from decant.configurations.sizes import sizes_of
from decant.foundation.errors import InputError


def check_values(entries: Sequence[Any], where: str) -> None:
    """Raise `InputError` for the first entry that is not of its form, or has a value of which no frames can be made.

    What only making them shows, such as a box that cannot be packed, is not among it.

    Parameters
    ----------
    entries
        Of a recipe file.
    where
        What they are of, for the message.
    """
    check_entries(entries, where)
    for number, entry in enumerate(entries):
        try:
            _check(find_recipe(entry["recipe"]), entry.get("parameters") or {})
        except InputError as error:
            raise InputError(f"{where}: entry {number}: {error}") from error


def _check(recipe: Any, parameters: Mapping[str, Any]) -> None:
    for name, parameter in (parameters_of(recipe) or {}).items():
        if parameter.annotation == "Interval" and name in parameters:
            check_interval(parameters[name], name)
    for builder in (recipe, getattr(recipe, "base", None)):
        if builder is not None:
            check_groups(filled_groups(builder.build, complete(recipe, parameters)))
    if hasattr(recipe, "check"):
        recipe.check(complete(recipe, parameters))
    sizes_of(recipe, complete(recipe, parameters))


def check_known(entries: Sequence[Mapping[str, Any]], where: str, method: str | None = None) -> None:
    """Raise `InputError` for the first entry with a molecule that its driver, or the method of labels, does not know.

    The parameters of a molecule in a force field, found here, take some seconds the first time, as they do for the
    dynamics.

    Parameters
    ----------
    entries, where
        As of `check_values`, which they have passed.
    method
        What will label the frames; None if that is not told.
    """
    for number, entry in enumerate(entries):
        parameters = complete(find_recipe(entry["recipe"]), entry.get("parameters") or {})
        try:
            kinds = named_molecules(parameters)
            for each in dict.fromkeys((parameters.get("driver"), method)):
                require_known(each, kinds)
        except InputError as error:
            raise InputError(f"{where}: entry {number}: {error}") from error
