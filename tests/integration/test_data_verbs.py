"""The data verbs as a user runs them."""

import subprocess
import sys

import pytest

from decant.data.frames import read_frames
from decant.data.isolated import is_isolated

WATER = """3
Properties=species:S:1:pos:R:3:forces:R:3 energy=-14
O 0 0 0 0 0 0
H 0.96 0 0 0 0 0
H -0.24 0.93 0 0 0 0
"""
IMPORT = ("import", "a.extxyz", "-o", "o.extxyz")
BUILD = ("build", "a.extxyz", "-o", "o.extxyz")


def decant(folder, *arguments):
    code = "from decant.cli.main import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )


def test_dft_boxes_are_imported_and_split(shared_data, tmp_path):
    source = shared_data / "ec-emc-dft" / "ec-emc-dft.extxyz"
    run = decant(tmp_path, "import", str(source), "-o", "data/all.extxyz")
    assert run.returncode == 0, run.stderr
    # with frame 144, 900 K, which README calls dissociated: a C-H bond of it is 1.30 A long, and nothing else is near
    assert "EC:4,EMC:8 200" in run.stdout and "left out: 0 frames" in run.stdout
    run = decant(tmp_path, "split", "data/all.extxyz", "-o", "data/")
    assert run.returncode == 0, run.stderr
    parts = [read_frames(tmp_path / f"data/{name}.extxyz") for name in ("train", "valid", "test")]
    assert [sum(not is_isolated(atoms) for atoms in part) for part in parts] == [160, 20, 20]
    temperatures = [{atoms.info["temperature"] for atoms in part if not is_isolated(atoms)} for part in parts]
    assert temperatures[0] == temperatures[1] == temperatures[2]


def test_a_small_data_set_is_built_labelled_and_split(tmp_path):
    (tmp_path / "recipes.yaml").write_text(
        """
- {recipe: atom, parameters: {elements: "H,O"}}
- {recipe: monomer, count: 4, parameters: {molecule: WATER, temperature: [200, 600]}}
- {recipe: cluster, count: 4, parameters: {molecules: WATER, size: [2, 3]}}
- {recipe: liquid, count: 2, parameters: {liquid: "WATER:6", density: [0.7, 1.0], tolerance: 1.8}}
"""
    )
    for arguments in (
        ("build", "recipes.yaml", "-o", "configurations.extxyz"),
        ("label", "configurations.extxyz", "-o", "labelled.extxyz", "--jobs", "2"),
        ("split", "labelled.extxyz", "-o", "data"),
    ):
        run = decant(tmp_path, *arguments)
        assert run.returncode == 0, run.stderr
    train = read_frames(tmp_path / "data" / "train.extxyz")
    assert [str(atoms.symbols) for atoms in train if is_isolated(atoms)] == ["H", "O"]
    assert len(read_frames(tmp_path / "labelled.extxyz")) == 12


def test_solvents_are_listed(tmp_path):
    run = decant(tmp_path, "solvents")
    assert run.returncode == 0
    lines = run.stdout.splitlines()
    assert any(line.split()[:2] == ["EMC", "C4H8O3"] for line in lines)
    assert any(
        line.split() == ["EC", "0.336,", "EMC", "0.664", "298.15", "1.0948", "-", "-", "Wang2022"] for line in lines
    )
    assert any(line.startswith("Wang2022 ") and "doi:10.1016/j.xcrp.2022.101047" in line for line in lines)


def test_recipes_are_listed_and_one_is_shown_in_full(tmp_path):
    every, one = decant(tmp_path, "recipes"), decant(tmp_path, "recipes", "volume-scan")
    assert every.returncode == one.returncode == 0, every.stderr + one.stderr
    assert {"monomer", "torsion", "dimer", "volume-scan", "import"} <= set(every.stdout.splitlines())
    assert "span ([0.05, 1.25]): Lowest and highest density" in one.stdout and "parameters of liquid" in one.stdout


@pytest.mark.parametrize(
    ("content", "arguments", "message"),
    [
        (None, ("recipes", "volume-scam"), "unknown recipe 'volume-scam' (did you mean 'volume-scan'?)"),
        ("- {recipe: dimer, parameters: {molecules: 'C1CC'}}", BUILD, "expected a name listed by 'decant solvents' or"),
        (None, ("import", "none.extxyz", "-o", "o.extxyz"), "none.extxyz: no such file"),
        ("not a frame\n", IMPORT, "line 1: expected the number of atoms"),
        (WATER.replace("energy=-14", "charge=0"), IMPORT, "no energy in any frame"),
        (WATER.replace("forces:R:3", "forces:R:2"), IMPORT, "have shape (3, 2)"),
        (WATER.replace("0.96", "nan"), IMPORT, "positions are not finite (NaN"),
        (WATER.replace("O 0", "Qq 0"), IMPORT, "unknown element 'Qq'"),
        (WATER, ("split", "a.extxyz", "-o", "data"), "a.extxyz: frame 0: no column mol_id"),
        ("- {recipe: monomer, parameters: {molecule: EMCC}}", BUILD, "unknown solvent 'EMCC'"),
        ("- {recipe: liquid, parameters: {liquid: 'EC:2', density: 5, hessian: mmff94}}", BUILD, "too dense"),
    ],
)  # fmt: skip
def test_a_bad_input_is_answered_by_one_line_and_exit_code_2(tmp_path, content, arguments, message):
    if content is not None:
        (tmp_path / "a.extxyz").write_text(content)
    run = decant(tmp_path, *arguments)
    assert run.returncode == 2
    (line,) = [line for line in run.stderr.splitlines() if not line.startswith("build:")]
    assert line.startswith("decant: error: ") and message in line
    assert not (tmp_path / "o.extxyz").exists()
