"""A training with torch itself: its steps are timed, their threads suit them, and its checkpoints are whole."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
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


class Unfinished:
    """What ends a writer in the middle of its file."""

    def __reduce__(self) -> str:
        raise KeyboardInterrupt


def test_a_checkpoint_that_was_not_finished_takes_the_place_of_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from decant.algorithms.mace.train import keep_the_last_checkpoint
    from decant.algorithms.training import require_checkpoint, save_whole
    from mace import tools

    monkeypatch.setattr(torch, "save", torch.save)
    monkeypatch.setattr(tools.CheckpointIO, "save", tools.CheckpointIO.save)
    save_whole()
    keep_the_last_checkpoint()
    store = tools.CheckpointIO(str(tmp_path), "mace_run-1")
    store.save({"weights": torch.zeros(1000)}, 0)
    for epoch in (0, 1):  # in its own place, and as the next one
        with pytest.raises(KeyboardInterrupt):
            store.save({"weights": torch.zeros(1000), "rest": Unfinished()}, epoch)
        assert [path.name for path in tmp_path.iterdir()] == ["mace_run-1_epoch-0.pt"]
        require_checkpoint(tmp_path / "mace_run-1_epoch-0.pt")
        store.old_path = str(tmp_path / "mace_run-1_epoch-0.pt")
    store.save({"weights": torch.ones(1000)}, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["mace_run-1_epoch-1.pt"]
