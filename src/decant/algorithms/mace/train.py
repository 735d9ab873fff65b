"""``mace_run_train`` with a learning rate that anneals over a given wall time, and an end that keeps to it.

Run as ``python -m decant.algorithms.mace.train [--wall_time SECONDS --launched TIME] <options of mace_run_train>``.
MACE's own schedules know epochs only, and how many epochs fit into an hour depends on the machine and on who else is
using it; here the learning rate follows a cosine over the fraction of the budget that is used, be it time or epochs.
The number of threads follows what the steps gain from it.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import math
import sys
import time
from typing import Any

from mace.cli import run_train

from decant.algorithms.training import training_pace
from mace import tools

FINAL_RATE = 0.01  # last learning rate, as a fraction of the first
CLOSING = 0.5
"""Time that writing the best model takes, relative to the time before the first step: data and model are made again."""
TELL_S = 2.0
"""Seconds between two words on the steps."""


class BudgetUsed(Exception):
    """No further epoch fits into the wall time."""


class BudgetSchedule:
    """A learning-rate schedule over the used fraction of wall time or epochs; takes the place of MACE's own.

    Its state, which MACE stores in each checkpoint, holds the time used so far, so that a continued training goes on
    where the interrupted one stood.
    """

    wall_time: float | None = None
    launched = time.monotonic()  # on this clock, with the imports that took a while
    first_step: float | None = None

    def __init__(self, optimizer: Any, args: argparse.Namespace):
        self.optimizer = optimizer
        self.first_rates = [group["lr"] for group in optimizer.param_groups]
        self.max_epochs = args.max_num_epochs
        self.used_before = 0.0
        self.epoch = 0
        self._last_step = time.monotonic()

    def used(self) -> float:
        """Return the seconds used by this process and those it continues."""
        return self.used_before + time.monotonic() - self.launched

    def closing(self) -> float:
        """Return the seconds that the end of the training is expected to take."""
        return CLOSING * ((self.first_step or self.launched) - self.launched)

    def step(self, metrics: Any = None, epoch: Any = None) -> None:
        """Set the learning rate of the epoch that begins; MACE calls this between epochs.

        Raises
        ------
        BudgetUsed
            If an epoch as long as the last one would end after the wall time.
        """
        now = time.monotonic()
        last_epoch, self._last_step = now - self._last_step, now
        self.epoch += 1
        fraction = (self.epoch + 0.5) / self.max_epochs
        if self.wall_time is not None:
            limit = self.wall_time - self.closing()
            if self.used() + last_epoch > limit:
                raise BudgetUsed
            fraction = max(fraction, (self.used() + 0.5 * last_epoch) / limit)
        factor = FINAL_RATE + (1.0 - FINAL_RATE) * 0.5 * (1.0 + math.cos(math.pi * min(fraction, 1.0)))
        for group, rate in zip(self.optimizer.param_groups, self.first_rates, strict=True):
            group["lr"] = factor * rate

    def state_dict(self) -> dict[str, float]:
        """Return what a checkpoint stores."""
        return {"used": self.used(), "epoch": self.epoch}

    def load_state_dict(self, state: dict[str, float]) -> None:
        """Continue from a checkpoint."""
        self.used_before, self.epoch = state["used"], int(state["epoch"])
        print(f"decant: continuing after epoch {self.epoch} and {self.used_before:.0f} s")


def keep_pace() -> None:
    """Let every optimizer step be timed, the number of threads follow, and the number of steps be told."""
    train: Any = importlib.import_module("mace.tools.train")  # the package has a function of this name, too
    pace, take_step = training_pace(), train.take_step
    steps, told = 0, 0.0

    def timed(*arguments: Any, **options: Any) -> Any:
        nonlocal steps, told
        now = time.monotonic()
        BudgetSchedule.first_step = BudgetSchedule.first_step or now
        with pace.step(options["batch"].edge_index.shape[1]):
            result = take_step(*arguments, **options)
        steps += 1
        if now - told > TELL_S:
            told = now
            print(f"decant: step {steps}", flush=True)
        return result

    train.take_step = timed


def main() -> None:
    """Train, and write the model of the best checkpoint when the budget is used."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--wall_time", type=float)
    parser.add_argument("--launched", type=float, default=time.time())
    own, rest = parser.parse_known_args()
    sys.argv[1:] = rest
    BudgetSchedule.wall_time = own.wall_time
    BudgetSchedule.launched = time.monotonic() - (time.time() - own.launched)
    run_train.LRScheduler = BudgetSchedule
    keep_pace()
    try:
        run_train.main()
    except BudgetUsed:
        logging.info("Wall time used; writing the model of the best checkpoint")
        logging.getLogger().handlers.clear()  # MACE adds its handlers once more
        args = tools.build_default_arg_parser().parse_args(rest)
        args.restart_latest, args.max_num_epochs = True, 0
        run_train.run(args)


if __name__ == "__main__":
    main()
