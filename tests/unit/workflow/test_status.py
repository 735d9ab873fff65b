"""`decant status` tells from a study's files alone what is done, runs, failed, was killed or waits, with times."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from decant.foundation.errors import InputError
from decant.foundation.locks import locked
from decant.workflow.job_log import logged
from decant.workflow.outcome import State
from decant.workflow.status import Status, read_status
from decant.workflow.status_text import kind_table, status_text
from tests.integration.conftest import run_decant


def entry(name: str, *inputs: str, seconds: float | None = 60.0) -> dict[str, Any]:
    kind, _, cell = name.partition("/")
    return {"name": name, "kind": kind, "cell": cell, "inputs": inputs, "cores": 2, "seconds": seconds}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A study with a job of each state; the one that runs is a real process."""
    (tmp_path / "study.yaml").touch()
    jobs = [
        entry("build/a"), entry("build/b"), entry("label/a", "build/a"), entry("label/b", "build/b"),
        entry("fit/a", "label/a"), entry("fit/b", "label/b", seconds=None), entry("export/b", "fit/b"),
    ]  # fmt: skip
    (tmp_path / "jobs.json").write_text(json.dumps(jobs))
    for kind in ("build", "label", "fit"):
        (tmp_path / "jobs" / kind).mkdir(parents=True)
    (tmp_path / "jobs/build/a.done").touch()
    (tmp_path / "jobs/build/a.tsv").write_text("s\th:m:s\n90.0\t0:01:30\n")
    begin(tmp_path, "build/b", "echo packing; echo decant: error: no room; exit 2").wait()
    process = begin(tmp_path, "label/a", "echo label: 1/4 frames; exec sleep 60")
    (tmp_path / "jobs/fit/a.log").write_text("started 2026-01-02T03:04:05+00:00 on node7\nfit: 1/9 epochs\n")
    while "frames" not in (tmp_path / "jobs/label/a.log").read_text():
        assert process.poll() is None
    yield tmp_path
    subprocess.run(["pkill", "-g", str(process.pid)], check=True)
    process.wait()


def begin(folder: Path, name: str, command: str) -> subprocess.Popen[bytes]:
    log = folder / "jobs" / f"{name}.log"
    log.touch()
    return subprocess.Popen(["bash", "-c", logged(command, str(log))], start_new_session=True)


@pytest.fixture
def status(folder: Path) -> Status:
    return read_status(folder)


def test_every_job_stands_as_its_files_say(status: Status) -> None:
    assert {name: job.state.value for name, job in status.jobs.items()} == {
        "build/a": "done", "build/b": "failed", "label/a": "running", "label/b": "waiting", "fit/a": "interrupted",
        "fit/b": "waiting", "export/b": "waiting",
    }  # fmt: skip
    assert status.stopped == {"label/b": "build/b", "fit/b": "build/b", "export/b": "build/b"}


def test_times_are_measured_ones_and_what_is_left_is_the_estimate(status: Status) -> None:
    assert status.jobs["build/a"].seconds == 90.0 and status.jobs["build/a"].core_seconds == 180.0
    running = status.jobs["label/a"]
    assert running.seconds is not None and running.left == pytest.approx(60.0 - running.seconds)
    assert status.jobs["fit/a"].left == 60.0 and status.jobs["fit/b"].left is None


def test_the_table_counts_by_kind_and_leaves_out_what_cannot_be_run(status: Status) -> None:
    lines = [line.split() for line in kind_table(status).splitlines()]
    assert lines[0] == ["done", "running", "failed", "interrupted", "waiting", "used", "left"]
    rows = {line[0]: line[1:] for line in lines[2:]}
    assert len(rows["build"]) == 3 and rows["build"][:2] == ["1", "1"]  # nothing of it is left but what failed
    assert rows["all"][:5] == ["1", "1", "1", "1", "3"]
    assert rows["export"] == ["1"]


def test_it_shows_what_runs_what_was_killed_and_the_end_of_the_log_of_what_failed(status: Status) -> None:
    text = status_text(status)
    assert "1 of 7 jobs done; jobs run that no 'decant run' waits for" in text
    assert "label/a  0:0" in text and "of about 1:00 on " in text and "\n    label: 1/4 frames\n" in text
    assert "fit/a  ended without a word after " in text
    assert "failed: build/b: no room\n  its log, jobs/build/b.log, ends with\n    packing\n" in text
    assert "not run because of build/b: 3 jobs" in text
    assert "waiting" not in text.split("\n", 4)[-1]  # single jobs are listed on request
    assert "export/b  waiting" in " ".join(status_text(status, every=True).split(" " * 5))


def test_it_says_whether_a_run_goes_on(folder: Path) -> None:
    with locked(folder):
        assert read_status(folder).is_running and "a run goes on" in status_text(read_status(folder))
    for name in json.loads((folder / "jobs.json").read_text()):
        marker = folder / "jobs" / f"{name['name']}.done"
        marker.parent.mkdir(exist_ok=True)
        marker.touch()
    finished = read_status(folder)
    assert "7 of 7 jobs done; finished" in status_text(finished) and not finished.of(State.RUNNING)


def test_the_exit_code_is_that_of_a_run(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.name != "a.log"}
    assert "build/b" in run_decant("status", folder, expect=1).stdout
    assert before == {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.name != "a.log"}
    (folder / "jobs/build/b.log").unlink()
    run_decant("status", folder, expect=0)
    assert "has no study.yaml" in run_decant("status", tmp_path_factory.mktemp("other"), expect=2).stderr
    (folder / "jobs.json").write_text("[{}]")
    with pytest.raises(InputError, match=r"jobs\.json: not a list of jobs"):
        read_status(folder)
