"""A training by ``mace_run_train``: its options, its command line, and how far it has come."""

from __future__ import annotations

import importlib.util
import json
import math
import re
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from decant.algorithms.base import Course, FitTask
from decant.algorithms.training import HELD, diverged, require_checkpoint, run_training
from decant.data.isolated import is_isolated
from decant.foundation.machine import has_gpu_driver
from decant.foundation.progress import Progress
from decant.foundation.settings import count, read_named

if TYPE_CHECKING:
    from ase import Atoms

_NAME = "mace"
MODEL_FILE = f"{_NAME}.model"
"""What the training leaves in its directory."""
# what decant itself says to mace_run_train; a preset may not
_OWN = {
    "name", "seed", "work_dir", "log_dir", "model_dir", "checkpoints_dir", "results_dir", "downloads_dir", "train_file",
    "valid_file", "test_file", "energy_key", "forces_key", "virials_key", "stress_key", "max_num_epochs", "model",
    "scheduler", "swa", "start_swa", "restart_latest", "config", "E0s", "device", "eval_interval", "heads",
    "foundation_model", "multiheads_finetuning", "pt_train_file", "pt_valid_file", "force_mh_ft_lr",
}  # fmt: skip
COMPILED = "compiled_steps"
"""The setting that, when false, lets torch compute the steps on a CPU, too."""
LOG = "train.log"
UNLIMITED_EPOCHS = 1_000_000
_EPOCH = re.compile(r"Epoch (\d+): .*RMSE_E_per_atom= *([\d.naif]+) meV, RMSE_F= *([\d.naif]+) meV")
_PARSER = "_mace_tools"
_STEP = re.compile(r"decant: step (\d+)")
_CUT = re.compile(r"decant: epoch (\d+) ended after (\d+) of (\d+) batches")
_CONTINUED = re.compile(r"decant: continuing after epoch (\d+) and (\d+) s")


def known_options() -> set[str]:
    """Return the options of ``mace_run_train`` that a preset may set."""
    return {action.dest for action in _options()} - _OWN - {"help"}


def completed(settings: dict[str, Any], frames: list[Atoms]) -> dict[str, Any]:
    """Fill in what depends on the data and the machine: loss, batch size, device.

    Raises
    ------
    InputError
        If the batch size is no whole number from 1 on.
    """
    result = dict(settings)
    if result.get("loss", "auto") == "auto":
        result["loss"] = "virials" if any("REF_virial" in frame.info for frame in frames) else "weighted"
    # MACE drops the last incomplete batch, so a batch larger than the set would leave nothing to train on
    size = read_named("`set` batch_size", count(1), result.get("batch_size", 4))
    result["batch_size"] = min(size, len(frames))
    result["device"] = "cuda" if has_gpu_driver() and _torch_has_gpu() else "cpu"
    return result


def _torch_has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def _command(task: FitTask, settings: dict[str, Any], lone: Mapping[str, float], compiled: bool) -> list[str]:
    """Return the command line of the training; see `train`."""
    heads = ["Default"]
    if task.pretrained:
        from decant.algorithms.mace.export.heads import REPLAYED

        heads.append(REPLAYED)
    options: dict[str, Any] = {
        # isolated atoms give offsets and are no frames: trained on, their energies, eV off at first, rule short fits,
        # whose liquids then break (docs/pretrained.md, Lone atoms)
        "E0s": "average", **settings,
        "name": _NAME, "seed": task.seed, "work_dir": ".", "model": "ScaleShiftMACE",
        "train_file": "train.extxyz", "valid_file": "valid.extxyz",
        "energy_key": "REF_energy", "forces_key": "REF_forces", "virials_key": "REF_virial",
        "max_num_epochs": task.max_epochs or UNLIMITED_EPOCHS,
        "plot": False, "num_workers": 0, "pin_memory": False, "skip_evaluate_heads": ",".join(heads),
        "patience": UNLIMITED_EPOCHS,
    }  # fmt: skip
    command = [sys.executable, "-m", "decant.algorithms.mace.train", "--restart_latest"]
    if task.max_time is not None:
        command += ["--wall_time", str(task.max_time), "--launched", str(time.time())]
    if lone:
        command += ["--lone_atoms", json.dumps(lone)]
    if not compiled:
        command.append("--torch_steps")
    for key, value in options.items():
        if isinstance(value, bool) and key in _flags():
            command += [f"--{key}"] if value else []
        else:
            command += [f"--{key}", str(value)]
    return command


def _flags() -> set[str]:
    """Return the options of ``mace_run_train`` that take no value."""
    return {action.dest for action in _options() if action.nargs == 0}


def _options() -> list[Any]:
    """Return the options of ``mace_run_train``, read from its parser.

    The parser needs nothing but the standard library, while the import of the package around it, with torch's compiler
    and more, takes longer than many a training's first epoch: so its module is loaded as one of a bare package.
    """
    if _PARSER not in sys.modules:
        mace = importlib.util.find_spec("mace")
        if mace is None or not mace.submodule_search_locations:
            raise ModuleNotFoundError("No module named 'mace'", name="mace")
        package = ModuleType(_PARSER)
        package.__path__ = [str(Path(mace.submodule_search_locations[0]) / "tools")]
        sys.modules[_PARSER] = package
    return list(importlib.import_module(f"{_PARSER}.arg_parser").build_default_arg_parser()._actions)


def train(
    task: FitTask, settings: dict[str, Any], lone: Mapping[str, float], compiled: bool
) -> tuple[float, list[str]]:
    """Run the training while showing progress; return the number of epochs, and a note on one that was ended early.

    `lone` are the labels that lone atoms are held to, eV; empty to leave them as they come. `compiled`: on a CPU,
    compiled code computes the steps of the models that it knows, and not torch.
    """
    seen = 0.0
    cut, notes = 1.0, list[str]()
    note, steps_an_epoch = "", _steps_an_epoch(task, settings)
    log = task.directory / LOG
    checkpoints = list((task.directory / "checkpoints").glob(f"{_NAME}*_epoch-*.pt"))
    if checkpoints and HELD not in (log.read_text(errors="replace") if log.is_file() else HELD):
        lone = {}  # a fit that an earlier version began otherwise goes on as it began
    for checkpoint in checkpoints:
        require_checkpoint(checkpoint)
    if not checkpoints and len(_EPOCH.findall(log.read_text(errors="replace") if log.is_file() else "")) > 1:
        require_checkpoint(task.directory / "checkpoints" / f"{_NAME}_run-{task.seed}.pt")  # gone: begun anew unasked
    with Progress("fit mace", task.max_epochs or math.inf, "epochs") as progress:
        progress.until = None if task.max_time is None else progress.start + task.max_time

        def on_line(line: str) -> None:
            nonlocal seen, note, cut
            if (continued := _CONTINUED.search(line)) and not seen:
                progress.first = progress.done = seen = float(continued[1])
                progress.until = None if progress.until is None else progress.until - float(continued[2])
            elif (step := _STEP.search(line)) and steps_an_epoch:
                within = progress.first + int(step[1]) / steps_an_epoch
                progress.update(round(min(max(within, seen), seen + 0.99), 2), note)
            elif ended := _CUT.search(line):
                epoch, batches, of = map(int, ended.groups())
                cut = batches / of
                notes[:] = [_told_of_cut(epoch, batches, of)]
            elif found := _EPOCH.search(line):
                if not np.isfinite([float(found[2]), float(found[3])]).all():
                    raise diverged("mace_run_train", f"epoch {found[1]}", log)
                seen = float(found[1]) + (round(cut, 2) or float(f"{cut:.1g}"))
                note = f"validation: energy {found[2]} meV/atom, force {found[3]} meV/A"
                progress.update(seen, note)

        run_training(_command(task, settings, lone, compiled), task.directory, log, on_line)
    return seen, notes


def course(directory: Path) -> Course:
    """Return the validation errors after each epoch, by the log of a training; see `Algorithm.course`."""
    log = directory / LOG
    text = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
    errors = {int(epoch) + 1: (float(energy), float(force)) for epoch, energy, force in _EPOCH.findall(text)}
    done = sorted(errors)
    energy, force = np.array([errors[epoch] for epoch in done]).reshape(-1, 2).T
    return Course("epochs", np.array(done, dtype=float), energy, force)


def _told_of_cut(epoch: int, batches: int, of: int) -> str:
    """Return what the user should know of a training whose last epoch the time limit ended early."""
    if epoch:
        return f"the time limit ended the last epoch early, after {batches} of {of} batches"
    return (
        f"the time limit ended the first epoch early: the model has seen {batches} of its {of} batches, once, and not "
        "the other frames; give it more time, and the same command goes on"
    )


def _steps_an_epoch(task: FitTask, settings: dict[str, Any]) -> int:
    """Return the optimizer steps of an epoch; 0 where what is replayed decides, too."""
    alone = sum(map(is_isolated, task.train)) if not settings.get("keep_isolated_atoms") else 0
    return 0 if task.pretrained else (len(task.train) - alone) // int(settings["batch_size"])
