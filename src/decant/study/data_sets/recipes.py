"""Frames that recipes make, labelled by the study's method; the test set is made in this way, too."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from decant.configurations.checks import check_known
from decant.configurations.named import molecules_of
from decant.foundation.settings import key
from decant.molecules.molecule import Molecule
from decant.study.cells import TEST, configurations, labelled, set_input
from decant.study.cost import build_seconds, label_seconds
from decant.study.data_sets.base import DataSet, Whole
from decant.study.frames import frame_sizes
from decant.study.paths import locate_recipes
from decant.study.readers import entries
from decant.study.step import Step


@dataclass(frozen=True, kw_only=True)
class FromRecipes(DataSet):
    """Frames of recipes.

    Attributes
    ----------
    recipes
        Entries of a recipe file; the frames are labelled by the study's method.
    """

    source: ClassVar[str] = "recipes"
    maker: ClassVar[str] = "label"
    makes_labels: ClassVar[bool] = True

    recipes: tuple[dict[str, Any], ...] = key(entries)

    def describe(self) -> str:
        """Return the names of the recipes."""
        return ", ".join(dict.fromkeys(str(entry["recipe"]) for entry in self.recipes))

    def steps(self, study: Whole, name: str) -> list[Step]:
        """Return what builds and labels the frames."""
        return recipe_steps(study, name, self.recipes, molecules=name == TEST)

    def inputs(self, study: Whole, name: str) -> dict[Path, Any]:
        """Return the recipe file."""
        return {set_input(name): list(self.recipes)}

    def check(self, study: Whole) -> None:
        """Check the recipes, their parameters, and that drivers and the study's method know their molecules."""
        frame_sizes(self.recipes)
        check_known(self.recipes, "recipes", study.method)

    def count(self, study: Whole) -> int | None:
        """Return the number of frames that the recipes make."""
        return sum(one.count for one in frame_sizes(self.recipes))

    def atoms(self, study: Whole) -> float | None:
        """Return the atoms of all frames; None where a recipe does not tell."""
        sizes = frame_sizes(self.recipes)
        return sum(one.count * one.atoms for one in sizes) if all(one.atoms for one in sizes) else None

    def molecules(self, study: Whole) -> frozenset[Molecule] | None:
        """Return the molecules of the recipes; None where the parameters of one do not name them."""
        return molecules_of(self.recipes)

    @classmethod
    def locate(cls, values: dict[str, Any], base: Path) -> None:
        """Make the paths among the parameters of the recipes absolute."""
        locate_recipes(values["recipes"], base)


def recipe_steps(study: Whole, name: str, recipes: Sequence[dict[str, Any]], molecules: bool = False) -> list[Step]:
    """Return what builds and labels the frames of recipes.

    Parameters
    ----------
    study
        The study.
    name
        A data set, or `decant.study.cells.TEST`.
    recipes
        Entries of a recipe file.
    molecules
        Label each molecule alone as well.
    """
    frames, cores = configurations(name), study.cores_of("label")
    build: tuple[object, ...] = ("build", set_input(name), "-o", frames, "--seed", _seed(study, name))
    label: tuple[object, ...] = ("label", frames, "-o", labelled(name), "--method", study.method, "--jobs", cores)
    for setting, value in (study.method_settings or {}).items():
        label = (*label, "--set", f"{setting}={json.dumps(value)}")
    if molecules:
        label = (*label, "--molecules")
    seconds = label_seconds(recipes, study.method, cores, molecules)
    return [
        Step("build", name, (), frames, build, build_seconds(recipes)),
        Step("label", name, (f"build/{name}",), labelled(name), label, seconds),
    ]


def _seed(study: Whole, name: str) -> int:
    """Return a seed of the configurations of a set, so that sets made by the same recipe differ."""
    return study.seed + 1000 * (zlib.crc32(name.encode()) % 100_000)
