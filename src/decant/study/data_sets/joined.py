"""Frames of several data sets, put together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from decant.foundation.settings import key
from decant.molecules.molecule import Molecule
from decant.study.cells import labelled
from decant.study.cost import START
from decant.study.data_sets.base import DataSet, Whole
from decant.study.readers import names
from decant.study.step import Step


@dataclass(frozen=True, kw_only=True)
class Joined(DataSet):
    """Several data sets; a geometry that occurs twice is taken once.

    Attributes
    ----------
    join
        Their names.
    """

    source: ClassVar[str] = "join"

    join: tuple[str, ...] = key(names)

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the data sets that it is made of."""
        return self.join

    def describe(self) -> str:
        """Return their names as a sum."""
        return " + ".join(self.join)

    def steps(self, study: Whole, name: str) -> list[Step]:
        """Return what puts the frames together."""
        return [taken(study, name, self.join)]

    def count(self, study: Whole) -> int | None:
        """Return the sum of their frames."""
        counts = [study.data[part].count(study) for part in self.join]
        return None if None in counts else sum(count for count in counts if count is not None)

    def atoms(self, study: Whole) -> float | None:
        """Return the sum of their atoms."""
        atoms = [study.data[part].atoms(study) for part in self.join]
        return None if None in atoms else sum(number for number in atoms if number is not None)

    def molecules(self, study: Whole) -> frozenset[Molecule] | None:
        """Return the molecules of all of them."""
        found: set[Molecule] = set()
        for part in self.join:
            molecules = study.data[part].molecules(study)
            if molecules is None:
                return None
            found |= molecules
        return frozenset(found)


def taken(study: Whole, name: str, sources: tuple[str, ...], frames: int | None = None) -> Step:
    """Return what makes a data set of the frames of others: of all, or of so many by chance."""
    words = ("select", *map(labelled, sources), "--random", "--seed", study.seed, "-o", labelled(name))
    if frames:
        words = (*words, "-n", frames)
    needs = tuple(f"{study.data[source].maker}/{source}" for source in sources)
    return Step("select", name, needs, labelled(name), words, START["select"])
