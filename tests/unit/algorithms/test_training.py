"""Training programs run as children: their log, failures and ends; and MACE's schedule over a budget."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from types import SimpleNamespace

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


def schedule(max_epochs: int, rate: float = 0.02):  # type: ignore[no-untyped-def]
    from decant.algorithms.mace.train import BudgetSchedule

    optimizer = SimpleNamespace(param_groups=[{"lr": rate}, {"lr": 0.5 * rate}])
    return BudgetSchedule(optimizer, argparse.Namespace(max_num_epochs=max_epochs)), optimizer


def test_the_learning_rate_falls_to_a_hundredth_over_the_epochs() -> None:
    plan, optimizer = schedule(100)
    rates = []
    for _ in range(99):
        plan.step()
        rates.append(optimizer.param_groups[0]["lr"])
        assert optimizer.param_groups[1]["lr"] == pytest.approx(0.5 * rates[-1])
    assert rates == sorted(rates, reverse=True)
    assert rates[0] == pytest.approx(0.02, rel=1e-2)
    assert rates[49] == pytest.approx(0.01, rel=0.05)
    assert rates[-1] == pytest.approx(0.0002, rel=0.02)


def test_a_continued_schedule_goes_on_where_the_checkpoint_stood() -> None:
    whole, whole_optimizer = schedule(50)
    for _ in range(20):
        whole.step()
    continued, continued_optimizer = schedule(50)
    continued.load_state_dict(whole.state_dict())
    whole.step()
    continued.step()
    assert continued_optimizer.param_groups[0]["lr"] == pytest.approx(whole_optimizer.param_groups[0]["lr"])
    assert continued.used() >= whole.used_before


def test_no_epoch_begins_that_would_end_after_the_wall_time(monkeypatch: pytest.MonkeyPatch) -> None:
    from decant.algorithms.mace import train as mace_train

    monkeypatch.setattr(mace_train.BudgetSchedule, "wall_time", 1.0e6)
    plan, optimizer = schedule(1000000)
    plan.load_state_dict({"used": 0.5e6, "epoch": 3})
    plan.step()
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.02 * 0.505, rel=0.01)
    plan.load_state_dict({"used": 1.0e6, "epoch": 4})
    with pytest.raises(mace_train.BudgetUsed):
        plan.step()


def test_the_wall_time_counts_from_the_launch_and_leaves_room_for_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    from decant.algorithms.mace import train as mace_train

    now = time.monotonic()
    monkeypatch.setattr(mace_train.BudgetSchedule, "wall_time", 100.0)
    monkeypatch.setattr(mace_train.BudgetSchedule, "launched", now - 60.0)
    monkeypatch.setattr(mace_train.BudgetSchedule, "first_step", now - 20.0)  # 40 s of start, so 20 s for the end
    plan, _ = schedule(1000000)
    plan.step()  # 60 of 80 s are used
    monkeypatch.setattr(mace_train.BudgetSchedule, "launched", now - 85.0)
    monkeypatch.setattr(mace_train.BudgetSchedule, "first_step", now - 45.0)
    with pytest.raises(mace_train.BudgetUsed):
        plan.step()
