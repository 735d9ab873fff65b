"""A training by ``dp --pt train`` that keeps to a time limit, and how far it has come."""

from __future__ import annotations

import copy
import json
import re
import sys
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from ase.data import atomic_numbers

from decant.algorithms.base import Course, FitTask
from decant.algorithms.deepmd.branches import RANDOM
from decant.algorithms.deepmd.checkpoint import checkpoint_model
from decant.algorithms.deepmd.data import write_systems
from decant.algorithms.deepmd.inputs import FIXED, charge_and_spin_of, knows_charge
from decant.algorithms.training import HELD, HOLD, diverged, require_checkpoint, run_training
from decant.foundation.errors import InputError
from decant.foundation.files import write_beside
from decant.foundation.progress import Progress
from decant.foundation.settings import count, read_named

if TYPE_CHECKING:
    from ase import Atoms

CLOSING = 1.0
"""Time that freezing takes, relative to the time before the first step, most of which is the start of a program."""
INPUT, LOG, CURVE = "input.json", "train.log", "lcurve.out"
_OURS = ("batch_atoms", HOLD)  # settings that are no words of DeePMD-kit
_SECTIONS = ("model", "model.descriptor", "model.fitting_net", "learning_rate", "optimizer", "loss", "training")
"""Sections of DeePMD-kit's input, those within others after them."""
_GUESSED_SECONDS_PER_ATOM = 0.9e-3  # 0.14 s a step at 160 atoms on 2 cores; measured and corrected while training
_BATCH = re.compile(r"Batch +(\d+): total wall time = ([\d.]+) s")
_ERRORS = re.compile(r"Batch +(\d+): val: (.*)")
_NO_NUMBER = re.compile(r"\brmse_[ef] = +[-+]?(nan|inf)")  # that of virials is none where a batch has none
_SAVED = re.compile(r"Saved model to .*-(\d+)\.pt")


def require_sections(settings: Mapping[str, Any]) -> None:
    """Refuse settings that have a value in the place of a section of DeePMD-kit's input."""
    for section in _SECTIONS:
        value: Any = settings
        for key in section.split("."):
            value = value.get(key, {})
        if not isinstance(value, Mapping):
            raise InputError(
                f"`set` {section}={value}: is a section of DeePMD-kit's input; name a word in it, for example "
                "learning_rate.start_lr=0.001"
            )


def course(directory: Path) -> Course:
    """Return the validation errors by step, by the table of a training; see `Algorithm.course`."""
    table = directory / CURVE
    if not table.is_file():
        return Course("steps")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a table without a row yet
        rows = np.genfromtxt(table, names=True, invalid_raise=False, ndmin=1)
    names = rows.dtype.names or ()
    if not {"step", "rmse_e_val", "rmse_f_val"} <= set(names):
        return Course("steps")
    _, last = np.unique(rows["step"][::-1], return_index=True)  # of steps that were repeated after a kill
    rows = rows[::-1][last]
    planned = json.loads((directory / INPUT).read_text(encoding="utf-8"))["training"]["numb_steps"]
    return Course("steps", rows["step"], 1e3 * rows["rmse_e_val"], 1e3 * rows["rmse_f_val"], float(planned))


@dataclass
class Training:
    """A training that is stopped and continued with another number of steps until it fits the time limit.

    DeePMD-kit's learning rate is a function of the step over the number of steps, so a continued training that is
    given another number of steps moves on to the schedule of that number.
    """

    task: FitTask
    train: list[Atoms]
    valid: list[Atoms]
    lone: dict[str, float] = field(default_factory=dict)  # labels that lone atoms are held to, eV
    steps: int = 0  # planned, in all
    done: int = 0  # at the last checkpoint
    frozen: int = -1  # the checkpoint that the frozen model was made of
    used: float = 0.0  # seconds of earlier processes
    start_up: float = 10.0  # seconds from launch to the first step
    launched: float = field(default_factory=time.monotonic)  # when what is not yet in `used` began
    systems: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        elements = {symbol for frame in [*self.train, *self.valid] for symbol in frame.get_chemical_symbols()}
        self.elements = sorted(elements, key=lambda symbol: atomic_numbers[symbol])
        if self.task.pretrained:  # se_e2_a cannot leave out or reorder the types of its networks
            self.elements = self.task.pretrained.elements
        self.batch_atoms = read_named("`set` batch_atoms", count(1), self.task.settings.get("batch_atoms", 128))
        self.steps_per_epoch = sum(1.0 / max(1, round(self.batch_atoms / len(frame))) for frame in self.train)
        atoms = sum(len(frame) for frame in self.train) / len(self.train)
        self.step_time = _GUESSED_SECONDS_PER_ATOM * max(atoms, self.batch_atoms)

    @property
    def state(self) -> Path:
        """File that remembers steps and time across interruptions."""
        return self.task.directory / "progress.json"

    @property
    def limit(self) -> float | None:
        """Time that the training may take, seconds: what is asked for less what freezing will take."""
        return None if self.task.max_time is None else self.task.max_time - CLOSING * self.start_up

    def epochs(self) -> float:
        """Return the passes over the training set."""
        if self.state.is_file():
            self.done = json.loads(self.state.read_text())["step"]
        epochs = self.done / self.steps_per_epoch
        return round(epochs, 2) or float(f"{epochs:.1g}")

    def run(self) -> None:
        """Train until the limit; continue from a checkpoint if there is one."""
        directory = self.task.directory
        directory.mkdir(parents=True, exist_ok=True)
        for name, frames in (("train", self.train), ("valid", self.valid)):
            folders = write_systems(frames, self.elements, directory / name)
            self.systems[name] = [str(folder.relative_to(directory)) for folder in folders]
        if self.state.is_file():
            remembered = json.loads(self.state.read_text())
            self.done, self.used, self.step_time = remembered["step"], remembered["used"], remembered["step_time"]
            self.frozen = remembered.get("frozen", self.done)  # earlier versions froze what had ended
            if HELD not in (directory / LOG).read_text(errors="replace"):
                self.lone = {}  # a fit that an earlier version began otherwise goes on as it began
        with Progress("fit deepmd", self.steps or 1, "steps", done=self.done) as progress:
            while True:
                self.plan()
                progress.total = self.steps
                if self.done >= self.steps or self.launch(progress):
                    return

    def plan(self) -> None:
        """Choose the number of steps that meets the first limit."""
        limits = []
        if self.task.max_epochs is not None:
            limits.append(round(self.task.max_epochs * self.steps_per_epoch))
        if self.limit is not None:
            left = self.limit - self.used - self.start_up
            limits.append(self.done + max(int(left / self.step_time), 0 if self.done else 10))
        self.steps = max(min(limits), 1)

    def launch(self, progress: Progress) -> bool:
        """Run one training process; return True at its own end, False if it should go on with another plan."""
        (self.task.directory / INPUT).write_text(json.dumps(self.input(), indent=2))
        command = [sys.executable, "-m", "decant.algorithms.deepmd.train"]
        used_before, launched = self.used, self.launched
        if self.limit is not None:
            progress.until = launched + self.limit - self.used
            command += ["--until", str(time.time() + progress.until - time.monotonic())]
        if self.lone:
            command += ["--lone_atoms", json.dumps(self.lone)]
        command += ["train", INPUT]
        if self.done:
            require_checkpoint(self.task.directory / f"model.ckpt-{self.done}.pt")
            command += ["--restart", f"model.ckpt-{self.done}.pt"]
        elif self.task.pretrained:
            command += ["--finetune", str(self.task.pretrained.model.resolve())]
            if self.task.pretrained.head:
                command += ["--model-branch", self.task.pretrained.head]
        step, note = self.done, ""
        began, began_at = 0.0, 0  # time and step of the first line: what comes before it is slower than the rest

        def on_line(line: str) -> bool:
            nonlocal step, note, began, began_at
            now = time.monotonic()
            self.used = used_before + now - launched
            if found := _ERRORS.search(line):
                if _NO_NUMBER.search(found[2]):
                    raise diverged("dp train", f"step {found[1]}", self.task.directory / LOG)
                note = _error_note(found[2])
            elif found := _BATCH.search(line):
                step = int(found[1])
                if not began:
                    began, began_at = now, step
                    self.start_up = now - launched
                else:
                    self.step_time = (now - began) / (step - began_at)
                progress.update(step, note)
            elif found := _SAVED.search(line):
                self.done = int(found[1])
                self.remember()
                return self.off_plan(now - launched)
            return False

        ended = run_training(command, self.task.directory, self.task.directory / LOG, on_line)
        self.used = used_before
        self.account()
        self.remember()
        return ended

    def account(self) -> None:
        """Count the time until now as used."""
        now = time.monotonic()
        self.used += now - self.launched
        self.launched = now

    def off_plan(self, running: float) -> bool:
        """Return whether the time at the planned end would miss the limit by much; a restart costs `start_up`."""
        limit = self.limit
        if limit is None or self.done >= self.steps:
            return False
        if self.used > limit:
            return True
        if running < self.start_up + 0.05 * limit:
            return False
        left, needed = limit - self.used, (self.steps - self.done) * self.step_time
        if needed > left + 0.15 * limit:
            return True
        may_grow = self.task.max_epochs is None or self.steps < round(self.task.max_epochs * self.steps_per_epoch)
        return may_grow and needed < left - self.start_up - 0.25 * limit

    def remember(self) -> None:
        """Write step and time of the last checkpoint."""
        with write_beside(self.state) as path:
            state = {"step": self.done, "used": self.used, "step_time": self.step_time, "frozen": self.frozen}
            path.write_text(json.dumps(state))

    def input(self) -> dict[str, Any]:
        """Return DeePMD-kit's input."""
        result = copy.deepcopy({key: value for key, value in self.task.settings.items() if key not in _OURS})
        model, training = result.setdefault("model", {}), result.setdefault("training", {})
        if self.task.pretrained:
            result["model"] = checkpoint_model(self.task.pretrained.model, self.task.pretrained.head)
            if knows_charge(result["model"]):
                state = charge_and_spin_of([*self.train, *self.valid], self.task.pretrained.name)
                result["model"]["descriptor"][FIXED] = state
            if self.task.pretrained.head == RANDOM:
                result["model"]["fitting_net"]["seed"] = self.task.seed
        else:
            model["type_map"] = self.elements
            for part in ("descriptor", "fitting_net"):
                model.setdefault(part, {})["seed"] = self.task.seed
        has_virial = any("REF_virial" in frame.info for frame in self.train)
        if not has_virial:
            result.get("loss", {}).update(start_pref_v=0.0, limit_pref_v=0.0)
        rate = result.setdefault("learning_rate", {})
        if rate.get("type", "exp") == "exp":
            rate.setdefault("decay_steps", max(self.steps // 100, 1))
        batch = f"auto:{self.batch_atoms}"
        training.update(
            training_data={"systems": self.systems.get("train", []), "batch_size": batch},
            validation_data={"systems": self.systems.get("valid", []), "batch_size": batch, "numb_btch": 2},
            numb_steps=self.steps, seed=self.task.seed, disp_file=CURVE, save_ckpt="model.ckpt", max_ckpt_keep=2,
            disp_freq=max(min(round(3.0 / self.step_time), self.steps // 10), 1),
            save_freq=max(min(round(30.0 / self.step_time), self.steps // 5), 1),
        )  # fmt: skip
        return result


def _error_note(text: str) -> str:
    """Return the validation errors of a log line in house words; dp gives energies in eV per atom."""
    errors = {key: float(value) for key, value in re.findall(r"(\w+) = +([\d.eE+-]+|nan)", text)}
    if "rmse_e" not in errors or "rmse_f" not in errors:
        return ""
    return f"validation: energy {1e3 * errors['rmse_e']:.2f} meV/atom, force {1e3 * errors['rmse_f']:.1f} meV/A"
