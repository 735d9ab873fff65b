"""``dp --pt`` on as many threads as its steps gain from, which saves what it has when a time is over.

Run as ``python -m decant.algorithms.deepmd.train [--until TIME] [--lone_atoms JSON] <arguments of dp --pt>``.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from typing import Any

from decant.algorithms.training import save_whole, training_pace

THREADS = "DP_INTRA_OP_PARALLELISM_THREADS"
"""DeePMD-kit's own variable; where the user sets it, it wins."""


def keep_pace() -> Any:
    """Let every training step of this process be timed, and the number of threads follow; return what ends that."""
    from deepmd.pt.train.training import Trainer
    from torch.optim.optimizer import register_optimizer_step_post_hook

    pace, next_batch, atoms = training_pace(), Trainer._next_training_batch, 0

    def begin(trainer: Any, *arguments: Any) -> Any:
        nonlocal atoms
        pace.begin()
        batch = next_batch(trainer, *arguments)
        atoms = batch[0]["atype"].numel()
        return batch

    Trainer._next_training_batch = begin
    return register_optimizer_step_post_hook(lambda *_: pace.end(atoms))


def save_when(until: float) -> None:
    """Let a training save its model at the first step after a time (`time.time`), whatever its plan for that is."""
    from deepmd.pt.train.training import Trainer

    next_batch = Trainer._next_training_batch

    def begin(trainer: Any, *arguments: Any) -> Any:
        if time.time() > until:
            trainer.save_freq = 1
        return next_batch(trainer, *arguments)

    Trainer._next_training_batch = begin


def main() -> None:
    """Run ``dp --pt``."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--until", type=float)
    parser.add_argument("--lone_atoms", type=json.loads, metavar="JSON")
    own, words = parser.parse_known_args()
    # no processes that load batches: these are small, each step would wait for another process to have its turn, and
    # the course of a training would depend on the number of cores
    os.environ.setdefault("NUM_WORKERS", "0")
    if THREADS not in os.environ:
        keep_pace()
    if own.until is not None:
        save_when(own.until)
    if own.lone_atoms:
        from decant.algorithms.deepmd.lone_atoms import hold_lone_atoms

        hold_lone_atoms(own.lone_atoms)
    save_whole()
    from deepmd.main import main as dp

    dp(["--pt", *words])


if __name__ == "__main__":
    main()
