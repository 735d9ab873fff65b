"""The log of a job tells when it began and how it ended, and whether a process of it is alive, killed or not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from decant.foundation.errors import UnknownElement
from decant.workflow.job_log import TAIL, JobLog, logged, read_log


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "job.log"


def run(command: str, log: Path) -> int:
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"{logged(command, str(log))}\nexit $code"], check=False
    ).returncode


def read(log: Path) -> JobLog:
    found = read_log(log)
    assert found is not None
    return found


def soon(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_job_that_has_not_begun_has_none(log: Path) -> None:
    assert read_log(log) is None


def test_it_tells_when_and_where_the_job_ran_and_its_words(log: Path) -> None:
    before = datetime.now().astimezone()
    assert run("echo one; echo two >&2", log) == 0
    found = read(log)
    assert found.started is not None and found.ended is not None
    assert before.replace(microsecond=0) <= found.started <= found.ended <= datetime.now().astimezone()
    assert found.host == os.uname().nodename
    assert found.exit_code == 0 and not found.has_failed and not found.is_held
    assert found.words == ("one", "two")


@pytest.mark.parametrize(
    ("command", "code", "reason"),
    [
        ("echo working; exit 3", 3, "ended with exit code 3; its last words: working"),
        ("echo working; echo decant: error: no data; exit 2", 2, "no data"),
        ("false", 1, "ended with exit code 1; its last words: none"),
        ("sh -c 'kill -9 $$'", 137, "ended with exit code 137; its last words: none"),
    ],
)
def test_a_failure_keeps_its_exit_code_and_its_own_words(log: Path, command: str, code: int, reason: str) -> None:
    assert run(command, log) == code
    found = read(log)
    assert found.has_failed and found.exit_code == code and found.reason.startswith(reason)


REFUSING = """
import typer
from decant.cli import main
from decant.foundation.errors import UnknownElement

application = typer.Typer()
application.callback()(main.alone)

@application.command()
def go():
    raise UnknownElement("never seen")

main.application = lambda: application
main.main()
"""
REFUSAL = "decant: error: --liquid ACN:8: ACN has the element N; the potential knows only H, C, O"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (
            f'echo "decant: error: never seen"; echo {UnknownElement.code} > "$DECANT_REASON"; exit 2',
            UnknownElement.code,
        ),
        ('echo "decant: error: no data"; exit 2', ""),
        ("echo working; exit 3", ""),
    ],
)
def test_a_failure_has_the_code_that_its_command_told(log: Path, command: str, code: str) -> None:
    assert run(command, log) == (3 if "working" in command else 2)
    found = read(log)
    assert found.has_failed and found.code == code and not found.words[-1].startswith("ended")
    assert [file.name for file in log.parent.iterdir()] == [log.name]


def test_a_code_of_an_attempt_that_was_killed_is_not_that_of_the_next(log: Path) -> None:
    Path(f"{log}.reason").write_text(UnknownElement.code)
    assert run("echo decant: error: no data; exit 2", log) == 2
    assert read(log).code == ""


def test_the_command_line_tells_the_code_of_what_it_refuses(log: Path) -> None:
    program = log.with_name("program.py")
    program.write_text(REFUSING)
    assert run(f"{sys.executable} {program} go", log) == 2
    assert read(log).words == ("decant: error: never seen",) and read(log).code == UnknownElement.code
    assert log.read_text().endswith("with exit code 2, reason unknown-element\n")


@pytest.mark.parametrize("end", ["", "ended 2026-01-02T03:04:09+00:00 with exit code 2\n"])
def test_a_log_of_a_version_without_codes_is_told_by_its_words(log: Path, end: str) -> None:
    log.write_text(f"started 2026-01-02T03:04:05+00:00 on here\n{REFUSAL}\n{end}")
    assert read(log).code == UnknownElement.code
    log.write_text(f"started 2026-01-02T03:04:05+00:00 on here\ndecant: error: no data\n{end}")
    assert read(log).code == ""
    log.write_text("started 2026-01-02T03:04:05+00:00 on here\na line with: the potential knows only\n")
    assert read(log).code == ""


def test_a_killed_job_is_told_from_one_that_runs_also_when_its_shell_alone_was_killed(log: Path) -> None:
    line = logged("echo begun; sleep 60 & echo $! >> pid; wait", str(log)).replace("pid", str(log.with_name("pid")))
    process = subprocess.Popen(["bash", "-c", line], start_new_session=True)
    soon(lambda: log.with_name("pid").exists() and log.exists() and "begun" in log.read_text() and read(log).is_held)
    child = int(log.with_name("pid").read_text())
    assert read(log).exit_code is None and not read(log).has_failed
    for other in subprocess.run(["pgrep", "-g", str(process.pid)], capture_output=True, text=True).stdout.split():
        if int(other) != child:
            os.kill(int(other), signal.SIGKILL)
    process.wait()
    assert read(log).is_held  # what it started is still at work
    os.kill(child, signal.SIGKILL)
    soon(lambda: not read(log).is_held)
    assert read(log).exit_code is None
    assert read(log).reason == "ended without saying why; its last words: begun"


def test_of_a_long_log_only_the_end_is_read(log: Path) -> None:
    assert run(f"yes word | head -n {TAIL}; echo last", log) == 0
    found = read(log)
    assert found.started is not None and found.words[-1] == "last" and len(found.words) < TAIL


def test_a_log_without_its_frame_is_read_for_its_words(log: Path) -> None:
    log.write_text("fit: 3/9 epochs\rfit: 4/9 epochs\n")
    found = read(log)
    assert found.started is None and found.words[-1] == "fit: 4/9 epochs"
