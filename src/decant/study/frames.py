"""How many frames of which size a study's recipes make, told before they are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from decant.configurations.base import check_entries, complete, find_recipe, names
from decant.configurations.sizes import sizes_of
from decant.foundation.errors import InputError
from decant.molecules.liquid import mixture
from decant.molecules.molecule import Molecule
from decant.molecules.solvents import molecule


@dataclass(frozen=True)
class Frames:
    """Frames of one entry of a recipe file.

    Attributes
    ----------
    count
        How many.
    molecules
        Atoms of each molecule of a frame, on average; empty where a recipe does not tell.
    periodic
        Whether they have a cell.
    parameters
        Those of the recipe, with the defaults of those left out.
    """

    count: int
    molecules: tuple[float, ...]
    periodic: bool
    parameters: dict[str, Any]

    @property
    def atoms(self) -> float:
        """Atoms of a frame, on average; 0 where a recipe does not tell."""
        return sum(self.molecules)


def frame_sizes(entries: Sequence[dict[str, Any]]) -> list[Frames]:
    """Return the frames of each entry of a recipe file; isolated atoms are left out.

    Raises
    ------
    InputError
        If an entry is wrong or names a solvent that nobody knows.
    """
    check_entries(entries, "recipes")
    found = []
    for number, entry in enumerate(entries):
        try:
            recipe = find_recipe(entry["recipe"])
            parameters = complete(recipe, entry.get("parameters") or {})
            sizes = sizes_of(recipe, parameters)
            if not sizes.isolated:
                found.append(Frames(entry.get("count", 1), sizes.molecules, sizes.periodic, parameters))
        except InputError as error:
            raise InputError(f"recipes: entry {number}: {error}") from error
    return found


def molecules_of(entries: Sequence[dict[str, Any]]) -> frozenset[Molecule] | None:
    """Return the molecules that the frames of recipes hold; None where the parameters of one do not name them."""
    found: set[Molecule] = set()
    for entry in entries:
        parameters = entry.get("parameters") or {}
        if entry["recipe"] == "atom":
            continue
        try:
            kinds = _named_molecules(parameters)
        except InputError:
            return None
        if not kinds:
            return None
        found.update(kinds)
    return frozenset(found)


def _named_molecules(parameters: dict[str, Any]) -> list[Molecule]:
    """Return the molecules that the parameters of a recipe name; none where they name none."""
    if "liquid" in parameters:
        box = mixture(parameters["liquid"], parameters.get("atoms"), parameters.get("molecules"))
        return [kind for kind, _ in box]
    if "molecule" in parameters:
        return [molecule(str(parameters["molecule"]))]
    for word in ("molecules", "solvents"):
        if isinstance(parameters.get(word), str | list):
            return [molecule(name) for name in names(parameters[word])]
    return []
