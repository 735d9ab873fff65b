"""What a study knows of the frames of its recipes before they are made."""

import pytest

from decant.foundation.errors import InputError
from decant.study.cost import build_seconds
from decant.study.frames import frame_sizes

LIQUID = {"liquid": "MEOH:4", "density": 0.6}


def test_frames_are_those_that_each_recipe_tells_without_isolated_atoms():
    entries = [
        {"recipe": "atom", "parameters": {"elements": "H,C,O"}},
        {"recipe": "monomer", "count": 3, "parameters": {"molecule": "MEOH"}},
        {"recipe": "liquid", "count": 2, "parameters": LIQUID},
        {"recipe": "import", "count": 5, "parameters": {"file": "others.extxyz"}},
    ]
    found = frame_sizes(entries)
    assert [(one.count, one.molecules, one.periodic) for one in found] == [
        (3, (6.0,), False), (2, (6.0,) * 4, True), (5, (), True),
    ]  # fmt: skip


def test_an_entry_that_makes_no_sense_is_named():
    with pytest.raises(InputError, match="recipes: entry 1: unknown solvent 'MEH'"):
        frame_sizes(
            [{"recipe": "liquid", "parameters": LIQUID}, {"recipe": "monomer", "parameters": {"molecule": "MEH"}}]
        )


def test_dynamics_are_estimated_with_the_defaults_of_their_recipe():
    driven = {**LIQUID, "driver": "gfn2-xtb"}

    def seconds(recipe, **parameters):
        return build_seconds([{"recipe": recipe, "count": 8, "parameters": parameters}])

    assert seconds("hot", **driven) == seconds("hot", **driven, snapshots=2, length="1ps")
    assert seconds("liquid", **driven) == seconds("liquid", **driven, snapshots=1, length="1ps")
    single = {"molecule": "MEOH", "driver": "gfn2-xtb"}
    assert seconds("monomer", **single) == seconds("monomer", **single, length="0.2ps")
    assert seconds("monomer", **single) < seconds("monomer", **single, length="1ps")
