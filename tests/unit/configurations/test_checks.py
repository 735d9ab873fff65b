"""What is told of a recipe file before anything is made."""

import pytest

from decant.configurations.checks import check_drivers, check_values
from decant.foundation.errors import InputError
from decant.verbs.build import build

FINE = {"recipe": "monomer", "count": 1, "parameters": {"molecule": "EC", "hessian": "mmff94", "conformers": 1}}
BOX = {"liquid": "EC:2,EMC:4", "density": 1.0}


def liquid(**parameters):
    return {"recipe": "liquid", "count": 2, "parameters": {**BOX, **parameters}}


WRONG = [
    (liquid(liquid="EC:2,SOLV:1"), "unknown solvent 'SOLV'"),
    (liquid(density="dense"), "density: expected a number or"),
    (liquid(temperature=[400, 300]), "temperature: expected a number or"),
    (liquid(tolerance="near"), "tolerance: expected a number or"),
    (liquid(hessian="mmff"), r"hessian 'mmff' \(did you mean 'mmff94'\?\)"),
    (liquid(conformers=0), "conformers: expected a positive whole number, not 0"),
    (liquid(driver="opnff"), r"unknown method 'opnff' \(did you mean 'openff'\?\)"),
    (liquid(driver="gfn2-xtb", length="3"), "length '3'"),
    (liquid(driver="gfn2-xtb", snapshots=0), "snapshots 0: expected a positive whole number"),
    (liquid(driver="gfn2-xtb", pressure=1), "pressure 1 with driver gfn2-xtb"),
    (liquid(driver="gfn2-xtb", driver_settings={"accurac": 1}), ".* has no setting 'accurac'"),
    (liquid(driver="gfn2-xtb", driver_settings=0.8), "driver_settings: expected a mapping of names to values, not 0.8"),
    (liquid(driver_settings={"accuracy": 1}), "driver_settings with driver None: expected a reference method"),
    (liquid(salt="LiPF7", molality=1, molecules=60), "unknown salt 'LiPF7'"),
    ({"recipe": "rigid-moves", "parameters": {**BOX, "hessian": "am1"}}, "hessian 'am1'"),
    ({"recipe": "hot", "parameters": {**BOX, "driver": "opnff"}}, "unknown method 'opnff'"),
]


@pytest.mark.parametrize(("entry", "message"), WRONG)
def test_an_entry_that_cannot_be_made_is_refused_before_those_in_front_of_it_are_made(tmp_path, entry, message):
    with pytest.raises(InputError, match=f"`source`: entry 1: {message}"):
        build([FINE, entry], tmp_path / "configurations.extxyz")
    assert not list(tmp_path.iterdir())


def test_a_driver_that_does_not_know_a_molecule_is_told_before_anything_is_made(parameter_cache):
    entries = [FINE, liquid(liquid="EC:4,Li+:1,ClO4-:1", driver="openff")]
    check_values(entries, "recipes.yaml")
    with pytest.raises(InputError, match=r"^recipes\.yaml: entry 1: .* has no parameters for the bond O-Cl"):
        check_drivers(entries, "recipes.yaml")
