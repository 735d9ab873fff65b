"""A fit that cannot be, or that failed, says so, and leaves nothing that an export would take."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from decant.data.frames import read_frames, write_frames
from decant.data.isolated import ISOLATED
from decant.foundation.files import read_yaml, write_yaml
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
    if algorithm == "deepmd":
        (log,) = (tmp_path / "m").rglob("train.log")
        first = re.search(r"Batch +(\d+): val: .*(nan|inf)", log.read_text())
        assert first and f"the errors of step {first[1]} are not" in said
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


@pytest.mark.parametrize(("algorithm", "package"), [("mace", "mace-torch"), ("deepmd", "deepmd-kit")])
def test_a_fit_whose_checkpoint_was_cut_off_says_so_in_one_line(
    algorithm: str, package: str, tiny_dataset: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    model = tmp_path / "m"
    shutil.copytree(request.getfixturevalue(f"{algorithm}_model"), model)
    record = read_yaml(model / "fit.yaml")
    versions = record["versions"] | {package: "0.0.1"}
    write_yaml(model / "fit.yaml", record | {"state": "running", "versions": versions})
    (model / "work" / "model.pth").unlink(missing_ok=True)  # as before the end of the training
    progress = model / "work" / "progress.json"
    if progress.is_file():
        checkpoint = min((model / "work").glob("model.ckpt-*.pt"), key=lambda path: int(path.stem.split("-")[1]))
        step = int(checkpoint.stem.split("-")[1])
        progress.write_text(json.dumps(json.loads(progress.read_text()) | {"step": step}))
    else:
        (checkpoint,) = (model / "work" / "checkpoints").glob("*.pt")
    checkpoint.write_bytes(checkpoint.read_bytes()[:5000])
    words = ("fit", algorithm, tiny_dataset, "-o", model, "--preset", "quick", *TINY[algorithm])
    said = run_decant(*words, "--no-evaluate", expect=2).stderr.splitlines()
    errors = [line for line in said if line.startswith("decant: error: ")]
    assert len(errors) == 1 and said[-1] == errors[0]
    assert f"{checkpoint.name}: the checkpoint from which this fit would go on is cut off or damaged" in errors[0]
    assert any(f"goes on from a checkpoint of {package} 0.0.1, now " in line for line in said)


@pytest.mark.parametrize("algorithm", ["mace", "deepmd"])
def test_a_missing_or_empty_validation_set_is_told_in_one_line(algorithm: str, dataset: Path, tmp_path: Path) -> None:
    words = ("fit", algorithm, dataset, "-o", tmp_path / "m", "--preset", "quick", *TINY[algorithm])
    write_frames(dataset / "valid.extxyz", [read_frames(dataset / "train.extxyz")[0]])  # an isolated atom
    assert "validation set: no frame left to fit" in run_decant(*words, expect=2).stderr
    (dataset / "valid.extxyz").write_text("")
    assert "valid.extxyz" in run_decant(*words, expect=2).stderr
    (dataset / "valid.extxyz").unlink()
    assert "valid.extxyz" in run_decant(*words, expect=2).stderr


def test_a_checkpoint_of_another_version_of_deepmd_is_neither_exported_nor_evaluated(
    deepmd_model: Path, tiny_dataset: Path, tmp_path: Path
) -> None:
    import torch

    source = next((deepmd_model / "work").glob("model.ckpt-*.pt"))
    content = torch.load(source, map_location="cpu", weights_only=True)
    name = next(name for name in content["model"] if "fitting" in name and name.endswith("matrix"))
    content["model"][f"{name}_of_old"] = content["model"].pop(name)
    torch.save(content, tmp_path / "old.pt")
    for words in (
        ("evaluate", tmp_path / "old.pt", tiny_dataset / "valid.extxyz"),
        ("export", tmp_path / "old.pt", "-o", tmp_path / "p"),
    ):
        (line,) = run_decant(*words, expect=2).stderr.splitlines()[-1:]
        assert line.startswith(f"decant: error: {tmp_path / 'old.pt'}: ")
        assert "another version of DeePMD-kit" in line and name in line
    torch.save({"epoch": 1}, tmp_path / "foreign.pt")
    (tmp_path / "cut.pt").write_bytes(source.read_bytes()[:5000])
    for file, what in (("foreign.pt", "of another version or program"), ("cut.pt", "damaged, cut off")):
        assert what in run_decant("export", tmp_path / file, "-o", tmp_path / "p", expect=2).stderr
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize("name", ["graph.pb", "model.ckpt.meta", "model.ckpt.data-00000-of-00001"])
def test_a_model_of_the_tensorflow_backend_is_told_how_to_be_converted(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"\x00")
    said = run_decant("export", tmp_path / name, "-o", tmp_path / "p", expect=2).stderr
    assert f"{name}: is " in said and "dp convert-backend" in said
