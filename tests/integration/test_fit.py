"""Fits: what they leave behind, that they learn, end in time, and continue."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ase import Atoms

from decant.data.frames import is_isolated, read_frames
from decant.foundation.files import read_yaml, sha256
from decant.potentials.potential import Potential
from tests.integration.conftest import TINY, run_decant

MODELS = pytest.mark.parametrize("model", ["mace_model", "deepmd_model"])


@MODELS
def test_a_fit_records_what_it_was_made_of(model: str, tiny_dataset: Path, request: pytest.FixtureRequest) -> None:
    directory = request.getfixturevalue(model)
    record = read_yaml(directory / "fit.yaml")
    assert record["state"] == "finished"
    assert record["epochs"] >= 3.5
    assert record["data"]["elements"] == ["H", "C", "O"]
    assert record["data"]["frames"] == {"train": 15, "valid": 4, "test": 4}
    assert (record["data"]["charges"], record["data"]["spins"]) == ([0], [1])
    assert record["data"]["periodic_frames"] == record["data"]["virials"] == 6
    low, high = record["data"]["density_g_cm3"]
    assert 0.5 <= low < high <= 0.8
    assert sha256(directory / record["model"]) == record["model_sha256"]


@MODELS
def test_a_fit_measures_its_errors_on_the_test_set(model: str, request: pytest.FixtureRequest) -> None:
    errors = read_yaml(request.getfixturevalue(model) / "errors.yaml")
    assert errors["frames"] == 4
    assert set(errors["force_meV_per_A"]) == {"total", "translational", "rotational", "vibrational"}
    assert errors["virial_meV_per_atom"]["rmse"] > 0.0


def test_a_finished_fit_is_left_as_it_is(tiny_dataset: Path, mace_model: Path) -> None:
    before = (mace_model / "fit.yaml").read_bytes()
    said = run_decant("fit", "mace", tiny_dataset, "-o", mace_model, "--preset", "quick", *TINY["mace"]).stdout
    assert "nothing to do" in said
    assert (mace_model / "fit.yaml").read_bytes() == before


def test_a_directory_is_never_reused_for_another_fit(tiny_dataset: Path, mace_model: Path) -> None:
    arguments = ("fit", "mace", tiny_dataset, "-o", mace_model, "--preset", "quick", *TINY["mace"])
    said = run_decant(*arguments, "--seed", "2", expect=2).stderr
    assert "another 'seed'" in said and "choose another -o" in said


@MODELS
def test_a_finished_fit_goes_on_to_longer_limits_and_not_to_shorter_ones(
    model: str, tiny_dataset: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    algorithm, folder = model.removesuffix("_model"), tmp_path / "m"
    shutil.copytree(request.getfixturevalue(model), folder)
    before = read_yaml(folder / "fit.yaml")
    words = [word for word in TINY[algorithm] if not str(word).startswith("--max-epochs")]
    command = ("fit", algorithm, tiny_dataset, "-o", folder, "--preset", "quick", *words, "--no-evaluate")
    said = run_decant(*command, "--max-epochs", 6)
    assert "preset quick: " in said.stderr, "what it costs is said first"
    after = read_yaml(folder / "fit.yaml")
    assert after["state"] == "finished"
    assert before["epochs"] < after["epochs"] == pytest.approx(6, abs=0.5)
    assert sha256(folder / after["model"]) == after["model_sha256"] != before["model_sha256"]
    assert not (folder / "errors.yaml").exists(), "of the model before"
    said = run_decant(*command, "--max-epochs", 4, expect=2).stderr
    assert "a fit with longer 'limits'; it can be prolonged, not made shorter" in said


@pytest.mark.parametrize(("model", "change"), [("mace_model", "gone"), ("mace_model", "cut"), ("deepmd_model", "cut")])
def test_a_prolongation_that_fails_leaves_the_finished_fit_as_it_was(
    model: str, change: str, tiny_dataset: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    algorithm, folder = model.removesuffix("_model"), tmp_path / "m"
    shutil.copytree(request.getfixturevalue(model), folder)
    for checkpoint in [path for path in (folder / "work").rglob("*.pt") if re.search(r"epoch|ckpt-", path.name)]:
        checkpoint.write_bytes(checkpoint.read_bytes()[:1000])
        if change == "gone":
            checkpoint.unlink()
    before = {name: (folder / name).read_bytes() for name in ("fit.yaml", "errors.yaml")}
    words = [word for word in TINY[algorithm] if not str(word).startswith("--max-epochs")]
    command = ("fit", algorithm, tiny_dataset, "-o", folder, "--preset", "quick", *words, "--no-evaluate")
    said = run_decant(*command, "--max-epochs", 6, expect=2).stderr
    assert ("missing" if change == "gone" else "cut off") in said
    assert before == {name: (folder / name).read_bytes() for name in before}
    assert "nothing to do" in run_decant(*command, "--max-epochs", 4).stdout


def test_isolated_atoms_give_mace_its_atomic_energies(tiny_dataset: Path, mace_model: Path) -> None:
    from decant.algorithms.mace.model_file import load_trusted

    expected = [f.info["REF_energy"] for f in read_frames(tiny_dataset / "train.extxyz") if is_isolated(f)]
    found = load_trusted(mace_model / "model.model").atomic_energies_fn.atomic_energies.ravel().tolist()
    assert found == pytest.approx(expected, rel=1e-6)


def test_deep_potential_says_that_it_leaves_isolated_atoms_out(deepmd_model: Path) -> None:
    assert any("3 isolated atoms are not used" in note for note in read_yaml(deepmd_model / "fit.yaml")["notes"])


@MODELS
def test_the_log_of_a_training_tells_its_threads(model: str, request: pytest.FixtureRequest) -> None:
    log = (request.getfixturevalue(model) / "work" / "train.log").read_text()
    assert f"decant: threads of the steps: {os.environ['OMP_NUM_THREADS']}\n" in log


def test_every_step_of_deep_potential_is_timed_and_the_threads_of_torch_follow(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch
    from deepmd.pt.train.training import Trainer

    from decant.algorithms.deepmd.train import keep_pace

    threads, seen = torch.get_num_threads(), []
    monkeypatch.delenv("OMP_NUM_THREADS")
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 1})
    monkeypatch.setattr("decant.foundation.threads.Pace.TURN", 0.0)
    monkeypatch.setattr(Trainer, "_next_training_batch", lambda trainer, task: ({"atype": torch.zeros(2, 3)}, task, {}))
    weight = torch.nn.Parameter(torch.ones(1))
    optimizer = torch.optim.Adam([weight])
    ended = keep_pace()
    try:
        for _ in range(50):
            assert Trainer._next_training_batch(None, "Default")[1] == "Default"
            (weight**2).sum().backward()
            seen.append(torch.get_num_threads())
            optimizer.step()
    finally:
        ended.remove()
        torch.set_num_threads(threads)
    assert set(seen) == {1, 2}


def start_fit(*arguments: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [str(Path(sys.executable).parent / "decant"), "fit", *map(str, arguments)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def kill_when(process: subprocess.Popen[bytes], log: Path, pattern: str) -> None:
    """Kill a fit without warning once its log shows a pattern."""
    deadline = time.monotonic() + 300
    while not (log.is_file() and re.search(pattern, log.read_text())):
        assert process.poll() is None, "the fit ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.2)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def force_errors(directory: Path) -> list[float]:
    """Return the validation force error of each epoch of a MACE fit."""
    log = (directory / "work" / "train.log").read_text()
    return [float(value) for value in re.findall(r"Epoch \d+: .*RMSE_F= *([\d.]+)", log)]


def test_a_time_limit_ends_a_mace_fit(tiny_dataset: Path, tmp_path: Path) -> None:
    run_decant(
        "fit", "mace", tiny_dataset, "-o", tmp_path / "m", "--preset", "quick", *TINY["mace"][1:], "--max-time", "6s",
        "--no-evaluate",
    )  # fmt: skip
    record = read_yaml(tmp_path / "m" / "fit.yaml")
    assert record["limits"] == {"max_time_s": 6.0, "max_epochs": None}
    # how many epochs fit into the time is the machine's affair; that the limit ended the training is ours
    assert len(force_errors(tmp_path / "m")) == record["epochs"] >= 1
    assert "Wall time used" in (tmp_path / "m" / "work" / "train.log").read_text()


def test_a_longer_mace_fit_learns(tiny_dataset: Path, tmp_path: Path) -> None:
    run_decant(
        "fit", "mace", tiny_dataset, "-o", tmp_path / "m", "--preset", "quick", *TINY["mace"][1:], "--max-epochs", 20,
        "--no-evaluate",
    )  # fmt: skip
    errors = force_errors(tmp_path / "m")
    assert len(errors) == 20
    assert errors[-1] < 0.8 * errors[0]


def test_mace_trains_on_isolated_atoms_where_that_is_asked_for(
    tiny_dataset: Path, mace_model: Path, tmp_path: Path
) -> None:
    frames = read_frames(tiny_dataset / "train.extxyz")
    alone = sum(map(is_isolated, frames))
    options = ("--preset", "quick", "--max-epochs", 1, "--set", "hidden_irreps=8x0e", "--no-evaluate")
    run_decant("fit", "mace", tiny_dataset, "-o", tmp_path / "m", "--set=keep_isolated_atoms=true", *options)
    for model, count in ((mace_model, len(frames) - alone), (tmp_path / "m", len(frames))):
        assert f"configurations: train={count}," in (model / "work" / "train.log").read_text()


def test_lone_atoms_are_told_on_the_card(tiny_dataset: Path, mace_potential: Path) -> None:
    frames = read_frames(tiny_dataset / "train.extxyz")
    labels = {frame.symbols[0]: frame.info["REF_energy"] for frame in frames if is_isolated(frame)}
    lone = read_yaml(mace_potential / "card.yaml")["isolated_atoms_eV"]
    assert {symbol: energies["label"] for symbol, energies in lone.items()} == pytest.approx(labels)
    calculator = Potential.open(mace_potential).calculator()
    for symbol, energies in lone.items():
        assert energies["potential"] == pytest.approx(calculator.get_potential_energy(Atoms(symbol)), abs=1e-5)


def test_frames_without_labels_are_refused(tiny_dataset: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(tiny_dataset, data)
    text = (data / "valid.extxyz").read_text().replace("REF_energy=", "other_energy=", 1)
    (data / "valid.extxyz").write_text(text)
    said = run_decant("fit", "mace", data, "-o", tmp_path / "m", expect=2).stderr
    assert "valid.extxyz: frame 0" in said and "REF_energy" in said
