"""Ions from a recipe to a label, by the command line: the charge of each frame is that of its molecules."""

from __future__ import annotations

import numpy as np
import pytest
import yaml
from ase import Atoms
from ase.units import Bohr, Hartree

from decant.data.frames import read_frames
from decant.data.inspect import as_text, inspect, read_parts
from decant.data.isolated import is_isolated
from decant.labels.registry import labeler
from decant.labels.tblite import METHODS
from tests.integration.conftest import run_decant

RECIPES = [
    {
        "recipe": "cluster", "count": 6, "seed": 2,
        "parameters": {
            "molecules": "[Li+],EC", "size": [2, 3], "contact": [0.8, 1.0], "hessian": "mmff94", "conformers": 1
        },
    },
    {"recipe": "monomer", "count": 1, "parameters": {"molecule": "[CH3]", "hessian": "gfn1-xtb", "conformers": 1}},
    {"recipe": "monomer", "count": 1, "parameters": {"molecule": "Li+"}},
]  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """File of clusters of Li+ and EC of several charges, a radical and an ion alone."""
    folder = tmp_path_factory.mktemp("ions")
    (folder / "recipes.yaml").write_text(yaml.safe_dump(RECIPES))
    run_decant("build", folder / "recipes.yaml", "-o", folder / "built.extxyz", "--seed", 1)
    return folder / "built.extxyz"


def direct(method: str, atoms: Atoms, charge: int, unpaired: int) -> float:
    """Return what tblite says of a frame, eV, called without decant."""
    from tblite.interface import Calculator

    calculator = Calculator(METHODS[method], atoms.numbers, atoms.positions / Bohr, charge=charge, uhf=unpaired)
    calculator.set("verbosity", 0)
    calculator.set("accuracy", 0.1)
    return float(calculator.singlepoint().get("energy")) * Hartree


@pytest.mark.parametrize("method", ["gfn1-xtb", "gfn2-xtb"])
def test_every_frame_of_a_recipe_is_labelled_with_the_charge_of_its_molecules(built, method, tmp_path):
    run_decant("label", built, "-o", tmp_path / "l.extxyz", "--method", method, "--jobs", 1, "--molecules")
    frames = [atoms for atoms in read_frames(tmp_path / "l.extxyz") if not is_isolated(atoms)]
    charges = [int((atoms.symbols == "Li").sum()) for atoms in frames]
    assert len(frames) == 8 and {0, 1, 2} <= set(charges)
    for atoms, charge in zip(frames, charges, strict=True):
        radical = str(atoms.symbols) == "CH3"
        assert (atoms.info["charge"], atoms.info["spin"]) == (charge, 2 if radical else 1)
        assert f"charge={float(charge)}" in atoms.info["label_settings"]
        assert atoms.info["REF_energy"] == pytest.approx(direct(method, atoms, charge, int(radical)), abs=1e-5)
        lone = sum(
            direct(
                method, atoms[atoms.arrays["mol_id"] == label], *((1, 0) if str(part) == "Li" else (0, int(radical)))
            )
            for label in np.unique(atoms.arrays["mol_id"])
            for part in [atoms.symbols[atoms.arrays["mol_id"] == label]]
        )
        assert atoms.info["REF_intra_energy"] == pytest.approx(lone, abs=1e-5)
    assert "charges: " in as_text(inspect(read_parts(tmp_path / "l.extxyz")))
    run_decant("import", tmp_path / "l.extxyz", "-o", tmp_path / "i.extxyz")
    again = [atoms for atoms in read_frames(tmp_path / "i.extxyz") if not is_isolated(atoms)]
    assert [atoms.info["charge"] for atoms in again] == charges


def test_an_ase_calculator_gives_the_same_energies_of_ions(built):
    method, ours = labeler("ase:tblite.ase.TBLite", {"verbosity": 0, "accuracy": 0.1}), labeler("gfn2-xtb")
    for atoms in read_frames(built, labelled=False)[-4:]:
        assert method.label(atoms).energy == pytest.approx(ours.label(atoms).energy, abs=1e-5)


def test_a_charge_of_one_frame_that_somebody_changed_is_a_reject(built, tmp_path):
    frames = read_frames(built, labelled=False)
    number = next(index for index, atoms in enumerate(frames) if atoms.info["charge"] == 1 and len(atoms) > 1)
    text = built.read_text().splitlines()
    line = [index for index, row in enumerate(text) if "Properties=" in row][number]
    text[line] = text[line].replace("charge=1 ", "charge=0 ")
    (tmp_path / "changed.extxyz").write_text("\n".join(text) + "\n")
    done = run_decant("label", tmp_path / "changed.extxyz", "-o", tmp_path / "l.extxyz", "--jobs", 1, "--no-atoms")
    assert f"frame {number}: charge 0 ('charge') differs from that of its molecules, +1 ([Li+])" in done.stdout
    assert len(read_frames(tmp_path / "l.extxyz")) == len(frames) - 1


def test_one_charge_for_a_mixed_file_is_refused_before_anything_is_computed(built, tmp_path):
    words = ("label", built, "-o", tmp_path / "l.extxyz", "--jobs", 1, "--set", "charge=1")
    done = run_decant(*words, expect=2)
    assert "is set to 1: each frame is labelled with its own" in done.stderr
    assert not (tmp_path / "l.extxyz").exists() and not (tmp_path / "l.extxyz.journal").exists()
