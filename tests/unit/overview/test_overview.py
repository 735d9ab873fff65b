"""What a folder holds is told by its own files, and what comes next is a command that has not been run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from decant.overview.overview import as_text, overview
from tests.conftest import REPOSITORY
from tests.unit.scored_runs import write_run


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of somebody's work, in which one is."""
    monkeypatch.chdir(tmp_path)
    for name in ("data", "models/a", "potentials", "runs/first", "study"):
        Path(name).mkdir(parents=True)
    Path("made.extxyz").write_text("1\nProperties=species:S:1:pos:R:3\nH 0 0 0\n")
    Path("labelled.extxyz").write_text("1\nProperties=species:S:1:pos:R:3 REF_energy=-1.0\nH 0 0 0\n")
    Path("data/train.extxyz").touch()
    Path("models/a/fit.yaml").write_text("{state: finished, algorithm: mace, preset: small, epochs: 12.0}")
    Path("study/jobs.json").write_text("{}")
    return Path()


def after(folder: Path) -> dict[str, str]:
    return {str(work.path): work.after for work in overview(folder)}


def test_the_next_command_follows_from_what_is_there(folder: Path) -> None:
    assert after(folder) == {
        "labelled.extxyz": "decant split labelled.extxyz -o labelled",
        "made.extxyz": "decant label made.extxyz -o made-labelled.extxyz",
        "data": "decant fit mace data -o models/data",
        "models/a": "decant export models/a -o potentials/a",
        "study": "decant status study",
    }


def test_what_is_done_is_not_proposed_again(folder: Path) -> None:
    shutil.copytree(REPOSITORY / "models" / "ec-emc-mace", "potentials/a")
    found = after(folder)
    assert found["models/a"] == ""
    assert found["potentials/a"] == ""  # its card has a check


def test_an_unfinished_fit_is_told_and_not_exported(folder: Path) -> None:
    Path("models/a/fit.yaml").write_text("{state: interrupted, algorithm: mace, preset: small}")
    assert next(work for work in overview(folder) if work.kind == "fit").state.startswith("interrupted")
    assert after(folder)["models/a"] == ""


def test_a_run_that_went_on_since_it_was_analysed_is_to_be_analysed_again(folder: Path) -> None:
    run = write_run(Path("runs/longer"), status={"state": "completed", "segment": 0})
    (run / "status.yaml").write_text("{state: completed, segment: 0}")
    assert after(folder)["runs/longer"] == ""
    (run / "status.yaml").write_text("{state: completed, segment: 1}")
    assert after(folder)["runs/longer"] == "decant analyze runs/longer"


def test_a_damaged_piece_is_told_and_the_others_too(folder: Path) -> None:
    Path("runs/first/run.yaml").write_text("{liquid: [}")
    found = {work.kind: work for work in overview(folder)}
    assert found["run"].state.startswith("damaged: runs/first/run.yaml")
    assert "fit" in found


def test_an_empty_folder_says_how_to_begin(tmp_path: Path) -> None:
    text = as_text(overview(tmp_path), tmp_path)
    assert "nothing of decant's work here yet" in text
    assert "decant doctor" in text
