"""Training programs run as children: their log, failures and ends."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from decant.algorithms.training import TrainingFailed, require_checkpoint, run_training, training_environment
from decant.foundation.errors import InputError
from decant.foundation.threads import PATIENCE, THREADS


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_lines_reach_the_log_and_the_caller(tmp_path: Path) -> None:
    lines: list[str] = []
    ended = run_training(python("print('one'); print('two')"), tmp_path, tmp_path / "log", lines.append)
    assert ended
    assert lines == ["one\n", "two\n"]
    assert (tmp_path / "log").read_text() == "one\ntwo\n"


def test_a_failure_tells_the_last_lines(tmp_path: Path) -> None:
    with pytest.raises(TrainingFailed, match=r"code 3; log: .*\n  the reason"):
        run_training(python("print('the reason'); raise SystemExit(3)"), tmp_path, tmp_path / "log", lambda line: None)


def test_a_program_that_ends_with_an_exception_is_told_in_one_line(tmp_path: Path) -> None:
    code = "def f(): raise RuntimeError('weights of\\n  another version')\nf()"
    with pytest.raises(TrainingFailed) as caught:
        run_training(python(code), tmp_path, tmp_path / "log", lambda line: None)
    said = f"ended with RuntimeError: weights of another version; log: {tmp_path / 'log'}"
    assert str(caught.value).endswith(said) and "\n" not in str(caught.value)
    assert "Traceback" in (tmp_path / "log").read_text(), "the log keeps the whole story"


def test_a_checkpoint_that_is_missing_or_cut_off_is_refused_before_a_program_fails_on_it(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "whole.pt", "w") as archive:
        archive.writestr("data.pkl", b"x" * 100)
    require_checkpoint(tmp_path / "whole.pt")
    (tmp_path / "half.pt").write_bytes((tmp_path / "whole.pt").read_bytes()[:60])
    for name, what in (("half.pt", "cut off or damaged"), ("none.pt", "missing")):
        with pytest.raises(InputError, match=rf"{name}: the checkpoint from which this fit would go on is {what}"):
            require_checkpoint(tmp_path / name)


def test_the_caller_ends_the_program_by_returning_true(tmp_path: Path) -> None:
    endless = "import time\nwhile True: print('tick', flush=True); time.sleep(0.05)"
    assert not run_training(python(endless), tmp_path, tmp_path / "log", lambda line: True)


def test_a_training_finds_its_threads_itself_unless_the_user_says_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*PATIENCE, THREADS):
        monkeypatch.delenv(name, raising=False)
    assert PATIENCE.items() <= training_environment().items()
    assert THREADS not in training_environment()
    monkeypatch.setenv(THREADS, "3")
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    assert training_environment().items() >= {THREADS: "3", "OMP_WAIT_POLICY": "ACTIVE"}.items()


def test_what_starts_a_training_of_mace_does_not_load_torch_to_learn_that_there_is_no_gpu() -> None:
    code = (
        "import sys; from ase import Atoms; from decant.algorithms.mace import training;"
        " training.has_gpu_driver = lambda: False; print(training.completed({}, [Atoms('H')])['device']);"
        " sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "cpu\n"), done.stderr
