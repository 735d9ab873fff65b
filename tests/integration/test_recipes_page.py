"""The examples of docs/recipes.md, made small."""

import re

import pytest
import yaml
from ase.io import write

from decant.configurations.base import check_entries, read_recipes, recipes
from decant.configurations.build import build
from decant.data.frames import read_frames
from decant.molecules.solvents import molecule
from tests.conftest import REPOSITORY

PAGE = (REPOSITORY / "docs" / "recipes.md").read_text(encoding="utf-8")
FAST = {"hessian": "mmff94", "conformers": 1}
DRIVEN = {"driver": "gfn1-xtb", "length": "10fs"}


def example():
    """Every entry of the page, with two frames each."""
    entries = [entry for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) for entry in yaml.safe_load(block)]
    return [{**entry, "count": 2} for entry in entries]


def small(entry):
    """An entry with quick conformers, few molecules and, where it is driven, short dynamics of a smaller molecule."""
    parameters = dict(entry["parameters"])
    if entry["recipe"] not in ("atom", "import"):
        parameters |= FAST
    if isinstance(parameters.get("molecules"), int):
        parameters["molecules"] = 4
    if "driver" in parameters:
        parameters |= DRIVEN
        parameters.pop("pressure", None)  # not kept by the method that stands for all; test_openff has it
        parameters |= (
            {"liquid": "MEOH:2", "molecules": 2, "density": 0.6} if "liquid" in parameters else {"molecule": "MEOH"}
        )
    return {**entry, "parameters": parameters}


def test_the_page_names_every_recipe_and_shows_each_in_an_example():
    shown = {entry["recipe"] for entry in example()}
    assert shown == set(recipes()) - {"active"}
    assert all(f"`{name}`" in PAGE for name in shown)
    check_entries(example(), "the page")


@pytest.fixture
def page_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write("others.extxyz", [molecule("MEOH").embed(seed) for seed in (1, 2, 3)])
    # of a run of LAMMPS: test_run_recipe
    (tmp_path / "recipes.yaml").write_text(
        yaml.safe_dump([small(entry) for entry in example() if entry["recipe"] != "run"])
    )
    return tmp_path / "recipes.yaml"


def test_the_examples_of_the_page_build(page_file):
    entries = read_recipes(page_file)
    made = [frames for _, frames in build(entries, page_file.with_name("out.extxyz"), 1)]
    frames = read_frames(page_file.with_name("out.extxyz"), labelled=False)
    assert len(frames) == sum(map(len, made)) and all(len(part) >= 2 for part in made)
    for atoms in frames:
        assert {"recipe", "parameters", "seed", "group"} <= set(atoms.info)
    scans = {"torsion", "dimer", "ion-pair", "cluster-cut", "volume-scan", "rigid-moves", "hot", "import"}
    assert all("parent" in atoms.info for atoms in frames if atoms.info["recipe"] in scans)
