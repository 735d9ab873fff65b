"""A caller's mistake is answered by one clear line and exit code 2, never by a traceback."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import ase
import numpy as np
import pytest
from ase.build import molecule
from ase.io import write

Decant = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def decant(tmp_path: Path) -> Decant:
    """Run `decant` with arguments in an empty folder."""

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(Path(sys.executable).parent / "decant"), *map(str, arguments)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    return run


def assert_one_clear_line(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 2, done.stdout + done.stderr
    lines = [line for line in done.stderr.splitlines() if line.strip() and not line.startswith("decant: warning: ")]
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("decant: error: ")
    for word in words:
        assert word in lines[0], lines[0]


def water(**labels: object) -> ase.Atoms:
    atoms = molecule("H2O", cell=np.eye(3) * 10, pbc=True)
    atoms.info.update({key: value for key, value in labels.items() if not isinstance(value, np.ndarray)})
    for key, value in labels.items():
        if isinstance(value, np.ndarray):
            atoms.set_array(key, value)
    return atoms


def test_no_such_file(decant: Decant) -> None:
    assert_one_clear_line(decant("import", "nowhere.extxyz", "-o", "out.extxyz"), "nowhere.extxyz", "no such file")


def test_not_extxyz(decant: Decant, tmp_path: Path) -> None:
    (tmp_path / "letter.extxyz").write_text("Dear all,\nthis is a letter.\n")
    assert_one_clear_line(decant("import", "letter.extxyz", "-o", "out.extxyz"), "letter.extxyz")


def test_no_energy(decant: Decant, tmp_path: Path) -> None:
    write(tmp_path / "bare.extxyz", water(dft_forces=np.zeros((3, 3))))
    assert_one_clear_line(decant("import", "bare.extxyz", "-o", "out.extxyz"), "bare.extxyz", "energy")


def test_forces_of_the_wrong_shape(decant: Decant, tmp_path: Path) -> None:
    write(tmp_path / "flat.extxyz", water(dft_energy=-10.0, dft_forces=np.zeros((3, 2))))
    assert_one_clear_line(decant("import", "flat.extxyz", "-o", "out.extxyz"), "flat.extxyz", "forces")


def test_nan_in_every_frame(decant: Decant, tmp_path: Path) -> None:
    write(tmp_path / "nan.extxyz", water(dft_energy=-10.0, dft_forces=np.full((3, 3), np.nan)))
    assert_one_clear_line(decant("import", "nan.extxyz", "-o", "out.extxyz"), "nan.extxyz", "NaN")


def test_a_symbol_that_is_no_element(decant: Decant, tmp_path: Path) -> None:
    write(tmp_path / "odd.extxyz", water(dft_energy=-10.0, dft_forces=np.zeros((3, 3))))
    text = (tmp_path / "odd.extxyz").read_text().replace("\nO ", "\nQq ")
    (tmp_path / "odd.extxyz").write_text(text)
    assert_one_clear_line(decant("import", "odd.extxyz", "-o", "out.extxyz"), "odd.extxyz", "Qq")


def test_a_solvent_with_an_element_that_the_potential_does_not_know(decant: Decant, mace_potential: Path) -> None:
    done = decant("simulate", mace_potential, "--liquid", "CC#N:8", "--length", "1ps", "-o", "run")
    assert_one_clear_line(done, "--liquid", "element N")


def test_an_unknown_solvent(decant: Decant, mace_potential: Path) -> None:
    done = decant("simulate", mace_potential, "--liquid", "EMCC:8", "--length", "1ps", "-o", "run")
    assert_one_clear_line(done, "EMCC", "EMC")


def test_too_dense_a_box(decant: Decant, mace_potential: Path) -> None:
    done = decant("simulate", mace_potential, "--liquid", "EC:8", "--density", 6, "--length", "1ps", "-o", "run")
    assert_one_clear_line(done, "dens")


def test_a_corrupted_model_file(decant: Decant, mace_potential: Path, tmp_path: Path) -> None:
    copy = tmp_path / "potential"
    shutil.copytree(mace_potential, copy)
    model = copy / "model.safetensors"
    content = bytearray(model.read_bytes())
    content[-9] ^= 4
    model.write_bytes(bytes(content))
    done = decant("simulate", copy, "--liquid", "EC:8", "--length", "1ps", "-o", "run")
    assert_one_clear_line(done, "model.safetensors")


@pytest.mark.parametrize("ranks", ["0", "10000"])
def test_an_impossible_rank_count(decant: Decant, mace_potential: Path, ranks: str) -> None:
    done = decant("simulate", mace_potential, "--liquid", "EC:8", "--ranks", ranks, "--length", "1ps", "-o", "run")
    assert_one_clear_line(done, "ranks", ranks)


def test_a_misspelt_key_in_a_configuration_file(decant: Decant, tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text("liqiud: EC:8\n")
    assert_one_clear_line(decant("simulate", "--config", "run.yaml"), "run.yaml", "liqiud", "did you mean 'liquid'")
