"""Each kind of data set says of itself what it is made of, how many frames and which molecules it has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from decant.foundation.errors import InputError
from decant.study.data_sets.joined import Joined
from decant.study.data_sets.labelled_file import LabelledFile
from decant.study.data_sets.learned import Learned
from decant.study.data_sets.part import Part
from decant.study.data_sets.recipes import FromRecipes
from decant.study.data_sets.registry import KEYS, KINDS, SOURCES, read_data_set
from decant.study.frames import frame_sizes
from decant.study.study import Study
from decant.study.study_file import read_study
from tests.unit.study.test_study import LIQUID, changed, written


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return read_study(written(tmp_path, changed(data__own={"labelled": "own.extxyz", "fit": False})))


def test_the_key_that_tells_where_frames_come_from_tells_the_kind(study: Study) -> None:
    assert {name: type(data) for name, data in study.data.items()} == {
        "liquid": FromRecipes, "two": Part, "both": Joined, "active": Learned, "own": LabelledFile,
    }  # fmt: skip
    assert set(SOURCES.values()) == set(KINDS) and len(set(KEYS)) == len(KEYS)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "x: expected exactly one of recipes, labelled, join, part_of, learn, not none"),
        ({"labelled": "a", "join": ["b"]}, "x: expected exactly one of .*, not labelled and join"),
        ({"part_of": "a"}, "x: 'part_of' and 'frames' belong together"),
        ({"labelled": "a", "frames": 3}, "x: 'part_of' and 'frames' belong together"),
        ({"learn": {}}, "x: 'learn' and 'start' belong together"),
        ({"part_of": "a", "frames": 0}, "x: frames: expected a whole number from 1 on, not 0"),
        ({"labelled": None}, "x: labelled: expected a text, not None"),
        ({"recipes": []}, "x: recipes: expected a list of recipes"),
        ({"recipe": []}, "x: unknown key 'recipe' .*expected recipes, labelled, join, part_of, learn, frames, start, "
                         "kind, against, fit"),
        ([], "x: expected a mapping with the keys recipes, "),
    ],
)  # fmt: skip
def test_a_data_set_is_of_one_kind_with_the_keys_of_that_kind(values: Any, said: str) -> None:
    with pytest.raises(InputError, match=f"^{said}"):
        read_data_set(values, "x")


def test_it_knows_what_it_is_made_of(study: Study) -> None:
    assert {name: data.needs for name, data in study.data.items()} == {
        "liquid": (), "two": ("liquid",), "both": ("liquid", "two"), "active": ("two",), "own": (),
    }  # fmt: skip
    assert {name: data.extends for name, data in study.data.items() if data.extends} == {
        "both": ("liquid", "two"), "active": ("two",),
    }  # fmt: skip
    assert {name: data.whole for name, data in study.data.items() if data.whole} == {"two": "liquid"}
    assert {name for name, data in study.data.items() if data.makes_labels} == {"liquid", "active", "own"}
    assert {name for name, data in study.data.items() if data.collector} == {"active"}


def test_it_says_how_many_frames_it_has_and_where_they_come_from(study: Study) -> None:
    assert {name: (data.size(study), data.describe()) for name, data in study.data.items()} == {
        "liquid": ("4 frames", "liquid, atom"),
        "two": ("2 frames", "part of liquid"),
        "both": ("6 frames", "liquid + two"),
        "active": ("frames as collected", "collected by deepmd from two"),
        "own": ("frames", str(study.data["own"].labelled)),  # type: ignore[attr-defined]
    }


def test_it_says_how_many_atoms_its_frames_have_at_most(study: Study) -> None:
    box = sum(one.atoms for one in frame_sizes([LIQUID]))
    atoms = {name: data.atoms(study) for name, data in study.data.items()}
    collected = 4 * 50 * 10  # generations that collect, frames of each at most, atoms of EC
    assert atoms == {"liquid": 4 * box, "two": 2 * box, "both": 6 * box, "active": 2 * box + collected, "own": None}


def test_the_last_of_its_commands_makes_its_labelled_file(study: Study) -> None:
    for name, data in study.data.items():
        steps = data.steps(study, name)
        assert steps[-1].output == Path("data", name, "labelled.extxyz")
        assert steps[-1].name == f"{data.maker}/{name}"
        for needed in data.needs:
            assert f"{study.data[needed].maker}/{needed}" in steps[-1].needs


def test_it_knows_its_molecules_where_the_study_names_them(tmp_path: Path) -> None:
    alone = {"recipe": "monomer", "parameters": {"molecule": "VC"}}
    cluster = {"recipe": "cluster", "parameters": {"molecules": "DMC,DEC", "size": 2}}
    sizes = {"recipe": "liquid-grid", "parameters": {"solvents": ["PC"], "molecules": 8}}
    study = read_study(
        written(
            tmp_path,
            changed(
                data__liquid={"recipes": [LIQUID, cluster, sizes, alone]},
                data__active__learn__states=[{"liquid": "FEC:3", "temperature": 300, "length": "1ps"}],
                data__own={"labelled": "own.extxyz"},
                data__mixed={"join": ["own", "liquid"]},
                data__imported={"recipes": [{"recipe": "import", "parameters": {"file": "own.extxyz"}}]},
            ),
        )
    )  # fmt: skip
    found = {name: data.molecules(study) for name, data in study.data.items()}
    names = {name: {one.name for one in molecules} for name, molecules in found.items() if molecules is not None}
    liquid = {"EC", "EMC", "DMC", "DEC", "PC", "VC"}
    assert names == {"liquid": liquid, "two": liquid, "both": liquid, "active": {*liquid, "FEC"}}
