"""How many frames of which size a study's recipes make, told before they are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from decant.configurations.base import check_entries, complete, find_recipe
from decant.configurations.sizes import sizes_of
from decant.foundation.errors import InputError
from decant.study.study import Study


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


def count_frames(study: Study, name: str) -> int | None:
    """Return the most frames that a data set can have, isolated atoms left out; None where only running it tells."""
    data = study.data[name]
    if data.recipes:
        return sum(one.count for one in frame_sizes(data.recipes))
    if data.part_of:
        return data.frames
    parts = [count_frames(study, one) for one in data.join or ()]
    return sum(part for part in parts if part is not None) if parts and None not in parts else None
