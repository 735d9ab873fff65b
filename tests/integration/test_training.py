"""Steps of a training with torch itself: timed, with the threads that suit them."""

from __future__ import annotations

import importlib
import os
from types import SimpleNamespace

import numpy as np
import pytest

from decant.foundation.threads import THREADS


def test_every_step_of_mace_is_timed_and_the_threads_of_torch_follow(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from decant.algorithms.mace.train import keep_pace

    tools = importlib.import_module("mace.tools.train")
    threads, seen = torch.get_num_threads(), []
    monkeypatch.delenv(THREADS, raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 1})
    monkeypatch.setattr("decant.foundation.threads.Pace.TURN", 0.0)

    def take_step(batch: SimpleNamespace) -> str:
        seen.append(torch.get_num_threads())
        return "done"

    monkeypatch.setattr(tools, "take_step", take_step)
    keep_pace()
    batch = SimpleNamespace(edge_index=np.zeros((2, 5)))
    assert [tools.take_step(batch=batch) for _ in range(50)] == ["done"] * 50
    torch.set_num_threads(threads)
    assert set(seen) == {1, 2}
