"""A fit that cannot be, or that failed, says so, and leaves nothing that an export would take."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from decant.data.frames import ISOLATED, read_frames, write_frames
from decant.foundation.files import read_yaml
from decant.testing.frames import labelled
from tests.integration.conftest import TINY, run_decant

# steps that throw the weights to where nothing is a number any more
TOO_LARGE = {"mace": "--set=lr=1e30", "deepmd": "--set=learning_rate.start_lr=1e300"}


@pytest.mark.parametrize("algorithm", ["mace", "deepmd"])
def test_a_training_that_diverges_has_failed_and_is_not_exported(
    algorithm: str, tiny_dataset: Path, tmp_path: Path
) -> None:
    words = ("fit", algorithm, tiny_dataset, "-o", tmp_path / "m", "--preset", "quick", *TINY[algorithm])
    said = run_decant(*words, TOO_LARGE[algorithm], expect=1).stderr
    assert "are not numbers, the training has diverged; try a smaller learning rate" in said
    assert read_yaml(tmp_path / "m" / "fit.yaml")["state"] != "finished"
    assert not list((tmp_path / "m").glob("model.*"))
    assert "its fit is not finished" in run_decant("export", tmp_path / "m", "-o", tmp_path / "p", expect=2).stderr


@pytest.fixture
def dataset(tiny_dataset: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    shutil.copytree(tiny_dataset, folder)
    return folder


def test_the_isolated_atom_of_an_element_that_no_frame_has_is_left_out(dataset: Path, tmp_path: Path) -> None:
    atom = Atoms("N")
    atom.info["config_type"] = ISOLATED
    atom.set_array("mol_id", np.zeros(1, dtype=int))
    frames = read_frames(dataset / "train.extxyz")
    write_frames(dataset / "train.extxyz", [*frames, labelled(atom, "atom-N", "atom")])
    words = ("fit", "mace", dataset, "-o", tmp_path / "m", "--preset", "quick", *TINY["mace"][1:], "--max-epochs=1")
    said = run_decant(*words, "--no-evaluate").stderr
    assert "train.extxyz: the isolated atom of N is left out: no frame has the element" in said
    assert read_yaml(tmp_path / "m" / "fit.yaml")["data"]["elements"] == ["H", "C", "O"]


def test_an_element_of_the_validation_set_alone_is_refused(dataset: Path, tmp_path: Path) -> None:
    stranger = Atoms("N2", positions=[[0, 0, 0], [0, 0, 1.1]])
    stranger.set_array("mol_id", np.zeros(2, dtype=int))
    frames = read_frames(dataset / "valid.extxyz")
    write_frames(dataset / "valid.extxyz", [*frames, labelled(stranger, "n2", "monomer")])
    said = run_decant("fit", "deepmd", dataset, "-o", tmp_path / "m", "--preset", "quick", expect=2).stderr
    assert f"valid.extxyz: frame {len(frames)} has N, which no frame of train.extxyz has" in said
