"""MACE's learning rate over a budget of epochs or of wall time."""

from __future__ import annotations

import argparse
import time
from types import SimpleNamespace

import pytest


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
