"""A liquid of a settings file by counts, whether it is given so, by a ratio, or with a salt."""

from __future__ import annotations

from typing import Any

import pytest

from decant.foundation.errors import InputError
from decant.molecules.composition import counted, with_counts
from decant.molecules.electrolyte import Electrolyte, Solution


def test_counts_stay_what_they_are_and_so_does_everything_else() -> None:
    given = {"liquid": "EC:2,Li+:1", "temperature": 300, "density": 1.1, "unknown": [1]}
    assert with_counts(given, "") is given
    assert with_counts("no mapping", "") == "no mapping"


@pytest.mark.parametrize(
    ("more", "liquid"),
    [
        ({"molecules": 10}, "EC:3,EMC:7"),
        ({"molecules": 100, "by": "mass"}, "EC:34,EMC:66"),
        ({"molecules": 60, "by": "mass", "salt": "LiPF6", "molality": 1}, "EC:17,EMC:33,Li+:5,PF6-:5"),
        ({"molecules": 60, "by": "mass", "salt": "LiPF6", "molarity": 1, "density": 1.2}, "EC:17,EMC:33,Li+:5,PF6-:5"),
        ({"molecules": 60, "salt": "LiPF6:3,LiFSI:1", "molality": 1}, "EC:15,EMC:35,Li+:5,PF6-:4,FSI-:1"),
    ],
)
def test_a_ratio_becomes_counts_and_its_keys_are_gone(more: dict[str, Any], liquid: str) -> None:
    left = {name: value for name, value in more.items() if name == "density"}
    assert with_counts({"liquid": "EC:3,EMC:7", "temperature": 300, **more}, "") == {
        "liquid": liquid, "temperature": 300, **left
    }  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"liquid": "EC:3", "salt": "LiPF6", "molality": 1}, "one: `liquid` EC:3: give the size of the box"),
        ({"liquid": "EC:3,Li+:1", "molecules": 40}, r"one: .*have a charge of \+10 e; give ions by their `salt`"),
        ({"liquid": "EC:3", "by": "weight", "molecules": 4}, "one: `by` weight: expected mole, mass, volume"),
        ({"liquid": "EC:3", "salt": "LiPF6", "molality": 0.01, "molecules": 9}, "one: .*make it larger"),
        ({"molecules": 9}, "one: the key 'liquid' is missing"),
    ],
)
def test_what_is_no_composition_is_told_by_where_it_stands(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        with_counts(settings, "one")


def test_an_electrolyte_says_what_it_is() -> None:
    found = counted("EC:3,EMC:7", 60, Solution("mass", "LiPF6", 1.0))
    assert isinstance(found, Electrolyte) and "mol/kg LiPF6" in found.told
