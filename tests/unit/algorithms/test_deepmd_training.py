"""The plan of a Deep Potential's training: what a limit of time leaves for its steps."""

from __future__ import annotations

from pathlib import Path

import pytest
from ase.build import molecule

from decant.algorithms.base import FitTask
from decant.algorithms.deepmd.training import Training


def training(folder: Path, max_time: float | None, max_epochs: int | None = None) -> Training:
    frames = [molecule("CH4") for _ in range(4)]
    return Training(FitTask(frames, frames, folder, {"batch_atoms": 5}, 1, max_time, max_epochs), frames, frames)


def test_a_limit_of_time_holds_start_training_and_freezing(tmp_path: Path) -> None:
    one = training(tmp_path, 60.0)
    one.start_up, one.step_time = 12.0, 0.5
    one.plan()
    assert one.limit == 48.0
    assert one.start_up + one.steps * one.step_time <= one.limit, "what is left of the minute freezes the model"
    assert one.steps == 72


def test_time_before_the_training_program_counts(tmp_path: Path) -> None:
    one = training(tmp_path, 60.0)
    one.launched -= 7.0
    one.account()
    assert one.used == pytest.approx(7.0, abs=0.5)
    one.account()
    assert one.used == pytest.approx(7.0, abs=0.5), "once"


def test_a_training_past_its_limit_ends_at_its_next_checkpoint(tmp_path: Path) -> None:
    one = training(tmp_path, 60.0)
    one.steps, one.done, one.used = 1000, 10, 59.0
    assert one.off_plan(running=11.0)
    one.plan()
    assert one.steps == one.done


def test_a_limit_of_epochs_alone_is_no_limit_of_time(tmp_path: Path) -> None:
    one = training(tmp_path, None, max_epochs=3)
    one.plan()
    assert one.limit is None and one.steps == 12 and not one.off_plan(running=1e6)
