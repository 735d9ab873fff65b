"""``mace_run_train`` with a learning rate that anneals over a given wall time, and an end that keeps to it.

Run as ``python -m decant.algorithms.mace.train [--wall_time S --launched TIME --lone_atoms JSON --torch_steps]
OPTIONS``, the rest of them for ``mace_run_train``. MACE's own schedules know epochs only, and how many epochs fit into
an hour depends on the machine and on who else is using it; here the learning rate follows a cosine over the fraction of
the budget that is used, be it time or epochs, and an epoch that is longer than what is left of the time ends early.
Lone atoms are held to their labels. On a CPU compiled code computes the steps of the models that it knows. The number
of threads follows what the steps gain from it.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import logging
import math
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mace.cli import run_train

from decant.algorithms.mace.training import MODEL_FILE
from decant.algorithms.training import HELD, save_whole, training_pace
from mace import tools

FINAL_RATE = 0.01  # last learning rate, as a fraction of the first
CLOSING = 0.5
"""Time that writing the best model takes, relative to the time before the first step: data and model are made again."""
TELL_S = 2.0
"""Seconds between two words on the steps."""


class BudgetUsed(Exception):
    """No further epoch fits into the wall time."""


class EpochCut(Exception):
    """No further step of an epoch fits into the wall time."""


class BudgetSchedule:
    """A learning-rate schedule over the used fraction of wall time or epochs; takes the place of MACE's own.

    Its state, which MACE stores in each checkpoint, holds the time used so far, so that a continued training goes on
    where the interrupted one stood.
    """

    wall_time: float | None = None
    launched = time.monotonic()  # on this clock, with the imports that took a while
    first_step: float | None = None
    current: BudgetSchedule | None = None  # that of the training of this process

    def __init__(self, optimizer: Any, args: argparse.Namespace):
        self.optimizer = optimizer
        self.first_rates = [group["lr"] for group in optimizer.param_groups]
        self.max_epochs = args.max_num_epochs
        self.used_before = 0.0
        self.epoch = 0
        self.validations: dict[int, float] = {}  # seconds of the last one, of each set
        self._last_step = time.monotonic()
        BudgetSchedule.current = self

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
        if self.wall_time is not None and self.used() + last_epoch > self.wall_time - self.closing():
            raise BudgetUsed
        self.anneal()

    def fraction(self) -> float:
        """Return the larger of the used fractions of epochs and time."""
        epochs = (self.epoch + 0.5) / self.max_epochs
        if self.wall_time is None:
            return min(epochs, 1.0)
        return min(max(epochs, self.used() / max(self.wall_time - self.closing(), 1e-9)), 1.0)

    def anneal(self) -> None:
        """Set the learning rate by the used fraction."""
        factor = FINAL_RATE + (1.0 - FINAL_RATE) * 0.5 * (1.0 + math.cos(math.pi * self.fraction()))
        for group, rate in zip(self.optimizer.param_groups, self.first_rates, strict=True):
            group["lr"] = factor * rate

    def within_epoch(self, step: float) -> None:
        """Follow the time after a step that took so many seconds.

        Raises
        ------
        EpochCut
            If a validation after another step would end after the wall time.
        """
        if self.wall_time is None:
            return
        if self.used() + step + sum(self.validations.values()) > self.wall_time - self.closing():
            raise EpochCut
        self.anneal()

    def state_dict(self) -> dict[str, float]:
        """Return what a checkpoint stores."""
        return {"used": self.used(), "epoch": self.epoch}

    def load_state_dict(self, state: dict[str, float]) -> None:
        """Continue from a checkpoint."""
        self.used_before, self.epoch = state["used"], int(state["epoch"])
        print(f"decant: continuing after epoch {self.epoch} and {self.used_before:.0f} s")


def keep_pace() -> None:
    """Let every optimizer step be timed, the number of threads follow, the number of steps be told, and epochs end."""
    train: Any = importlib.import_module("mace.tools.train")  # the package has a function of this name, too
    pace, take_step, one_epoch, evaluate = training_pace(), train.take_step, train.train_one_epoch, train.evaluate
    steps, within, told = 0, 0, 0.0

    def timed(*arguments: Any, **options: Any) -> Any:
        nonlocal steps, within, told
        now = time.monotonic()
        BudgetSchedule.first_step = BudgetSchedule.first_step or now
        with pace.step(options["batch"].edge_index.shape[1]):
            result = take_step(*arguments, **options)
        steps, within = steps + 1, within + 1
        if now - told > TELL_S:
            told = now
            print(f"decant: step {steps}", flush=True)
        if BudgetSchedule.current:
            BudgetSchedule.current.within_epoch(time.monotonic() - now)
        return result

    def until_the_limit(*arguments: Any, **options: Any) -> None:
        nonlocal within
        within, batches = 0, len(options["data_loader"])
        try:
            one_epoch(*arguments, **options)
        except EpochCut:
            if within < batches:
                print(f"decant: epoch {options['epoch']} ended after {within} of {batches} batches", flush=True)

    def validated(*arguments: Any, **options: Any) -> Any:
        began = time.monotonic()
        result = evaluate(*arguments, **options)
        if BudgetSchedule.current:
            BudgetSchedule.current.validations[id(options["data_loader"])] = time.monotonic() - began
        return result

    train.take_step, train.train_one_epoch, train.evaluate = timed, until_the_limit, validated


def keep_the_last_checkpoint() -> None:
    """Let MACE remove a checkpoint when the next one stands, and not before."""
    store: Any = tools.CheckpointIO
    save = store.save

    def then_remove(self: Any, checkpoint: Any, epochs: int, keep_last: bool = False) -> None:
        before, self.old_path = self.old_path, None
        save(self, checkpoint, epochs, keep_last)
        if before and before != self.old_path and not self.keep and not keep_last:
            Path(before).unlink(missing_ok=True)

    store.save = then_remove


def hold_lone_atoms(labels: Mapping[str, float]) -> Any:
    """Let every step and every validation of this process see lone atoms with their labels."""
    from decant.algorithms.mace.lone_atoms import LoneAtoms

    train: Any = importlib.import_module("mace.tools.train")
    print(HELD, flush=True)
    lone, evaluate = LoneAtoms(labels), train.evaluate

    def holding(step: Any) -> Any:
        def held(*arguments: Any, model: Any, **options: Any) -> Any:
            return step(*arguments, model=lone.held(model), **options)

        return held

    def settled(*arguments: Any, model: Any, **options: Any) -> Any:
        lone.settle(model)  # before a checkpoint of the same weights
        return evaluate(*arguments, model=model, **options)

    train.take_step, train.take_step_lbfgs = holding(train.take_step), holding(train.take_step_lbfgs)
    train.evaluate = settled
    return lone


def compile_steps() -> None:
    """Let compiled code compute the steps and the validations of the models that it knows, where they are on a CPU.

    What is left of such a step is small, so batches, optimizer and average are made for it, too.
    """
    from decant.algorithms.mace.batches import collate
    from decant.algorithms.mace.compiled_training import Compiled, CompiledModel
    from decant.algorithms.mace.optimizer import MovingAverage, fuse

    train: Any = importlib.import_module("mace.tools.train")
    compiled = Compiled(lambda how: print(f"decant: steps by {how}", flush=True))

    def compiling(work: Any) -> Any:
        def on_compiled(*arguments: Any, model: Any, data_loader: Any, **options: Any) -> Any:
            seen = compiled(model)
            if isinstance(seen, CompiledModel):
                data_loader.collate_fn = collate
                fuse(options.get("optimizer"))
            return work(*arguments, model=seen, data_loader=data_loader, **options)

        return on_compiled

    train.train_one_epoch, train.evaluate = compiling(train.train_one_epoch), compiling(train.evaluate)
    run_train.ExponentialMovingAverage = MovingAverage


def main() -> None:
    """Train, and write the model of the best checkpoint when the budget is used."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--wall_time", type=float)
    parser.add_argument("--launched", type=float, default=time.time())
    parser.add_argument("--lone_atoms", type=json.loads, metavar="JSON")
    parser.add_argument("--torch_steps", action="store_true")
    own, rest = parser.parse_known_args()
    sys.argv[1:] = rest
    BudgetSchedule.wall_time = own.wall_time
    BudgetSchedule.launched = time.monotonic() - (time.time() - own.launched)
    run_train.LRScheduler = BudgetSchedule
    lone = hold_lone_atoms(own.lone_atoms) if own.lone_atoms else None
    if own.torch_steps:
        print("decant: steps by torch, as asked", flush=True)
    else:
        compile_steps()
    keep_pace()
    keep_the_last_checkpoint()
    save_whole()
    gc.freeze()  # what imports made is no garbage: collections, a tenth of small steps, look at the rest alone
    try:
        run_train.main()
    except BudgetUsed:
        logging.info("Wall time used; writing the model of the best checkpoint")
        logging.getLogger().handlers.clear()  # MACE adds its handlers once more
        args = tools.build_default_arg_parser().parse_args(rest)
        args.restart_latest, args.max_num_epochs = True, 0
        run_train.run(args)
    if lone:
        lone.settle_file(Path(MODEL_FILE))


if __name__ == "__main__":
    main()
