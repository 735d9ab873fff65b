"""Frames of a labelled file that is there already."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from decant.foundation.files import require_file
from decant.foundation.settings import key, text
from decant.study.cells import labelled
from decant.study.cost import START
from decant.study.data_sets.base import DataSet, Whole
from decant.study.step import Step


@dataclass(frozen=True, kw_only=True)
class LabelledFile(DataSet):
    """Frames of a file.

    Attributes
    ----------
    labelled
        A labelled file in decant's form; its path counts from the folder of the study file.
    """

    source: ClassVar[str] = "labelled"
    makes_labels: ClassVar[bool] = True  # whoever made them, they were spent on this set

    labelled: str = key(text)

    def describe(self) -> str:
        """Return the path."""
        return self.labelled

    def steps(self, study: Whole, name: str) -> list[Step]:
        """Return what takes the frames over."""
        words = ("select", self.labelled, "--random", "-o", labelled(name))
        return [Step("select", name, (), labelled(name), words, START["select"])]

    def check(self, study: Whole) -> None:
        """Require the file."""
        require_file(Path(self.labelled), "labelled frames in decant's form")

    @classmethod
    def locate(cls, values: dict[str, Any], base: Path) -> None:
        """Make the path absolute."""
        values["labelled"] = str(base / values["labelled"])
