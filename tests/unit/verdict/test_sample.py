"""Samples of a liquid: every kind of molecule is in them, at the size asked for."""

from __future__ import annotations

import pytest

from decant.configurations.base import check_entries
from decant.foundation.errors import InputError
from decant.molecules.liquid import composition_name
from decant.verdict.sample import composition, recipes, with_counts


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("DME", "DME:1"),
        ("EC:1,DME", "EC:1,DME:1"),
        ("EC:0.3, EMC:0.7", "EC:0.3,EMC:0.7"),
        ("COCCOC", "COCCOC:1"),
        ("C[C:1]O", "C[C:1]O:1"),
    ],
)
def test_a_name_without_a_number_counts_once(text: str, counted: str) -> None:
    assert with_counts(text) == counted


@pytest.mark.parametrize(
    ("liquid", "atoms", "box"),
    [
        ("DME:1", 64, "DME:4"),
        ("EC:2,EMC:4", 200, "EC:5,EMC:10"),
        ("DME:1", 1, "DME:2"),
        ("EC:1,WATER:9", 20, "EC:1,WATER:9"),
    ],
)
def test_a_box_has_the_size_asked_for_and_one_molecule_of_every_kind(liquid: str, atoms: int, box: str) -> None:
    assert composition_name(composition(liquid, atoms)) == box


def test_a_liquid_too_dilute_for_a_small_box_is_refused() -> None:
    with pytest.raises(InputError, match="has 1001; give a less dilute one"):
        composition("EC:1,EMC:1000", 64)


def test_recipes_ask_for_molecules_boxes_and_twice_as_many_pairs() -> None:
    entries = recipes("EC:1,DME:1", 8, 298.0)
    check_entries(entries, "recipes")
    assert [(entry["recipe"], entry["count"]) for entry in entries] == [
        ("monomer", 4), ("monomer", 4), ("cluster", 16), ("liquid", 8),
    ]  # fmt: skip
