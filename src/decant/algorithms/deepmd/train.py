"""``dp --pt`` on as many threads as its steps gain from.

Run as ``python -m decant.algorithms.deepmd.train <arguments of dp --pt>``.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from decant.algorithms.training import training_pace

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


def main() -> None:
    """Run ``dp --pt``."""
    # no processes that load batches: these are small, each step would wait for another process to have its turn, and
    # the course of a training would depend on the number of cores
    os.environ.setdefault("NUM_WORKERS", "0")
    if THREADS not in os.environ:
        keep_pace()
    from deepmd.main import main as dp

    dp(["--pt", *sys.argv[1:]])


if __name__ == "__main__":
    main()
