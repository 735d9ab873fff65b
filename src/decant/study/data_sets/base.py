"""What every kind of data set of a study says of itself: what it is made of, its jobs, its frames, its molecules."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

from decant.foundation.settings import key, text
from decant.molecules.molecule import Molecule
from decant.study.readers import truth
from decant.study.step import Step


class Whole(Protocol):
    """What a data set may ask of the study that it is part of."""

    @property
    def data(self) -> Mapping[str, DataSet]:
        """The data sets of the study by name."""

    @property
    def method(self) -> str:
        """Reference method of the labels."""

    @property
    def method_settings(self) -> Mapping[str, Any] | None:
        """Settings of the method; None for its defaults."""

    @property
    def seed(self) -> int:
        """Seed of what the study draws."""

    def cores_of(self, kind: str, algorithm: str | None = None) -> int:
        """Return the cores of a job of a kind."""


@dataclass(frozen=True, kw_only=True)
class DataSet(ABC):
    """A data set; a kind of them adds its own settings, and answers by its own nature.

    A new kind is a file beside this one and a line in `decant.study.data_sets.registry`.

    Attributes
    ----------
    source
        The key of the study file that tells this kind: where its frames come from.
    partner
        Another key that must come with `source`; None for none.
    maker
        Kind of the job that makes its labelled file.
    makes_labels
        Whether labels are made for it; otherwise its frames bring theirs along.
    kind
        What the set is to the report: for example "simple", "human-designed", "automatic", "learning curve".
    against
        Name of the fitted data set that the report holds it against; None for the one that it extends.
    fit
        Whether potentials are fitted to it; False for one that is only part of others.
    """

    source: ClassVar[str]
    partner: ClassVar[str | None] = None
    maker: ClassVar[str] = "select"
    makes_labels: ClassVar[bool] = False

    kind: str = key(text, "")
    against: str | None = key(text, None)
    fit: bool = key(truth, True)

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the data sets that it is made of."""
        return ()

    @property
    def whole(self) -> str | None:
        """Name of the data set that it is a part of; None if it is no part."""
        return None

    @property
    def extends(self) -> tuple[str, ...]:
        """Names of the data sets all of whose frames it has."""
        return () if self.whole else self.needs

    @property
    def collector(self) -> str | None:
        """The algorithm whose active learning collected frames for it; None if none did."""
        return None

    @abstractmethod
    def describe(self) -> str:
        """Return in a few words where its frames come from."""

    @abstractmethod
    def steps(self, study: Whole, name: str) -> list[Step]:
        """Return the commands that make its labelled file, in order."""

    def inputs(self, study: Whole, name: str) -> dict[Path, Any]:
        """Return the content of the files, by path, that its commands read beside what other commands made."""
        return {}

    def check(self, study: Whole) -> None:
        """Check what it names against what there is.

        Raises
        ------
        InputError
            If something does not exist or does not go with the others.
        """
        return

    def count(self, study: Whole) -> int | None:
        """Return the most frames that it can have, isolated atoms left out; None where only running it tells."""
        return None

    def atoms(self, study: Whole) -> float | None:
        """Return the most atoms that all its frames can have together; None where only running it tells."""
        return None

    def molecules(self, study: Whole) -> frozenset[Molecule] | None:
        """Return the molecules that its frames hold; None where only the frames tell."""
        return None

    @classmethod
    def locate(cls, values: dict[str, Any], base: Path) -> None:
        """Make the paths among its values, as the study file has them, absolute; relative ones count from `base`."""
        return

    def size(self, study: Whole) -> str:
        """Return in words how many frames it has."""
        frames = self.count(study)
        return "frames" if frames is None else f"{frames} frames"
