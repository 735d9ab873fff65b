"""Fits that start from a fitted model: what they take over, that they learn, remember and continue; names."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest
from ase import Atoms

from decant.algorithms.registry import algorithm
from decant.data.frames import read_frames, write_frames
from decant.data.isolated import ISOLATED
from decant.foundation.errors import InputError
from decant.foundation.files import read_yaml, sha256
from decant.potentials.evaluate import evaluate
from decant.potentials.pretrained import open_pretrained, seen_by
from decant.potentials.ready import ready
from decant.testing.frames import shaken_frames
from tests.integration.conftest import run_decant, start_decant

# a model that has learned for seconds has little to lose by a high rate; r_max gives way to that of the model
MACE = ("--max-epochs", 4, "--set=default_dtype=float32", "--set=lr=0.01", "--set=r_max=5")
DEEPMD = ("--max-epochs", 30, "--set=batch_atoms=32", "--set=learning_rate.start_lr=0.005")
CARBON = 7.0  # eV by which the new labels of a carbon atom differ, as those of another level of theory do


@pytest.fixture(scope="session")
def new_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory of a split of ethane, which has two elements of three, at another level of energy."""
    directory = tmp_path_factory.mktemp("ethane")
    for name, count, seed in (("train", 10, 301), ("valid", 4, 401), ("test", 4, 501)):
        frames = shaken_frames("CC", count, seed)
        for frame in frames:
            frame.info["REF_energy"] += CARBON * frame.get_chemical_symbols().count("C")
        write_frames(directory / f"{name}.extxyz", frames)
    return directory


def kill_when(process: subprocess.Popen[bytes], file: Path, pattern: str) -> None:
    """Kill a fit without warning once a file of its own shows a pattern."""
    deadline = time.monotonic() + 300
    while not (file.is_file() and re.search(pattern, file.read_text())):
        assert process.poll() is None, "the fit ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


@pytest.fixture(scope="session")
def naive(mace_model: Path, new_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory of a MACE fine-tuned on the new frames alone; the fit was killed and continued on the way."""
    output = tmp_path_factory.mktemp("models") / "naive"
    arguments = ("mace", new_data, "-o", output, "--pretrained", mace_model, *MACE)
    kill_when(
        start_decant(tmp_path_factory, "fit", *arguments, "--no-evaluate"), output / "work" / "train.log", "Epoch 1: "
    )
    assert read_yaml(output / "fit.yaml")["state"] == "running"
    run_decant("fit", *arguments)
    return output


@pytest.fixture(scope="session")
def replayed(mace_model: Path, tiny_dataset: Path, new_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory of a MACE fine-tuned with frames of its pretraining among the new ones."""
    output = tmp_path_factory.mktemp("models") / "replayed"
    options = ("--pretrained", mace_model, "--strategy", "replay", "--replay", tiny_dataset)
    run_decant("fit", "mace", new_data, "-o", output, *options, *MACE)
    return output


@pytest.fixture(scope="session")
def finetuned(deepmd_model: Path, new_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory of a Deep Potential fine-tuned on the new frames; the fit was killed and continued on the way."""
    output = tmp_path_factory.mktemp("models") / "finetuned"
    arguments = ("deepmd", new_data, "-o", output, "--pretrained", deepmd_model, *DEEPMD)
    kill_when(
        start_decant(tmp_path_factory, "fit", *arguments, "--no-evaluate"),
        output / "work" / "progress.json",  # which is written after the log says that a checkpoint was
        '"step": [1-9]',
    )
    run_decant("fit", *arguments)
    return output


def errors(model: Path, data: Path) -> tuple[float, float]:
    """Return the RMSE of energy, meV/atom, and of force, meV/A."""
    found = evaluate(next(model.glob("model.*")), data)
    return found["energy_meV_per_atom"]["rmse"], found["force_meV_per_A"]["total"]["rmse"]


@pytest.mark.parametrize(
    ("before", "after"), [("mace_model", "naive"), ("mace_model", "replayed"), ("deepmd_model", "finetuned")]
)
def test_fine_tuning_lowers_the_errors_on_the_new_frames(
    before: str, after: str, new_data: Path, request: pytest.FixtureRequest
) -> None:
    zero_shot = errors(request.getfixturevalue(before), new_data / "test.extxyz")
    tuned = errors(request.getfixturevalue(after), new_data / "test.extxyz")
    assert tuned[1] < zero_shot[1]
    assert zero_shot[0] > 1000.0, "7 eV of each carbon atom are foreign to it"
    assert tuned[0] < 0.2 * zero_shot[0]


def first_validation(model: Path, head: str) -> float:
    """Return the force error, meV/A, with which the training began."""
    log = (model / "work" / "train.log").read_text()
    return float(re.findall(rf"Initial: head: {head}, .*?RMSE_F= *([\d.]+)", log)[0])


def test_training_begins_with_the_forces_of_the_pretrained_model(
    naive: Path, replayed: Path, mace_model: Path, new_data: Path, tiny_dataset: Path
) -> None:
    expected = errors(mace_model, new_data / "valid.extxyz")[1]
    assert first_validation(naive, "Default") == pytest.approx(expected, rel=1e-3)
    assert first_validation(replayed, "Default") == pytest.approx(expected, rel=1e-3)
    assert first_validation(replayed, "pt_head") == pytest.approx(
        errors(mace_model, tiny_dataset / "valid.extxyz")[1], rel=1e-3
    )


def test_a_killed_fine_tuning_goes_on_and_does_not_begin_again(naive: Path, finetuned: Path) -> None:
    log = (naive / "work" / "train.log").read_text()
    begun, continued = (float(loss) for loss in re.findall(r"Initial: head: Default, loss=([\d.]+)", log))
    assert continued < begun
    assert read_yaml(naive / "fit.yaml")["epochs"] == 4
    log = (finetuned / "work" / "train.log").read_text()
    resumed = re.findall(r"Resuming from (.*)\.\s", log)
    assert len(resumed) == 2 and resumed[0].startswith("/") and re.fullmatch(r"model\.ckpt-[1-9]\d*\.pt", resumed[1])


@pytest.mark.parametrize(("model", "strategy"), [("naive", "naive"), ("replayed", "replay"), ("finetuned", "naive")])
def test_the_record_says_what_was_started_from_and_taken_over(
    model: str, strategy: str, mace_model: Path, tiny_dataset: Path, request: pytest.FixtureRequest
) -> None:
    record = read_yaml(request.getfixturevalue(model) / "fit.yaml")
    assert record["state"] == "finished" and record["preset"] == "finetune"
    assert record["pretrained"]["strategy"] == strategy
    if model != "finetuned":
        assert record["pretrained"]["name"] == str(mace_model)
        assert record["pretrained"]["sha256"] == sha256(mace_model / "model.model")
    notes = " ".join(record["notes"])
    assert "architecture of" in notes and "cutoff 4" in notes
    assert "moved to the level of the data" in notes
    assert ("not used, since" in notes) == (model != "finetuned")
    if strategy == "replay":
        assert record["pretrained"]["replay"]["frames"] == {"train": 12, "valid": 4}


def test_atomic_energies_are_those_of_each_level(naive: Path, replayed: Path, mace_model: Path) -> None:
    from decant.algorithms.mace.model_file import load_trusted

    before, after = (load_trusted(path / "model.model") for path in (mace_model, naive))
    both = load_trusted(replayed / "model.model")
    assert before.atomic_numbers.tolist() == both.atomic_numbers.tolist() == [1, 6, 8]
    assert after.atomic_numbers.tolist() == [1, 6], "naive fine-tuning knows the elements of its data"
    assert list(both.heads) == ["pt_head", "Default"]
    old, new = both.atomic_energies_fn.atomic_energies.tolist()
    assert old == pytest.approx(before.atomic_energies_fn.atomic_energies.ravel().tolist(), rel=1e-6)
    assert new[:2] == pytest.approx(after.atomic_energies_fn.atomic_energies.ravel().tolist(), rel=1e-6)
    assert new[2] == pytest.approx(old[2], rel=1e-6), "the data say nothing of oxygen"
    assert abs(new[0] - old[0]) > 0.1


def test_another_level_is_found_from_labels_less_predictions(
    mace_model: Path, tiny_dataset: Path, new_data: Path
) -> None:
    from decant.algorithms.mace.model_file import load_trusted
    from decant.algorithms.mace.pretrained import _atomic_energies, _own_energies
    from decant.algorithms.mace.reference import torch_calculator
    from decant.data.prediction import predict

    model = load_trusted(mace_model / "model.model")
    shift = {"H": 1.0, "C": CARBON, "O": -30.0}
    frames = [*read_frames(tiny_dataset / "test.extxyz"), *read_frames(new_data / "test.extxyz")]
    moved = [sum(shift[symbol] for symbol in frame.get_chemical_symbols()) for frame in frames]
    for frame, prediction, change in zip(frames, predict(torch_calculator(model), frames), moved, strict=True):
        frame.info["REF_energy"] = prediction.energy + change
    energies, origin, _ = _atomic_energies(model, frames, {}, hold=False)
    own = _own_energies(model)
    assert "moved to the level of the data" in origin
    for frame, change in zip(frames, moved, strict=True):
        found = sum(energies[symbol] - own[symbol] for symbol in frame.get_chemical_symbols())
        assert found == pytest.approx(change, abs=1e-6)


def test_of_a_replayed_model_the_fine_tuned_head_is_exported_unless_another_is_named(
    replayed: Path, new_data: Path, tmp_path: Path
) -> None:
    run_decant("export", replayed, "-o", tmp_path / "own")
    run_decant("export", replayed, "-o", tmp_path / "old", "--head", "pt_head")
    expected = read_yaml(replayed / "errors.yaml")["energy_meV_per_atom"]["rmse"]
    for name, exact in (("own", True), ("old", False)):
        found = evaluate(tmp_path / name, new_data / "test.extxyz")["energy_meV_per_atom"]["rmse"]
        assert (found == pytest.approx(expected, rel=1e-4)) == exact
    assert read_yaml(tmp_path / "own" / "card.yaml")["architecture"]["head"] == "Default"
    assert read_yaml(tmp_path / "own" / "card.yaml")["fit"]["pretrained"]["strategy"] == "replay"


def test_replay_does_not_forget(replayed: Path, mace_model: Path, tiny_dataset: Path, tmp_path: Path) -> None:
    run_decant("export", replayed, "-o", tmp_path / "old", "--head", "pt_head")
    kept = evaluate(tmp_path / "old", tiny_dataset / "test.extxyz")["force_meV_per_A"]["total"]["rmse"]
    assert kept < 1.05 * errors(mace_model, tiny_dataset / "test.extxyz")[1]


@pytest.mark.parametrize("head", ["pt_head", "Default"])
def test_a_model_of_several_heads_is_started_from_by_one(head: str, replayed: Path, tiny_dataset: Path) -> None:
    from decant.algorithms.mace.model_file import load_trusted
    from decant.algorithms.mace.pretrained import _one_head
    from decant.algorithms.mace.reference import torch_calculator
    from decant.data.prediction import predict

    frames = read_frames(tiny_dataset / "test.extxyz")[:2]
    model = load_trusted(replayed / "model.model")
    expected = predict(torch_calculator(model, head), frames)
    found = predict(torch_calculator(_one_head(model, None if head == "Default" else head, "a model")), frames)
    for one, other in zip(found, expected, strict=True):
        assert one.energy == pytest.approx(other.energy, abs=1e-9)
        assert one.forces == pytest.approx(other.forces, abs=1e-9)


def test_a_head_to_start_from_is_one_that_the_model_has(replayed: Path, new_data: Path, tmp_path: Path) -> None:
    frames = {"train.extxyz": read_frames(new_data / "train.extxyz")}
    assert open_pretrained(algorithm("mace"), str(replayed), "naive", None, frames, "pt_head").head == "pt_head"
    words = ("fit", "mace", new_data, "-o", tmp_path / "m", "--pretrained", replayed, "--head", "pt_hed")
    assert "--head pt_hed: the model has no such head (did you mean 'pt_head'?)" in run_decant(*words, expect=2).stderr
    assert not (tmp_path / "m").exists()


def test_the_same_directory_is_not_used_for_another_start(
    naive: Path, mace_model: Path, new_data: Path, tmp_path: Path
) -> None:
    arguments = ("fit", "mace", new_data, "-o", naive, *MACE)
    shutil.copyfile(mace_model / "model.model", tmp_path / "moved.model")
    said = run_decant(*arguments, "--pretrained", tmp_path / "moved.model").stdout
    assert "nothing to do" in said, "the same model under another name is the same start"
    done = run_decant(*arguments, "--pretrained", naive / "model.model", expect=2)
    assert "started from something else" in done.stderr
    done = run_decant(*arguments, "--preset", "finetune", expect=2)
    assert "started from something else" in done.stderr


def hydrogen_sulfide() -> Atoms:
    import numpy as np

    atoms = Atoms("H2S", positions=[[0.0, 0.97, 0.0], [0.0, -0.97, 0.0], [0.0, 0.0, 0.93]])
    atoms.set_array("mol_id", np.zeros(3, dtype=int))
    atoms.set_array("REF_forces", np.zeros((3, 3)))
    atoms.info.update(REF_energy=-1.0, group="s", recipe="monomer")
    return atoms


@pytest.mark.parametrize(
    ("algorithm", "model", "options", "words"),
    [
        ("deepmd", "deepmd_model", ["--strategy", "replay", "--replay", "x.extxyz"], "deepmd knows naive"),
        (
            "mace",
            "mace_model",
            ["--strategy", "replay"],
            "--replay (frames like those of the pretraining) belong together",
        ),
        ("mace", "mace_model", ["--strategy", "nave"], "did you mean 'naive'"),
        ("mace", "deepmd_model", [], "is a deepmd model; a mace fit cannot start from it"),
    ],
)
def test_what_cannot_be_started_from_is_refused_and_nothing_is_written(
    algorithm: str, model: str, options: list[str], words: str, new_data: Path, tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    start = request.getfixturevalue(model)
    done = run_decant("fit", algorithm, new_data, "-o", tmp_path / "m", "--pretrained", start, *options, expect=2)
    assert words in done.stderr and len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize(("algorithm", "model"), [("mace", "mace_model"), ("deepmd", "deepmd_model")])
def test_an_element_that_the_pretrained_model_does_not_know_is_refused(
    algorithm: str, model: str, new_data: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    data = tmp_path / "data"
    shutil.copytree(new_data, data)
    write_frames(data / "train.extxyz", [*read_frames(data / "train.extxyz"), hydrogen_sulfide()])
    start = request.getfixturevalue(model)
    done = run_decant("fit", algorithm, data, "-o", tmp_path / "m", "--pretrained", start, expect=2)
    assert "does not know S, which is in the frames of train; it knows H C O" in done.stderr
    assert not (tmp_path / "m").exists()


def test_a_frozen_deep_potential_without_its_checkpoint_is_no_start(
    deepmd_model: Path, new_data: Path, tmp_path: Path
) -> None:
    shutil.copyfile(deepmd_model / "model.pth", tmp_path / "model.pth")
    done = run_decant("fit", "deepmd", new_data, "-o", tmp_path / "m", "--pretrained", tmp_path / "model.pth", expect=2)
    assert "is frozen, and no training starts from that; give a checkpoint" in done.stderr


def test_a_mace_potential_is_a_start_like_the_fit_that_it_was_exported_from(
    mace_model: Path, mace_potential: Path, tiny_dataset: Path
) -> None:
    from decant.algorithms.mace.reference import load_model

    frames = {"train.extxyz": read_frames(tiny_dataset / "train.extxyz")}
    fitted, handed = (
        open_pretrained(algorithm("mace"), str(start), "naive", None, frames) for start in (mace_model, mace_potential)
    )
    assert handed.model.name == "reference.safetensors" and handed.elements == fitted.elements
    one, other = load_model(fitted.model).state_dict(), load_model(handed.model).state_dict()
    assert all((one[name] == weights).all() for name, weights in other.items())
    assert seen_by(str(mace_potential)) == seen_by(str(mace_model)) != {}


def test_a_ready_potential_is_a_start_by_its_name_unless_a_file_or_folder_has_it(
    mace_model: Path, tiny_dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = {"train.extxyz": read_frames(tiny_dataset / "train.extxyz")}
    monkeypatch.chdir(tmp_path)
    named = open_pretrained(algorithm("mace"), "ec-emc-dft", "naive", None, frames)
    assert named.model == ready()["ec-emc-dft"] / "reference.safetensors" and named.elements == ["H", "C", "O"]
    assert seen_by("ec-emc-dft") == seen_by(str(ready()["ec-emc-dft"])) != {}
    shutil.copytree(mace_model, tmp_path / "ec-emc-dft")
    assert open_pretrained(algorithm("mace"), "ec-emc-dft", "naive", None, frames).model.suffix == ".model"


def test_a_deep_potential_that_was_exported_is_no_start(deepmd_potential: Path, tiny_dataset: Path) -> None:
    frames = {"train.extxyz": read_frames(tiny_dataset / "train.extxyz")}
    with pytest.raises(InputError, match="a frozen model, from which no training starts; give that of its fit"):
        open_pretrained(algorithm("deepmd"), str(deepmd_potential), "naive", None, frames)


def test_atomic_energies_stay_where_isolated_atoms_show_the_same_level(mace_model: Path, tiny_dataset: Path) -> None:
    from decant.algorithms.mace.lone_atoms import lone_energies
    from decant.algorithms.mace.model_file import load_trusted
    from decant.algorithms.mace.pretrained import _atomic_energies, _own_energies
    from decant.algorithms.mace.reference import torch_calculator
    from decant.data.prediction import predict

    frames = read_frames(tiny_dataset / "train.extxyz")
    atoms = {
        frame.symbols[0]: frame.info["REF_energy"] for frame in frames if frame.info.get("config_type") == ISOLATED
    }
    model = load_trusted(mace_model / "model.model")
    bulk = [frame for frame in frames if len(frame) > 1]
    energies, origin, held = _atomic_energies(model, bulk, atoms, hold=True)
    assert energies == _own_energies(model) and "agree with the isolated atoms" in origin and not held
    atoms = lone_energies(model)
    energies, origin, held = _atomic_energies(model, bulk, atoms, hold=True)
    assert energies == _own_energies(model) and "agree with the isolated atoms" in origin and held
    calculator = torch_calculator(model)
    for frame, prediction in zip(bulk, predict(calculator, bulk, "predict"), strict=True):
        frame.info["REF_energy"] = prediction.energy
    for change, near in ((0.01, True), (3.0, False)):  # eV
        labels = {symbol: energy + change for symbol, energy in atoms.items()}
        energies, origin, held = _atomic_energies(model, bulk, labels, hold=True)
        assert held == near and ("lone atoms have their labels" in origin) == near
        assert not _atomic_energies(model, bulk, labels, hold=False)[2]


@pytest.mark.parametrize("name", ["mace-off23-small", "mace-mpa-0-medium", "mace-off24-medium", "mace-omol-0"])
def test_a_published_model_that_cannot_be_downloaded_says_what_to_put_where(
    name: str, new_data: Path, tmp_path: Path
) -> None:
    from decant.algorithms.mace.published import location

    url, path = location(name)
    if path.is_file():
        pytest.skip(f"{path} is in the cache")
    try:
        urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=10).close()
    except OSError:
        pass
    else:
        pytest.skip("the network has it")
    for arguments in (
        ("export", name, "-o", tmp_path / "p", "--elements", "H,C,O"),
        ("fit", "mace", new_data, "-o", tmp_path / "m", "--pretrained", name),
    ):
        said = run_decant(*arguments, expect=2).stderr
        assert said.startswith(f"decant: error: {name}: cannot be downloaded (")
        assert f"download {url} and put it at {path}" in said and len(said.splitlines()) == 1
    assert not (tmp_path / "p").exists() and not (tmp_path / "m").exists()


def test_a_published_model_in_the_cache_is_used_as_it_is(
    mace_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from decant.algorithms.mace.published import location

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))  # where mace-torch's loaders look
    _, path = location("mace-off23-small")
    assert path == tmp_path / "mace" / "MACE-OFF23_small.model"
    path.parent.mkdir()
    shutil.copyfile(mace_model / "model.model", path)
    said = run_decant("export", "mace-off23-small", "-o", tmp_path / "p", "--elements", "H,O").stderr
    assert "mace-off23-small: under the Academic Software License" in said
    card = read_yaml(tmp_path / "p" / "card.yaml")
    assert card["source"] == "mace-off23-small"
    assert card["source_sha256"] == sha256(path)
    assert "permits no commercial use" in card["licence"]


def test_every_name_of_mace_torchs_loaders_is_known_has_a_licence_and_a_file_of_its_own() -> None:
    from mace.calculators import foundations_models as loaders

    from decant.algorithms.mace.published import PUBLISHED, location

    tables = [loaders.mace_mp_urls, loaders.mace_off_urls, loaders.polar_model_urls]
    places = {name: location(name) for name in PUBLISHED}
    assert {url for table in tables for url in table.values()} <= {url for url, _ in places.values()}
    assert len({path for _, path in places.values()}) == len(PUBLISHED)
    assert all(model.licence for model in PUBLISHED.values())


def test_a_published_model_that_cannot_be_used_is_refused_before_it_is_downloaded(tmp_path: Path) -> None:
    said = run_decant("export", "mace-polar-1-s", "-o", tmp_path / "p", expect=2).stderr
    assert "mace-polar-1-s: is a PolarMACE" in said and len(said.splitlines()) == 1


def test_a_misspelt_published_name_is_answered_with_the_nearest(tmp_path: Path) -> None:
    done = run_decant("export", "mace-of23-small", "-o", tmp_path / "p", expect=2)
    assert "did you mean 'mace-off23-small'?" in done.stderr
