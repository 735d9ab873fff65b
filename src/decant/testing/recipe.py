"""What must be true of a recipe that decant is to build configurations with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import yaml
from ase import Atoms

from decant.configurations.base import build_entry, find_recipe, read_recipes
from decant.configurations.describe import describe
from decant.data.charges import settled, species_of_frames
from decant.data.frames import read_frames, write_frames
from decant.data.isolated import is_isolated
from decant.data.stated_charge import stated
from decant.foundation.errors import InputError

Entry = dict[str, Any]


class RecipeConformance:
    """A recipe is found, described and checked, and makes the same frames in the house form of the same seed.

    A subclass whose name begins with ``Test`` says which recipe, with parameters that take seconds.

    Attributes
    ----------
    name
        The recipe's.
    parameters
        Of the frames that the tests build.
    count
        How many of them.
    senseless
        Parameters that take the place of those above and must be refused.
    random
        Whether another seed makes other frames.
    """

    name: ClassVar[str]
    parameters: ClassVar[Mapping[str, Any]] = {}
    count: ClassVar[int] = 3
    senseless: ClassVar[Mapping[str, Any]] = {}
    random: ClassVar[bool] = True

    @classmethod
    def entry(cls, **more: Any) -> Entry:
        """Return an entry of a recipe file."""
        return {"recipe": cls.name, "count": cls.count, "parameters": {**cls.parameters, **more}}

    @pytest.fixture(scope="class")
    @classmethod
    def frames(cls) -> list[Atoms]:
        """Configurations of the parameters, made once."""
        return build_entry(cls.entry(), 0, 1)

    def test_it_is_found_by_its_name(self) -> None:
        assert find_recipe(self.name).name == self.name

    def test_it_says_what_it_makes_what_for_and_what_each_parameter_means(self) -> None:
        described = describe(find_recipe(self.name))
        assert described.makes, "the docstring of the class says in its first line what the recipe makes"
        assert described.good_for.startswith("Good for"), "and in a paragraph that begins with 'Good for' what for"
        silent = [parameter.name for parameter in described.parameters if not parameter.text]
        assert not silent, f"the docstring of build says nothing of {', '.join(silent)}"

    def test_it_makes_as_many_frames_as_asked_for(self, frames: list[Atoms]) -> None:
        assert len(frames) == self.count

    def test_every_atom_of_every_frame_lies_somewhere_and_belongs_to_a_molecule(self, frames: list[Atoms]) -> None:
        for atoms in frames:
            assert np.isfinite(atoms.positions).all() and np.isfinite(atoms.cell.array).all()
            assert atoms.arrays["mol_id"].shape == (len(atoms),) and atoms.arrays["mol_id"].dtype.kind == "i"
            assert abs(atoms.cell.volume) > 0 or not atoms.pbc.any(), "periodic, and without a cell"

    def test_frames_carry_what_they_were_made_of(self, frames: list[Atoms]) -> None:
        for atoms in frames:
            assert atoms.info["recipe"] == self.name
            assert isinstance(atoms.info["group"], str)
            assert json.loads(atoms.info["parameters"].replace("'", '"')) == self.entry()["parameters"]

    def test_the_charge_of_a_frame_is_that_of_its_molecules(self, frames: list[Atoms]) -> None:
        bulk = [atoms for atoms in frames if not is_isolated(atoms)]
        for atoms, species in zip(bulk, species_of_frames(bulk), strict=True):
            settled(atoms, stated(atoms.info, {}, len(atoms)), species)

    def test_frames_are_the_same_after_they_were_written_and_read(self, frames: list[Atoms], tmp_path: Path) -> None:
        write_frames(tmp_path / "frames.extxyz", frames)
        for one, other in zip(frames, read_frames(tmp_path / "frames.extxyz", labelled=False), strict=True):
            np.testing.assert_allclose(other.positions, one.positions, atol=1e-7)
            np.testing.assert_allclose(other.cell.array, one.cell.array, atol=1e-7)
            assert (other.arrays["mol_id"] == one.arrays["mol_id"]).all()
            assert {key: str(value) for key, value in other.info.items()} == {
                key: str(value) for key, value in one.info.items()
            }

    def test_the_same_seed_makes_the_same_frames(self, frames: list[Atoms]) -> None:
        again = build_entry(self.entry(), 0, 1)
        assert all(_same(one, other) for one, other in zip(frames, again, strict=True))

    def test_another_seed_makes_other_frames(self, frames: list[Atoms]) -> None:
        other = build_entry(self.entry(), 0, 2)
        assert any(not _same(one, two) for one, two in zip(frames, other, strict=True)) == self.random

    def test_a_parameter_that_there_is_not_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "recipes.yaml").write_text(yaml.safe_dump([self.entry(no_such_parameter=1)]))
        with pytest.raises(InputError, match=r"entry 0: .* has no parameter 'no_such_parameter'"):
            read_recipes(tmp_path / "recipes.yaml")

    def test_a_value_that_makes_no_sense_is_refused(self) -> None:
        assert self.senseless, "`senseless`: name a parameter with a value that must be refused"
        for name, value in self.senseless.items():
            with pytest.raises(InputError):
                build_entry(self.entry(**{name: value}), 0, 1)


def _same(one: Atoms, other: Atoms) -> bool:
    return (
        one.get_chemical_symbols() == other.get_chemical_symbols()
        and np.allclose(one.positions, other.positions, rtol=0, atol=1e-6)
        and np.allclose(one.cell.array, other.cell.array, rtol=0, atol=1e-6)
    )
