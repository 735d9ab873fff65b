"""A study is run by real jobs: killed and repeated it comes out the same, and what fails does not stop the rest."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from decant.data.frames import read_frames
from decant.foundation.files import read_yaml, write_yaml
from decant.workflow.outcome import State
from decant.workflow.status import read_status
from tests.integration.conftest import run_decant

STUDY = Path(__file__).parents[2] / "examples" / "studies" / "tiny.yaml"
COMMAND = [sys.executable, "-c", "from decant.cli.main import main; main()", "run", str(STUDY), "--no-report"]
CELL, MEOH, ACN = "methanol/mace/1", "methanol/mace/1/methanol/100K/1", "methanol/mace/1/acetonitrile/100K/1"


@dataclass(frozen=True)
class Ran:
    """A study's folder, and what the last call said."""

    folder: Path
    code: int
    said: str
    survivors: list[str]


def processes_in(folder: Path) -> list[str]:
    """Return the commands of the processes whose working directory is the folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").resolve() == folder.resolve():
                found.append((process / "cmdline").read_text().replace("\0", " "))
        except OSError:  # it has ended, or is not ours
            continue
    return found


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The tiny study, killed without warning as its fit begins, and continued by the same command."""
    folder = tmp_path_factory.mktemp("studies") / "tiny"
    command = [*COMMAND, "-o", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    reached, end = folder / "models" / CELL / "fit.yaml", time.monotonic() + 240
    while not reached.is_file():
        assert process.poll() is None and time.monotonic() < end, (folder / "snakemake.log").read_text()
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)  # the command alone: Snakemake and the jobs must notice themselves
    process.wait()
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    log = (folder / "snakemake.log").read_text()
    assert "rule fit" in log, log
    return Ran(folder, done.returncode, done.stdout + done.stderr, processes_in(folder))


def test_a_cell_that_fails_is_told_with_its_reason_and_the_others_are_finished(ran: Ran) -> None:
    assert ran.code == 1, ran.said
    assert (
        f"failed: simulate/{ACN}: --liquid ACN:8: ACN has the element N; the potential knows only H, C, O" in ran.said
    )
    assert f"not run because of simulate/{ACN}: 2 jobs" in ran.said
    done = {path.relative_to(ran.folder / "jobs").as_posix() for path in (ran.folder / "jobs").rglob("*.done")}
    names = {job["name"] for job in json.loads((ran.folder / "jobs.json").read_text())}
    assert {f"{name}.done" for name in names if ACN not in name} == done
    said, ended = (ran.folder / "jobs" / f"simulate/{ACN}.log").read_text().splitlines()[-2:]
    assert said.endswith("knows only H, C, O") and ended.endswith("with exit code 2, reason unknown-element")
    for name in done:
        assert "\ns\t" in "\n" + (ran.folder / "jobs" / name).with_suffix(".tsv").read_text(), "no wall time"


def test_one_line_tells_how_far_it_is_and_snakemake_is_kept_in_a_file(ran: Ran) -> None:
    lines = ran.said.splitlines()
    assert any(line.startswith("run: ") and "jobs/s" in line and "left" in line for line in lines)
    assert not any("rule" in line or "snakemake" in line.lower() for line in lines)


def test_a_kill_leaves_no_process_behind(ran: Ran) -> None:
    assert ran.survivors == []


def values(content: Any) -> Any:
    """Return numbers and texts without what two runs of the same may differ in: hashes of files that tell times."""
    if isinstance(content, dict):
        return {key: values(one) for key, one in content.items() if not key.startswith("sha256")}
    return content


def test_its_commands_repeated_by_hand_give_the_same(ran: Ran, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "inputs").symlink_to(ran.folder / "inputs")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    for job in json.loads((ran.folder / "jobs.json").read_text()):
        if job["kind"] in ("build", "label", "split", "fit", "export", "evaluate"):
            run_decant(*job["command"][1:])
    for part in ("train", "valid"):
        path = Path("data/methanol/split") / f"{part}.extxyz"
        ours, theirs = read_frames(path), read_frames(ran.folder / path)
        assert [atoms.info["REF_energy"] for atoms in ours] == [atoms.info["REF_energy"] for atoms in theirs]
    errors = Path("errors") / f"{CELL}.yaml"
    ours, theirs = (values(read_yaml(folder / errors)) for folder in (tmp_path, ran.folder))
    np.testing.assert_allclose(
        ours["force_meV_per_A"]["total"]["rmse"], theirs["force_meV_per_A"]["total"]["rmse"], rtol=1e-4
    )
    np.testing.assert_allclose(ours["energy_meV_per_atom"]["rmse"], theirs["energy_meV_per_atom"]["rmse"], rtol=1e-4)


def test_predictions_stand_beside_the_labels_of_the_test_set(ran: Ran) -> None:
    frames = read_frames(ran.folder / "errors" / f"{CELL}.extxyz")
    errors = read_yaml(ran.folder / "errors" / f"{CELL}.yaml")
    assert errors["frames"] == len(frames) == 3
    misses = np.concatenate([(atoms.arrays["forces"] - atoms.arrays["REF_forces"]).ravel() for atoms in frames])
    assert 1e3 * np.sqrt(np.mean(misses**2)) == pytest.approx(errors["force_meV_per_A"]["total"]["rmse"], rel=1e-4)
    for atoms in frames:
        assert atoms.info["recipe"] == "liquid"
        assert np.abs(atoms.arrays["intra_forces"] - atoms.arrays["forces"]).max() > 0
        assert np.isfinite([atoms.info["energy"], atoms.info["intra_energy"]]).all()


def test_a_study_that_is_done_is_left_as_it_is_and_reported_again_only_with_news(ran: Ran, tmp_path: Path) -> None:
    folder, file, report = tmp_path / "study", tmp_path / "study.yaml", tmp_path / "study" / "report.html"
    shutil.copytree(ran.folder, folder)
    content = read_yaml(STUDY)
    del content["simulations"]["acetonitrile"]
    write_yaml(file, content)
    assert "done: 11 of 11 jobs" in run_decant("run", file, "-o", folder, "--no-report").stdout
    report.write_text("of an earlier call")
    run_decant("run", file, "-o", folder)
    assert report.read_text() == "of an earlier call", "nothing is younger"
    os.utime(report, (0, 0))
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file() and path.suffix == ".yaml"}
    assert "done: 11 of 11 jobs" in run_decant("run", file, "-o", folder).stdout
    assert "<html" in report.read_text()
    assert before == {path: path.stat().st_mtime_ns for path in before}


def test_a_folder_in_use_or_of_something_else_is_refused(ran: Ran, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").touch()
    done = run_decant("run", STUDY, "-o", tmp_path, "--no-report", expect=2)
    assert "holds mine.txt but no study.yaml" in done.stderr


def test_the_studies_that_come_with_decant_are_valid_and_the_demonstration_takes_an_afternoon(tmp_path: Path) -> None:
    run_decant("init", "-o", tmp_path / "study.yaml")
    said = run_decant("validate", tmp_path / "study.yaml").stdout
    assert "potentials: " in said and "time on 2 cores" in said
    again = run_decant("init", "-o", tmp_path / "study.yaml", expect=2)
    assert "is there already" in again.stderr
    total = run_decant("validate", STUDY.with_name("ec-emc.yaml")).stdout.splitlines()[-1].split()
    assert total[0] == "all" and float(total[2]) <= 2.6  # as if no guard stopped a run; it took 2.15


def test_a_dry_run_shows_the_graph_with_what_is_left_and_writes_nothing(ran: Ran, tmp_path: Path) -> None:
    total = len(json.loads((ran.folder / "jobs.json").read_text()))
    for folder, left in ((ran.folder, 3), (tmp_path / "new", total)):
        lines = run_decant("run", STUDY, "-o", folder, "--dry-run").stdout.splitlines()
        (all_jobs,) = (line.split() for line in lines if line.startswith("all "))
        assert all_jobs[:3] == ["all", str(total), str(left)]
    assert not (tmp_path / "new").exists()


def test_the_status_of_a_finished_run_is_what_the_run_said(ran: Ran) -> None:
    said = run_decant("status", ran.folder, expect=1).stdout
    assert f"failed: simulate/{ACN}: --liquid ACN:8: ACN has the element N; the potential knows only H, C, O" in said
    assert f"not run because of simulate/{ACN}: 2 jobs" in said
    status = read_status(ran.folder)
    assert status.failed[f"simulate/{ACN}"].is_refusal
    assert not status.is_running and not status.of(State.INTERRUPTED) and len(status.of(State.WAITING)) == 2
    for job in status.of(State.DONE):
        assert job.log is not None and job.log.exit_code == 0 and job.seconds is not None
        assert job.log.started is not None and job.log.ended is not None
        assert (job.log.ended - job.log.started).total_seconds() == pytest.approx(job.seconds, abs=2.5)
