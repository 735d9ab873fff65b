"""Which molecules the parameters of a recipe name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from decant.configurations.base import names
from decant.foundation.errors import InputError
from decant.molecules.liquid import ratio
from decant.molecules.molecule import Molecule
from decant.molecules.salts import salt
from decant.molecules.solvents import molecule


def molecules_of(entries: Sequence[Mapping[str, Any]]) -> frozenset[Molecule] | None:
    """Return the molecules that the frames of recipes hold; None where the parameters of one do not name them."""
    found: set[Molecule] = set()
    for entry in entries:
        parameters = entry.get("parameters") or {}
        if entry["recipe"] == "atom":
            continue
        try:
            kinds = named_molecules(parameters)
        except InputError:
            return None
        if not kinds:
            return None
        found.update(kinds)
    return frozenset(found)


def named_molecules(parameters: Mapping[str, Any]) -> list[Molecule]:
    """Return the molecules and ions that the parameters of a recipe name; none where they name none.

    Raises
    ------
    InputError
        If nobody knows one.
    """
    pair = [] if parameters.get("salt") is None else [salt(str(parameters["salt"]))]
    return [*_solvents(parameters), *(ion for each in pair for ion in (each.cation, each.anion))]


def _solvents(parameters: Mapping[str, Any]) -> list[Molecule]:
    if "liquid" in parameters:
        return [kind for kind, _ in ratio(parameters["liquid"])]
    if "molecule" in parameters:
        return [molecule(str(parameters["molecule"]))]
    for word in ("molecules", "solvents"):
        if isinstance(parameters.get(word), str | list):
            return [molecule(name) for name in names(parameters[word])]
    return []
