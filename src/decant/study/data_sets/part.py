"""Some frames of another data set, as a learning curve needs them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from decant.foundation.errors import InputError
from decant.foundation.settings import count, key, text
from decant.molecules.molecule import Molecule
from decant.study.data_sets.base import DataSet, Whole
from decant.study.data_sets.joined import taken
from decant.study.step import Step


@dataclass(frozen=True, kw_only=True)
class Part(DataSet):
    """A part of a data set; smaller parts lie inside larger ones.

    Attributes
    ----------
    part_of
        Name of the data set of which `frames` frames are taken.
    frames
        How many.
    """

    source: ClassVar[str] = "part_of"
    partner: ClassVar[str | None] = "frames"

    part_of: str = key(text)
    frames: int = key(count(1))

    @property
    def needs(self) -> tuple[str, ...]:
        """Name of the data set that it is taken from."""
        return (self.part_of,)

    @property
    def whole(self) -> str | None:
        """Name of the data set that it is a part of."""
        return self.part_of

    def describe(self) -> str:
        """Return what it is a part of."""
        return f"part of {self.part_of}"

    def steps(self, study: Whole, name: str) -> list[Step]:
        """Return what takes the frames."""
        return [taken(study, name, (self.part_of,), self.frames)]

    def check(self, study: Whole) -> None:
        """Require as many frames in the whole."""
        whole = study.data[self.part_of].count(study)
        if whole is not None and self.frames > whole:
            raise InputError(f"frames: {self.part_of} has {whole} frames, {self.frames} are asked for")

    def count(self, study: Whole) -> int | None:
        """Return the number of frames that are taken."""
        return self.frames

    def atoms(self, study: Whole) -> float | None:
        """Return its share of the atoms of the whole."""
        whole = study.data[self.part_of]
        atoms, frames = whole.atoms(study), whole.count(study)
        return atoms * self.frames / frames if atoms and frames else None

    def molecules(self, study: Whole) -> frozenset[Molecule] | None:
        """Return the molecules of the whole, which are those of a part taken by chance."""
        return study.data[self.part_of].molecules(study)
