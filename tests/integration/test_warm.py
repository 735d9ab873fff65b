"""A training program that is forked by a warm process ends as one of its own would, whatever becomes of it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from decant.algorithms.training import training_environment
from tests.processes import working_in

DP = "from deepmd.main import main\n"


def started(folder: Path, code: str) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", DP + code, "one", "two"]
    environment = {**training_environment(), "SEASON": "winter"}
    return subprocess.Popen(
        words, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


@pytest.mark.parametrize(
    ("code", "ended", "said", "complained"),
    [
        (
            "import os, sys\nprint(sys.argv, os.environ['SEASON'], os.path.basename(os.getcwd()))",
            0,
            "['-c', 'one', 'two'] winter place\n",
            "",
        ),
        ("import sys\nsys.exit(3)", 3, "", ""),
        ("raise SystemExit('words')", 1, "", "words"),
        ("raise ValueError('words')", 1, "", "ValueError: words"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)", -signal.SIGSEGV, "", ""),
    ],
)
def test_it_has_its_arguments_and_ends_as_it_ends(
    code: str, ended: int, said: str, complained: str, tmp_path: Path
) -> None:
    (tmp_path / "place").mkdir()
    process = started(tmp_path / "place", code)
    output, errors = process.communicate(timeout=300)
    assert Path(process.args[2]).name == "warm.py"
    assert (process.returncode, output, errors.strip().split("\n")[-1]) == (ended, said, complained)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_ended_from_without_it_leaves_no_process(number: signal.Signals, tmp_path: Path) -> None:
    process = started(tmp_path, "import time\nprint('begun', flush=True)\ntime.sleep(300)")
    assert process.stdout is not None and process.stdout.readline() == "begun\n"
    assert len(working_in(tmp_path)) == 2
    process.send_signal(number)
    assert process.wait(timeout=60) == -number
    until = time.monotonic() + 20
    while working_in(tmp_path) and time.monotonic() < until:
        time.sleep(0.1)
    assert working_in(tmp_path) == []
    process.communicate()
