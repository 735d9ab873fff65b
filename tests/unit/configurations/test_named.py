"""Which molecules recipes name."""

import pytest

from decant.configurations.named import molecules_of

SALTED = {"liquid": "EC:3,EMC:7", "by": "mass", "salt": "LiPF6", "molality": 1.0, "molecules": 60, "density": 1.2}


@pytest.mark.parametrize(
    ("recipe", "parameters", "named"),
    [
        ("liquid", {"liquid": "EC:2,EMC:4", "density": 1.0}, {"EC", "EMC"}),
        ("liquid", SALTED, {"EC", "EMC", "Li+", "PF6-"}),
        ("ion-pair", {"salt": "NaCl", "solvents": "EC"}, {"EC", "Na+", "Cl-"}),
        ("cluster", {"molecules": ["Li+", "EC"]}, {"EC", "Li+"}),
        ("monomer", {"molecule": "DMC"}, {"DMC"}),
        ("mixture-grid", {"solvents": "EC,EMC", "molecules": 8}, {"EC", "EMC"}),
    ],
)
def test_a_recipe_names_its_solvents_and_the_ions_of_its_salt(recipe, parameters, named):
    assert {kind.name for kind in molecules_of([{"recipe": recipe, "parameters": parameters}])} == named


def test_nothing_is_told_of_frames_that_come_from_files():
    assert molecules_of([{"recipe": "import", "parameters": {"file": "frames.extxyz"}}]) is None
