"""Make configurations from recipes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from ase import Atoms

from decant.data.frames import read_frames
from decant.foundation.files import output_file
from decant.foundation.shown import Shown
from decant.verbs.arguments import Location, checked


@dataclass(frozen=True, repr=False)
class Built(Shown):
    """Configurations that were built.

    Attributes
    ----------
    path
        The file.
    sizes
        Of each entry: its recipe, and the number of atoms of each configuration.
    """

    path: Path
    sizes: list[tuple[str, list[int]]]

    @property
    def frames(self) -> list[Atoms]:
        """The configurations."""
        return read_frames(self.path, labelled=False)

    def text(self) -> str:
        """Return what `decant build` prints."""
        made = [f"{recipe}: {len(sizes)} frames of {_span(sizes)} atoms" for recipe, sizes in self.sizes]
        return "\n".join([*made, f"written: {self.path} ({sum(len(sizes) for _, sizes in self.sizes)} frames)"])


def _span(sizes: Sequence[int]) -> str:
    return str(sizes[0]) if min(sizes) == max(sizes) else f"{min(sizes)} to {max(sizes)}"


@checked()
def build(source: Location | Sequence[Mapping[str, Any]], output: Location, *, seed: int = 1) -> Built:
    """Make configurations from recipes.

    Parameters
    ----------
    source
        A YAML file, or the list that it holds: ``{"recipe": "cluster", "count": 40, "parameters": {...}}``.
    output
        File to write.
    seed
        Seed of entries that name none.

    Raises
    ------
    InputError
        If an entry is wrong, or what it asks for cannot be built.
    """
    from decant.configurations.base import read_recipes
    from decant.configurations.build import build as made
    from decant.configurations.checks import check_known, check_values

    if isinstance(source, Sequence) and not isinstance(source, str):
        entries = [dict(entry) if isinstance(entry, Mapping) else entry for entry in source]
    else:
        entries = read_recipes(Path(source))
    output_file(output, [source] if isinstance(source, str | PathLike) else [])
    where = str(source) if isinstance(source, str | Path) else "`source`"
    check_values(entries, where)
    check_known(entries, where)
    return Built(Path(output), [(name, list(map(len, frames))) for name, frames in made(entries, Path(output), seed)])
