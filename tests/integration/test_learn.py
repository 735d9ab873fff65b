"""Active learning with real fits, dynamics and labels, killed and continued; and the recipe that takes its steps."""

from __future__ import annotations

import csv
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
import yaml

from decant.configurations.base import build_entry
from decant.data.frames import read_frames, write_frames
from decant.data.split import split_frames
from decant.foundation.errors import InputError
from decant.foundation.files import read_yaml, write_yaml
from decant.lammps.model_deviation import read_model_deviation
from decant.learning.generation import Generation
from decant.learning.settings import read_settings
from decant.potentials.committee import DEVIATION, write_committee
from decant.testing.frames import isolated_atoms, methanol_frames
from tests.integration.conftest import TINY, run_decant, start_decant

STATES = [
    {"liquid": "CO:3", "temperature": 50, "length": "40fs", "density": 0.6},
    {"liquid": "CO:3", "temperature": 50, "pressure": 100, "length": "20fs", "density": 0.6},
]
WIDE = [1e-4, 1e4]  # eV/A; nearly every frame of a potential fitted for seconds is a candidate


def settings(folder: Path, algorithm: str, generations: int, epochs: int) -> Path:
    """Write a learn.yaml and its initial data."""
    if not (folder / "initial.extxyz").is_file():
        write_frames(folder / "initial.extxyz", [*isolated_atoms(), *methanol_frames(12, seed=1)])
    chosen = dict(option.removeprefix("--set=").split("=", 1) for option in TINY[algorithm][1:])
    content = {
        "algorithm": algorithm, "initial": "initial.extxyz", "states": STATES, "deviation": WIDE, "method": "gfn1-xtb",
        "committee": 2, "preset": "quick", "max_epochs": epochs, "set": chosen, "select": 3, "jobs": 1,
        "method_settings": {"accuracy": 0.02}, "plausible": {"energy": 100.0}, "stop": {"generations": generations},
    }  # fmt: skip
    path = folder / f"{algorithm}.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def rows(folder: Path) -> list[dict[str, str]]:
    """Return the table without costs."""
    with (folder / "table.csv").open(newline="") as stream:
        return [{k: v for k, v in row.items() if not k.endswith("_s")} for row in csv.DictReader(stream)]


def kill_when(process: subprocess.Popen[bytes], reached: Path) -> None:
    """Kill a command without warning, once a file holds something."""
    end = time.monotonic() + 240
    while not (reached.is_file() and reached.stat().st_size > 0):
        assert process.poll() is None and time.monotonic() < end, f"{reached} was not reached"
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


@pytest.fixture(scope="module")
def learned(mace_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of two generations with MACE: killed in the dynamics and in the labelling, then continued."""
    folder = tmp_path_factory.mktemp("learn")
    file, output = settings(folder, "mace", generations=2, epochs=1), folder / "killed"
    for reached in ("explore/1/model_devi.out", "labelled.extxyz.journal"):
        kill_when(start_decant(tmp_path_factory, "learn", file, "-o", output), output / "gen-0" / reached)
    assert not (output / "gen-0" / "labelled.extxyz").is_file()
    said = run_decant("learn", file, "-o", output).stdout
    assert "ended by budget: 2 generations" in said
    return folder


def test_each_generation_has_a_row_that_adds_up_and_the_next_learns_from_its_frames(learned: Path) -> None:
    first, second = rows(learned / "killed")
    for row in (first, second):
        classes = [int(row[kind]) for kind in ("accurate", "candidate", "failed")]
        assert sum(classes) == int(row["explored"]) > 10
        assert float(row["test_force_rmse_meV_per_A"]) > 0
        assert 0 <= float(row["longest_stable_ps"]) <= 0.04
    assert int(first["labelled"]) >= 1 and second["labelled"] == ""
    assert int(second["train_frames"]) == int(first["train_frames"]) + int(first["labelled"])
    labels = read_frames(learned / "killed" / "gen-0" / "labelled.extxyz")
    assert all("accuracy=0.02" in atoms.info["label_settings"].split(",") for atoms in labels)
    collected = len(read_frames(learned / "killed" / "labelled.extxyz"))
    assert collected == len(read_frames(learned / "initial.extxyz")) + int(first["labelled"])
    costs = read_yaml(learned / "killed" / "gen-0" / "record.yaml")["seconds"]
    assert set(costs) == {"data", "fit", "export", "explore", "sort", "choose", "label"}


def test_killed_and_continued_it_gives_the_frames_of_an_uninterrupted_one(learned: Path) -> None:
    killed, whole = learned / "killed", learned / "whole"
    fitted = ("data", "fit", "export")  # the fits are those of the killed one; all that follows is done in one go
    for name in ("data", "models", "potentials", "committee"):
        shutil.copytree(killed / "gen-0" / name, whole / "gen-0" / name)
    shutil.copyfile(killed / "settings.yaml", whole / "settings.yaml")
    shutil.copytree(killed / "gen-1", whole / "gen-1")
    record = read_yaml(killed / "gen-0" / "record.yaml")
    kept = {key: record[key] for key in ("generation", "train", "epochs") if key in record}
    errors = {key: record[key] for key in record if key.startswith("test_")}
    seconds = {key: record["seconds"][key] for key in fitted}
    write_yaml(whole / "gen-0" / "record.yaml", {**kept, **errors, "done": list(fitted), "seconds": seconds})
    run_decant("learn", learned / "mace.yaml", "-o", whole)
    ran = read_yaml(killed / "gen-0" / "explore" / "1" / "status.yaml")["segment"]
    if ran:
        pytest.skip("the kill came after a restart file: the dynamics that continued from it has other random forces")
    assert rows(whole) == rows(killed)
    one, other = (read_frames(path / "gen-0" / "labelled.extxyz") for path in (whole, killed))
    assert [frame.info["REF_energy"] for frame in one] == [frame.info["REF_energy"] for frame in other]


def test_its_frames_say_where_they_are_from_and_split_like_any_others(learned: Path) -> None:
    collected = read_frames(learned / "killed" / "gen-0" / "labelled.extxyz")
    for frame in collected:
        assert frame.info["recipe"] == "active" and frame.info["generation"] == 0
        assert frame.info["driver"] == "mace" and frame.info["temperature"] == 50
        run, step = frame.info["parent"].split(":")
        assert frame.info["group"].endswith(f"-{run}") and int(step) >= 0
        assert WIDE[0] <= frame.info["max_devi_f"] < WIDE[1]
        assert frame.info["state"].startswith("CO:3 x1, 50 K, ")
        assert (frame.info["molecules"], frame.info["charge"], frame.info["spin"]) == ("CO:3", 0, 1)
    parts = split_frames([*read_frames(learned / "initial.extxyz"), *collected])
    held = [{frame.info["group"] for frame in part} for part in parts.values()]
    assert not (held[0] & held[1] or held[0] & held[2] or held[1] & held[2])


def test_other_settings_are_refused_and_a_finished_one_is_left_alone(learned: Path, tmp_path: Path) -> None:
    before = rows(learned / "killed")
    run_decant("learn", learned / "mace.yaml", "-o", learned / "killed")
    assert rows(learned / "killed") == before
    content = read_yaml(learned / "mace.yaml")
    other = learned / "other.yaml"
    other.write_text(yaml.safe_dump({**content, "deviation": [0.1, 1.0]}))
    said = run_decant("learn", other, "-o", learned / "killed", expect=2).stderr
    assert "was begun with deviation=[0.0001, 10000.0], not [0.1, 1.0]" in said
    (tmp_path / "mine.txt").write_text("")
    assert "holds mine.txt" in run_decant("learn", other, "-o", tmp_path, expect=2).stderr


def test_deep_potentials_take_the_same_steps(
    deepmd_potential: Path, deepmd_earlier_potential: Path, learned: Path, tmp_path: Path
) -> None:
    generation = Generation(read_settings(settings(learned, "deepmd", generations=1, epochs=1)), tmp_path, 0)
    write_committee([deepmd_potential, deepmd_earlier_potential], generation.path / "committee")
    lasted, found = generation.explore(), generation.sort()
    assert len(lasted["stable_ps"]) == len(lasted["end"]) == len(STATES)
    assert found["explored"] == found["accurate"] + found["candidate"] + found["failed"] > 10
    run = generation.path / "explore" / "1"
    deviation = read_model_deviation(run / DEVIATION)
    assert (deviation["max_devi_f"] > 0).all() and np.all(np.diff(deviation["step"]) > 0)


def test_the_recipe_active_gives_frames_of_a_committee(learned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    members = [str(learned / "killed" / "gen-0" / "potentials" / name) for name in "12"]
    entry = {
        "recipe": "active", "count": 3,
        "parameters": {
            "committee": members, "states": STATES[:1], "deviation": WIDE, "plausible": {"energy": 100.0},
        },
    }  # fmt: skip
    frames = build_entry(entry, 0, 1)
    assert 1 <= len(frames) <= 3
    assert {frame.info["recipe"] for frame in frames} == {"active"}
    assert len({frame.info["group"] for frame in frames}) == 1, "one run is one group"
    nothing = {**entry, "parameters": {**entry["parameters"], "deviation": [1e4, 1e5]}}
    said: list[str] = []
    monkeypatch.setattr("decant.learning.recipe.warn", said.append)
    assert build_entry(nothing, 0, 1) == []
    assert len(said) == 1 and "0 frames of" in said[0]


def test_a_committee_needs_two_members_of_one_kind(
    mace_potential: Path, deepmd_potential: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="needs two potentials or more, not 1"):
        write_committee([mace_potential], tmp_path / "c")
    with pytest.raises(InputError, match=r"algorithm deepmd, but .* has mace; a committee shares them"):
        write_committee([mace_potential, deepmd_potential], tmp_path / "c")
    assert not list(tmp_path.iterdir())
