"""Fits: what they leave behind, that they learn, end in time, and continue."""

from __future__ import annotations

import math
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from decant.data.frames import read_frames, write_frames
from decant.data.isolated import is_isolated
from decant.foundation.files import read_yaml, sha256
from decant.potentials.lone_atoms import lone_atoms_told
from decant.potentials.potential import Potential
from decant.potentials.source import open_source
from tests.integration.conftest import TINY, run_decant

MODELS = pytest.mark.parametrize("model", ["mace_model", "deepmd_model"])


@MODELS
def test_a_fit_records_what_it_was_made_of(model: str, tiny_dataset: Path, request: pytest.FixtureRequest) -> None:
    directory = request.getfixturevalue(model)
    record = read_yaml(directory / "fit.yaml")
    assert record["state"] == "finished"
    assert record["epochs"] >= 3.5
    assert record["data"]["elements"] == ["H", "C", "O"]
    assert record["data"]["frames"] == {"train": 12, "valid": 4, "test": 4}
    assert record["data"]["isolated_atoms"] == 3
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


def labels_of(data: Path) -> dict[str, float]:
    """Return the labels of the isolated atoms of a split."""
    frames = read_frames(data / "train.extxyz")
    return {frame.symbols[0]: frame.info["REF_energy"] for frame in frames if is_isolated(frame)}


def pulled_apart(data: Path) -> tuple[Atoms, Atoms]:
    """Return a molecule, and the same with a hydrogen 6 A from all others: beyond the cutoff of tiny fits."""
    frame = next(atoms for atoms in read_frames(data / "test.extxyz") if not atoms.pbc.any())
    whole = Atoms(frame.symbols, frame.positions)
    hydrogen, others = len(whole) - 1, list(range(len(whole) - 1))
    assert whole.symbols[hydrogen] == "H"
    away = whole.positions[hydrogen] - whole.positions[others].mean(axis=0)
    apart = whole.copy()
    while apart.get_distances(hydrogen, others).min() < 6.0:
        apart.positions[hydrogen] += 0.1 * away / np.linalg.norm(away)
    return whole, apart


@pytest.fixture(scope="module", params=["mace", "deepmd"])
def held(request: pytest.FixtureRequest, tiny_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with a fit that holds lone atoms to their labels, one that starts from it, and the potentials of both."""
    folder, name = tmp_path_factory.mktemp(f"held-{request.param}"), request.param
    words = ("fit", name, tiny_dataset, *TINY[name], "--max-epochs", 1, "--set=hold_lone_atoms=true", "--no-evaluate")
    run_decant(*words, "--preset", "quick", "-o", folder / "fit")
    run_decant(*words, "--pretrained", folder / "fit", "-o", folder / "tuned")
    for one in ("fit", "tuned"):
        assert "lone atoms" not in run_decant("export", folder / one, "-o", folder / f"{one}-potential").stdout
        assert read_yaml(folder / one / "fit.yaml")["settings_used"]["hold_lone_atoms"] is True
    return folder


def test_held_lone_atoms_have_their_labels(held: Path, tiny_dataset: Path) -> None:
    labels = labels_of(tiny_dataset)
    assert set(labels) == {"H", "C", "O"}
    for name in ("fit-potential", "tuned-potential"):
        told = read_yaml(held / name / "card.yaml")["isolated_atoms_eV"]
        potential = Potential.open(held / name)
        for calculator in (potential.calculator(), potential.reference_calculator()):
            for symbol, label in labels.items():
                assert calculator.get_potential_energy(Atoms(symbol)) == pytest.approx(label, abs=1e-6)
                assert told[symbol]["label"] == label
                assert told[symbol]["potential"] == pytest.approx(label, abs=1e-5)
                assert told[symbol]["deviation"] == pytest.approx(0.0, abs=1e-5)


def test_a_bond_of_held_atoms_that_is_pulled_apart_ends_at_its_fragments(held: Path, tiny_dataset: Path) -> None:
    label = labels_of(tiny_dataset)["H"]
    calculator = Potential.open(held / "fit-potential").calculator()
    whole, apart = pulled_apart(tiny_dataset)
    rest = calculator.get_potential_energy(whole[:-1])
    assert calculator.get_potential_energy(apart) == pytest.approx(rest + label, abs=1e-5)


def test_a_model_of_mace_torch_holds_its_lone_atoms_by_its_atomic_energies(held: Path, tiny_dataset: Path) -> None:
    import torch

    from decant.algorithms.mace.lone_atoms import lone_interactions

    if not (held / "fit" / "model.model").is_file():
        return  # a Deep Potential
    model = torch.load(held / "fit" / "model.model", weights_only=False)
    assert type(model).__module__ == "mace.modules.models"
    atomic = model.atomic_energies_fn.atomic_energies.ravel().tolist()
    lone = lone_interactions(model.double()).tolist()
    labels = labels_of(tiny_dataset)
    assert [a + b for a, b in zip(atomic, lone, strict=True)] == pytest.approx([labels[s] for s in "HCO"], abs=1e-6)
    assert np.abs(lone).max() > 1e-3, "its network gives a lone atom an energy, too"


@MODELS
def test_lone_atoms_of_any_fit_are_told_on_the_card(
    model: str, tiny_dataset: Path, request: pytest.FixtureRequest
) -> None:
    folder, labels = request.getfixturevalue(model.replace("model", "potential")), labels_of(tiny_dataset)
    lone = read_yaml(folder / "card.yaml")["isolated_atoms_eV"]
    calculator = Potential.open(folder).calculator()
    assert set(lone) == set(labels) == {"H", "C", "O"}
    for symbol, told in lone.items():
        own = calculator.get_potential_energy(Atoms(symbol))
        assert told["label"] == labels[symbol] and told["potential"] == pytest.approx(own, abs=1e-5)
        assert told["deviation"] == pytest.approx(own - labels[symbol], abs=1e-5)
    assert max(abs(told["deviation"]) for told in lone.values()) > 0.5
    said = lone_atoms_told(lone)
    assert "lone atoms are off their labels" in said and "fit with --set hold_lone_atoms=true" in said
    assert read_yaml(request.getfixturevalue(model) / "errors.yaml")["isolated_atoms_eV"].keys() == lone.keys()


@MODELS
def test_a_time_limit_ends_an_epoch_that_is_longer(
    model: str, tiny_dataset: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    algorithm, data = model.removesuffix("_model"), tmp_path / "data"
    shutil.copytree(tiny_dataset, data)
    frames = read_frames(data / "train.extxyz")
    atoms, bulk = ([frame for frame in frames if is_isolated(frame) == alone] for alone in (True, False))
    write_frames(data / "train.extxyz", [*atoms, *(bulk * 60)])
    words = [word for word in TINY[algorithm] if not str(word).startswith("--max-epochs")]
    words += ["--set=batch_size=1"] if algorithm == "mace" else ["--set=batch_atoms=8"]  # 720 steps an epoch
    command = ("fit", algorithm, data, "-o", tmp_path / "m", "--preset", "quick", *words, "--no-evaluate")
    said = run_decant(*command, "--max-time", "2s")
    record = read_yaml(tmp_path / "m" / "fit.yaml")
    assert record["state"] == "finished" and 0.0 < record["epochs"] < 1.0
    assert (tmp_path / "m" / record["model"]).is_file()
    if algorithm == "mace":
        told = "the time limit ended the first epoch early: the model has seen"
        assert any(note.startswith(told) for note in record["notes"]) and told in said.stdout + said.stderr
        log = tmp_path / "m" / "work" / "train.log"
        before = log.read_text()
        run_decant(*command, "--max-time", "3s")
        assert "decant: continuing after epoch 0 and" in log.read_text()[len(before) :]
        after = read_yaml(tmp_path / "m" / "fit.yaml")
        assert after["state"] == "finished" and after["epochs"] > 0.0


@pytest.mark.parametrize("algorithm", ["mace", "deepmd"])
def test_a_fit_killed_at_its_end_is_told_as_done(algorithm, tiny_dataset, tmp_path, request):
    shutil.copytree(request.getfixturevalue(f"{algorithm}_model"), tmp_path / "m")
    record = tmp_path / "m" / "fit.yaml"
    record.write_text(record.read_text().replace("state: finished", "state: running"))
    said = run_decant("fit", algorithm, tiny_dataset, "--preset", "quick", *TINY[algorithm], "-o", tmp_path / "m")
    last = [line for line in said.stderr.splitlines() if line.startswith(f"fit {algorithm}:")][-1]
    assert "100%" in last and float(re.search(r"(\S+) \w+/s", last)[1]) >= 0
    assert read_yaml(record)["state"] == "finished"


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


def force_errors(directory: Path) -> list[float]:
    """Return the validation force error of each epoch of a MACE fit."""
    log = (directory / "work" / "train.log").read_text()
    return [float(value) for value in re.findall(r"Epoch \d+: .*RMSE_F= *([\d.]+)", log)]


def test_a_time_limit_ends_a_mace_fit(tiny_dataset: Path, tmp_path: Path) -> None:
    run_decant(
        "fit", "mace", tiny_dataset, "-o", tmp_path / "m", "--preset", "quick", *TINY["mace"][1:], "--max-time", "4s",
        "--no-evaluate",
    )  # fmt: skip
    record = read_yaml(tmp_path / "m" / "fit.yaml")
    assert record["limits"] == {"max_time_s": 4.0, "max_epochs": None}
    # how many epochs fit into the time is the machine's affair; that the limit ended the training is ours
    assert len(force_errors(tmp_path / "m")) == math.ceil(record["epochs"]) >= 1
    assert "Wall time used" in (tmp_path / "m" / "work" / "train.log").read_text()


def test_a_longer_mace_fit_of_preset_small_learns_also_that_bonds_are_dear(tiny_dataset: Path, tmp_path: Path) -> None:
    run_decant(
        "fit", "mace", tiny_dataset, "-o", tmp_path / "m", "--preset", "small", *TINY["mace"][1:], "--max-epochs", 20,
        "--no-evaluate", "--set", "r_max=4",
    )  # fmt: skip
    assert read_yaml(tmp_path / "m" / "fit.yaml")["settings_used"]["hold_lone_atoms"] is True
    errors = force_errors(tmp_path / "m")
    assert len(errors) == 20
    assert errors[-1] < 0.8 * errors[0]
    calculator = open_source(tmp_path / "m").reference_calculator()
    whole, apart = map(calculator.get_potential_energy, pulled_apart(tiny_dataset))
    assert apart - whole > 2.0, "eV; without, pulling off a hydrogen may even gain energy"


def test_mace_trains_on_isolated_atoms_where_that_is_asked_for(
    tiny_dataset: Path, mace_model: Path, tmp_path: Path
) -> None:
    frames = read_frames(tiny_dataset / "train.extxyz")
    alone = sum(map(is_isolated, frames))
    options = ("--preset", "quick", "--max-epochs", 1, "--set", "hidden_irreps=8x0e", "--no-evaluate")
    run_decant("fit", "mace", tiny_dataset, "-o", tmp_path / "m", "--set=keep_isolated_atoms=true", *options)
    for model, count in ((mace_model, len(frames) - alone), (tmp_path / "m", len(frames))):
        assert f"configurations: train={count}," in (model / "work" / "train.log").read_text()


def test_frames_without_labels_are_refused(tiny_dataset: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(tiny_dataset, data)
    text = (data / "valid.extxyz").read_text().replace("REF_energy=", "other_energy=", 1)
    (data / "valid.extxyz").write_text(text)
    said = run_decant("fit", "mace", data, "-o", tmp_path / "m", expect=2).stderr
    assert "valid.extxyz: frame 0" in said and "REF_energy" in said
