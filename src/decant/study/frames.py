"""How many frames of which size a study's recipes make, told before they are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from decant.configurations.base import complete, find_recipe
from decant.configurations.checks import check_values
from decant.configurations.sizes import sizes_of


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
    check_values(entries, "recipes")
    found = []
    for entry in entries:
        recipe = find_recipe(entry["recipe"])
        parameters = complete(recipe, entry.get("parameters") or {})
        sizes = sizes_of(recipe, parameters)
        if not sizes.isolated:
            found.append(Frames(entry.get("count", 1), sizes.molecules, sizes.periodic, parameters))
    return found
