"""Checkpoints of several tasks, as Deep Potentials are published: one branch of them is exported, or started from."""

from __future__ import annotations

import copy
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule
from ase.calculators.emt import EMT

from decant.algorithms.deepmd.data import write_systems
from decant.algorithms.deepmd.freezing import run_dp
from decant.algorithms.training import quiet
from decant.data.frames import read_frames
from decant.data.prediction import ask
from decant.foundation.files import read_yaml, sha256
from decant.potentials.potential import Potential
from decant.potentials.source import open_source
from tests.integration.conftest import once, run_decant

TYPES = ["H", "C", "N", "O"]  # of which no branch has seen N, and Hydrocarbons no O
# as the published ones: one descriptor and one fitting net, to which a word tells the branches apart
DESCRIPTOR = {
    "type": "se_atten_v2", "rcut": 4.0, "rcut_smth": 0.5, "sel": 40, "neuron": [4, 8], "axis_neuron": 4,
    "attn_layer": 0, "seed": 1,
}  # fmt: skip
FITTING = {"neuron": [16, 16], "dim_case_embd": 2, "seed": 1}
SHARED = {"type_map": "types", "descriptor": "descriptor", "fitting_net": "fitting"}


def methane() -> list[Atoms]:
    """Return shaken methane with the labels of EMT."""
    frames = []
    for number in range(2):
        atoms = molecule("CH4")
        atoms.rattle(0.1, seed=number)
        atoms.calc = EMT()
        atoms.info["REF_energy"] = atoms.get_potential_energy()
        atoms.set_array("REF_forces", atoms.get_forces())
        frames.append(atoms)
    return frames


def train_branches(folder: Path, data: Path) -> None:
    """Train two branches for some steps by ``dp``, and leave ``model.pt``."""
    folder.mkdir()
    alcohols = [atoms for atoms in read_frames(data / "train.extxyz") if len(atoms) > 1][:4]
    systems = {
        "Domains_Alcohols": write_systems(alcohols, TYPES, folder / "alcohols"),
        "Domains_Gases": write_systems(methane(), TYPES, folder / "gases"),
    }
    branches: dict[str, Any] = {name: dict(SHARED) for name in systems}
    branches["Domains_Gases"]["model_branch_alias"] = ["Hydrocarbons"]
    loss = {"type": "ener", "start_pref_e": 0.02, "limit_pref_e": 1, "start_pref_f": 1000, "limit_pref_f": 10}
    settings = {
        "model": {
            "shared_dict": {"types": TYPES, "descriptor": DESCRIPTOR, "fitting": FITTING},
            "model_dict": branches,
        },
        "learning_rate": {"type": "exp", "start_lr": 0.01, "stop_lr": 0.001, "decay_steps": 2},
        "loss_dict": dict.fromkeys(systems, loss),
        "training": {
            "model_prob": dict.fromkeys(systems, 0.5),
            "data_dict": {
                name: {"training_data": {"systems": [str(path) for path in paths], "batch_size": 1}}
                for name, paths in systems.items()
            },
            "numb_steps": 6, "seed": 1, "disp_freq": 6, "save_freq": 6, "save_ckpt": "model.ckpt",
        },
    }  # fmt: skip
    (folder / "input.json").write_text(json.dumps(settings))
    run_dp([["train", "input.json"]], folder)
    shutil.copyfile(folder / "model.ckpt-6.pt", folder / "model.pt")


@pytest.fixture(scope="session")
def checkpoint(tiny_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of the branches Domains_Alcohols and Domains_Gases, alias Hydrocarbons."""
    return once(tmp_path_factory, "branches", lambda folder: train_branches(folder, tiny_dataset)) / "model.pt"


def forces_of_dp(checkpoint: Path, head: str | None, atoms: Atoms) -> np.ndarray:
    """Return what DeePMD-kit's own calculator says of a branch of the checkpoint, eV/angstrom."""
    with quiet():
        from deepmd.calculator import DP

    atoms = atoms.copy()
    atoms.calc = DP(model=checkpoint, head=head)
    forces: np.ndarray = atoms.get_forces()
    return forces


def forces_of(potential: Path, atoms: Atoms) -> np.ndarray:
    """Return the forces of a potential, eV/angstrom."""
    atoms = atoms.copy()
    atoms.calc = Potential.open(potential).calculator()
    forces: np.ndarray = atoms.get_forces()
    return forces


def test_a_branch_is_exported_by_its_name_or_alias_and_knows_what_it_was_trained_with(
    checkpoint: Path, tiny_dataset: Path, tmp_path: Path
) -> None:
    data = tiny_dataset / "test.extxyz"
    run_decant("export", checkpoint, "-o", tmp_path / "a", "--head", "Domains_Alcohols", "--elements", "O,H,C")
    run_decant("export", checkpoint, "-o", tmp_path / "g", "--head", "hydrocarbons")
    alcohols, gases = (read_yaml(tmp_path / name / "card.yaml") for name in "ag")
    assert alcohols["architecture"]["head"] == "Domains_Alcohols" and alcohols["elements"] == ["O", "H", "C"]
    assert gases["architecture"]["head"] == "Domains_Gases" and gases["elements"] == ["H", "C"]
    for name, head in (("a", "Domains_Alcohols"), ("g", "Domains_Gases")):
        assert np.allclose(forces_of(tmp_path / name, methane()[0]), forces_of_dp(checkpoint, head, methane()[0]))
    one, other = (forces_of(tmp_path / name, methane()[0]) for name in "ag")
    assert np.abs(one - other).max() > 1e-3, "eV/A; else the branches cannot be told apart"
    assert run_decant("check", tmp_path / "a", data, "--ranks", "2", "--limit", 2).stdout.rstrip().endswith("PASS")
    assert "force" in run_decant("evaluate", tmp_path / "a", data).stdout
    done = run_decant(
        "export", checkpoint, "-o", tmp_path / "n", "--head", "Domains_Gases", "--elements", "H,N", expect=2
    )
    assert "--elements: branch Domains_Gases of " in done.stderr and "does not know N; it knows: H C" in done.stderr


def test_a_fit_starts_from_a_branch_or_from_a_new_one_on_its_descriptor(
    checkpoint: Path, tiny_dataset: Path, tmp_path: Path
) -> None:
    atoms = read_frames(tiny_dataset / "test.extxyz")[0]
    standing = ("--max-epochs", 1, "--set=batch_atoms=1000", "--set=learning_rate={start_lr: 1e-12, stop_lr: 1e-12}")
    words = ("fit", "deepmd", tiny_dataset, "--pretrained", checkpoint, "--no-evaluate", *standing)
    found = {}
    for head in ("Hydrocarbons", "RANDOM"):
        said = run_decant(*words, "-o", tmp_path / head, "--head", head).stdout
        assert ("branch of" in said and "Domains_Gases" in said) == (head != "RANDOM")
        assert ("begins with random weights" in said) == (head == "RANDOM")
        found[head] = ask(open_source(tmp_path / head).reference_calculator(), atoms).forces
    record = read_yaml(tmp_path / "Hydrocarbons" / "fit.yaml")["pretrained"]
    assert record["head"] == "Domains_Gases" and record["sha256"] == sha256(checkpoint)
    expected = forces_of_dp(checkpoint, "Domains_Gases", atoms)
    assert np.allclose(found["Hydrocarbons"], expected, atol=1e-3), "but for its tables, the branch as it was"
    assert np.abs(found["RANDOM"] - expected).max() > 0.01
    done = run_decant(*words, "-o", tmp_path / "RANDOM", "--head", "Domains_Gases", expect=2)
    assert "started from something else" in done.stderr


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (None, "has 2 branches: name one as --head (Domains_Alcohols, Domains_Gases (Hydrocarbons)"),
        ("Domains_Alcohol", "has no such branch (did you mean 'Domains_Alcohols'?); it has: Domains_Alcohols, Domain"),
    ],
)
def test_a_head_that_is_missing_or_misspelt_is_answered_with_those_there_are(
    head: str | None, words: str, checkpoint: Path, tiny_dataset: Path, tmp_path: Path
) -> None:
    chosen = ("--head", head) if head else ()
    for arguments in (
        ("export", checkpoint, "-o", tmp_path / "p"),
        ("fit", "deepmd", tiny_dataset, "-o", tmp_path / "m", "--pretrained", checkpoint),
    ):
        said = run_decant(*arguments, *chosen, expect=2).stderr
        assert words in said and len(said.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_several_branches_are_not_evaluated_as_one(checkpoint: Path, tiny_dataset: Path) -> None:
    said = run_decant("evaluate", checkpoint, tiny_dataset / "test.extxyz", expect=2).stderr
    assert "has the branches Domains_Alcohols, Domains_Gases (Hydrocarbons): export one of them" in said


def test_a_model_of_one_task_has_no_head(deepmd_model: Path, tiny_dataset: Path, tmp_path: Path) -> None:
    last = max((deepmd_model / "work").glob("model.ckpt-*.pt"), key=lambda path: int(path.stem.split("-")[1]))
    for model in (deepmd_model, last):
        said = run_decant("export", model, "-o", tmp_path / "p", "--head", "Omat24", expect=2).stderr
        assert "--head Omat24: " in said and "of one task" in said
    words = ("fit", "deepmd", tiny_dataset, "-o", tmp_path / "m", "--head", "Omat24")
    assert "is of one task and has no branches" in run_decant(*words, "--pretrained", last, expect=2).stderr
    assert "--head go with --pretrained" in run_decant(*words, expect=2).stderr


def charged_checkpoint(path: Path) -> Path:
    """Write a checkpoint, weights random, of a DPA-3 that is one for any total charge and spin, as the newest are."""
    import torch

    with quiet():
        from deepmd.pt.model.model import get_model
        from deepmd.pt.train.wrapper import ModelWrapper

    flow = {"n_dim": 8, "e_dim": 8, "a_dim": 8, "nlayers": 1, "e_rcut": 4.0, "e_rcut_smth": 3.0, "e_sel": 30}
    flow |= {"a_rcut": 3.0, "a_rcut_smth": 2.5, "a_sel": 10, "axis_neuron": 4, "update_residual": 1.0}
    params = {
        "type_map": ["H", "C", "O"],
        "descriptor": {"type": "dpa3", "repflow": flow, "add_chg_spin_ebd": True, "seed": 1},
        "fitting_net": {"neuron": [16], "seed": 1},
    }
    wrapper = ModelWrapper(get_model(copy.deepcopy(params)), model_params=params)
    torch.save({"model": wrapper.state_dict()}, path)
    return path


def test_total_charge_and_spin_are_fixed_at_export(checkpoint: Path, tiny_dataset: Path, tmp_path: Path) -> None:
    charged, data = charged_checkpoint(tmp_path / "charged.pt"), tiny_dataset / "test.extxyz"
    run_decant("export", charged, "-o", tmp_path / "neutral")
    run_decant("export", charged, "-o", tmp_path / "anion", "--charge", -1, "--spin", 2)
    card = read_yaml(tmp_path / "anion" / "card.yaml")
    assert card["architecture"]["totals"] == {"charge": -1, "spin": 2} and card["source_sha256"] == sha256(charged)
    atoms = methane()[0]
    for name, state in (("neutral", [0, 1]), ("anion", [-1, 2])):
        atoms.info["charge_spin"] = np.array([state], dtype=float)
        expected = forces_of_dp(charged, None, atoms)
        atoms.info["charge_spin"] = None
        assert np.allclose(forces_of(tmp_path / name, atoms), expected)
    assert np.abs(forces_of(tmp_path / "neutral", atoms) - expected).max() > 1e-3
    assert run_decant("check", tmp_path / "anion", data, "--ranks", "2", "--limit", 2).stdout.rstrip().endswith("PASS")
    words = ("export", checkpoint, "-o", tmp_path / "p", "--head", "Domains_Gases", "--charge", "1")
    assert "--charge 1: the model knows no total charge" in run_decant(*words, expect=2).stderr


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder where DeePMD-kit keeps published models."""
    from deepmd.pretrained import download

    monkeypatch.setattr(download, "DEFAULT_CACHE_DIR", tmp_path / "cache")
    (tmp_path / "cache").mkdir()
    return tmp_path / "cache"


def test_a_published_model_in_the_cache_is_used_if_it_is_what_was_published(
    checkpoint: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from deepmd.pretrained.registry import MODEL_REGISTRY

    file = cache / "DPA-3.1-3M.pt"
    shutil.copyfile(checkpoint, file)
    words = ("export", "DPA-3.1-3M", "-o", tmp_path / "p", "--head", "Domains_Alcohols")
    said = run_decant(*words, expect=2).stderr
    assert f"{file}: is not DPA-3.1-3M as it was published" in said and file.is_file()
    monkeypatch.setitem(MODEL_REGISTRY["DPA-3.1-3M"], "sha256", sha256(checkpoint))
    assert "DPA-3.1-3M: under the Creative Commons Attribution 4.0" in run_decant(*words).stderr
    card = read_yaml(tmp_path / "p" / "card.yaml")
    assert (card["source"], card["source_sha256"]) == ("DPA-3.1-3M", sha256(checkpoint))
    assert "CC BY 4.0" in card["licence"] and card["elements"] == ["H", "C", "O"]


def test_a_published_model_that_cannot_be_had_or_used_says_so(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from deepmd.pretrained.registry import MODEL_REGISTRY

    nowhere = "https://localhost:9/DPA-3.2-5M.pt"  # nobody answers there
    monkeypatch.setitem(MODEL_REGISTRY["DPA-3.2-5M"], "urls", [nowhere])
    said = run_decant("export", "DPA-3.2-5M", "-o", tmp_path / "p", "--head", "X", expect=2).stderr.splitlines()[-1]
    assert f"DPA-3.2-5M: cannot be downloaded; download {nowhere} and put it at {cache / 'DPA-3.2-5M.pt'}" in said
    said = run_decant("export", "DPA4-Nano-OMat24-v20260805", "-o", tmp_path / "p", expect=2).stderr
    assert "DPA4-Nano-OMat24-v20260805: is a DPA-4" in said and len(said.splitlines()) == 1


def test_every_name_of_dp_pretrained_is_known_and_has_terms() -> None:
    from deepmd.pretrained.registry import MODEL_REGISTRY

    from decant.algorithms.deepmd.published import PUBLISHED

    assert set(PUBLISHED) == set(MODEL_REGISTRY)
    assert all(model.licence for model in PUBLISHED.values())
