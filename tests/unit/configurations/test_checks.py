"""What is told of a recipe file before anything is made."""

from pathlib import Path

import numpy as np
import pytest

from decant.configurations.base import build_entry
from decant.configurations.checks import check_known, check_values
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
    (liquid(salt="LiPF6", molality="1 mol/kg", molecules=60), "molality: expected a number, not '1 mol/kg'"),
    (liquid(salt="LiPF6", molality=[0.5, 1.0], molecules=60), r"molality: expected a number, not \[0.5, 1.0\]"),
    (liquid(salt="LiPF6", molality=True, molecules=60), "molality: expected a number, not True"),
    (liquid(salt=["LiPF6", "LiTFSI"], molality=1, molecules=60), r"salt: expected a text, not \['LiPF6', 'LiTFSI'\]"),
    (liquid(molecules="20"), "molecules: expected a whole number, not '20'"),
    (liquid(molecules=20.5), "molecules: expected a whole number, not 20.5"),
    ({**liquid(), "count": 2.5}, "count must be a positive whole number, not 2.5"),
    (liquid(pressure="1 bar", driver="gfn2-xtb"), "pressure: expected a number, not '1 bar'"),
    ({"recipe": "ion-pair", "parameters": {"salt": {"LiPF6": 1}}}, "salt: expected a text, not"),
    (
        {"recipe": "ion-pair", "parameters": {"salt": "LiPF6", "solvents": "EC,Li+"}},
        r"solvents: Li\+: expected neutral",
    ),
    ({"recipe": "ion-pair", "parameters": {"salt": "LiPF6", "pull": [3, 0]}}, r"pull: expected \[nearest, farthest\]"),
    ({"recipe": "ion-pair", "parameters": {"salt": "LiPF6", "shell": 2}}, "shell, between: of which solvents"),
    ({"recipe": "dimer", "parameters": {"molecules": "EC", "steps": 1}}, "steps 1: expected a whole number from 2 on"),
    ({"recipe": "dimer", "parameters": {"molecules": "EC", "contact": [1.2, 0.7]}}, "contact: expected"),
    ({"recipe": "torsion", "parameters": {"molecule": "EMC", "steps": 1}}, "steps 1: expected a whole number"),
    ({"recipe": "cluster-cut", "parameters": {**BOX, "cuts": 0}}, "cuts 0: expected a whole number from 1 on"),
    ({"recipe": "volume-scan", "parameters": {**BOX, "span": [1.2, 0.3]}}, r"span: expected \[lowest, highest\]"),
    ({"recipe": "rigid-moves", "parameters": {**BOX, "moves": 0}}, "moves 0: expected a whole number from 1 on"),
    ({"recipe": "mixture-grid", "parameters": {"solvents": "EC,EMC"}}, "mixture-grid: give the size of the boxes"),
    (
        {"recipe": "mixture-grid", "parameters": {"solvents": "EC", "molecules": 20}},
        "mixture-grid: expected two or more",
    ),
    ({**liquid(), "seed": "x"}, "seed must be a whole number from 0 on, not 'x'"),
    ({**liquid(), "seed": 1.7}, "seed must be a whole number from 0 on, not 1.7"),
    ({**liquid(), "seed": -1}, "seed must be a whole number from 0 on, not -1"),
    (liquid(temperature=[[1], 300]), "temperature: expected a number or"),
    (liquid(driver=False), r"driver: expected a text, not False \(YAML takes no, off, yes and on for truth values"),
    (
        {"recipe": "monomer", "parameters": {"molecule": False}},
        "molecule: expected a text, not False .*: quote the name",
    ),
    ({"recipe": "monomer", "parameters": {"molecule": "EC", "box": "20"}}, "box: expected a number, not '20'"),
    ({"recipe": "atom", "parameters": {"elements": ["H", "C", False]}}, "expected names, not False .*: quote the name"),
    ({"recipe": "atom", "parameters": {"elements": "H C O"}}, "elements: unknown element 'H C O'"),
    ({"recipe": "dimer", "parameters": {"molecules": []}}, "expected at least one name"),
    ({"recipe": "rigid-moves", "parameters": {**BOX, "closest": float("nan")}}, "closest: expected a number, not nan"),
    ({"recipe": "import", "parameters": {"file": "x.xyz", "labels": "no"}}, "labels: expected true or false, not 'no'"),
    ({"recipe": "import", "parameters": {"file": 3}}, "file: expected a text, not 3"),
    (
        {"recipe": "import", "parameters": {"file": "x.xyz", "forces_sign": "-1"}},
        "forces_sign: expected a whole number",
    ),
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
        check_known(entries, "recipes.yaml")


def test_a_method_that_does_not_know_a_molecule_is_told_before_anything_is_labelled(parameter_cache):
    entries = [FINE, liquid(liquid="EC:4", salt="LiClO4", molality=1, molecules=40)]
    check_known(entries, "recipes.yaml")
    with pytest.raises(InputError, match=r"^recipes\.yaml: entry 1: .* has no parameters for the bond O-Cl"):
        check_known(entries, "recipes.yaml", "openff")


def test_a_whole_number_is_one_however_it_is_written_and_a_path_is_a_text():
    written = build_entry({"recipe": "monomer", "count": 2.0, "seed": np.int64(3), "parameters": {
        "molecule": "EC", "hessian": "mmff94", "conformers": np.int64(1), "box": np.float32(30),
    }}, 0, 0)  # fmt: skip
    plain = build_entry({"recipe": "monomer", "count": 2, "seed": 3, "parameters": {
        "molecule": "EC", "hessian": "mmff94", "conformers": 1, "box": 30.0,
    }}, 0, 0)  # fmt: skip
    assert written == plain
    check_values([liquid(molecules=2e1), liquid(atoms=1e3)], "recipes.yaml")
    missing = {"recipe": "import", "parameters": {"file": Path("x.xyz"), "energy_limit": np.inf, "energy_unit": None}}
    check_values([missing], "recipes.yaml")
