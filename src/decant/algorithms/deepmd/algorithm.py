"""Deep Potential: fits by DeePMD-kit's PyTorch backend, runs in LAMMPS by its ``pair_style deepmd``."""

from __future__ import annotations

import copy
import json
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from decant.algorithms.base import WHOLE, Exported, FitResult, FitTask, Part
from decant.algorithms.deepmd.checkpoint import checkpoint_model, last_checkpoint
from decant.algorithms.deepmd.data import write_systems
from decant.algorithms.training import TrainingFailed, quiet, require_labels, run_training, training_environment
from decant.foundation.errors import InputError
from decant.foundation.files import require_file, write_beside
from decant.foundation.machine import available_cores
from decant.foundation.progress import Progress
from decant.foundation.threads import computing

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator

MODEL, INPUT = "model.pth", "input.json"
TABLE_STEP = {"single": "0.04", "double": "0.01"}
"""Step of the tables that replace the embedding networks. In single precision a finer one is no nearer to the networks
(forces of 80 atoms: rms 1.1e-4 eV/A from them at 0.01, 0.3e-4 at 0.04), and the file is three times as large."""
_GUESSED_SECONDS_PER_ATOM = 0.9e-3  # 0.14 s a step at 160 atoms on 2 cores; measured and corrected while training
_BATCH = re.compile(r"Batch +(\d+): total wall time = ([\d.]+) s")
_ERRORS = re.compile(r"Batch +\d+: val: (.*)")
_SAVED = re.compile(r"Saved model to .*-(\d+)\.pt")


class DeepPotential:
    """The Deep Potential algorithm with the descriptor se_e2_a."""

    name = "deepmd"
    packages = ("deepmd-kit", "torch", "dpdata")
    suffixes = (".pt", ".pth")
    strategies = ("naive",)
    published = ()

    def known_settings(self) -> set[str]:
        """Return the sections of DeePMD-kit's input that a preset may set; the words inside are checked by ``dp``."""
        return {"model", "learning_rate", "optimizer", "loss", "training", "batch_atoms"}

    def fit(self, task: FitTask) -> FitResult:
        """Train, freeze and compress with ``dp --pt``; see `decant.algorithms.base.Algorithm`.

        Raises
        ------
        InputError
            If no labelled frame or no validation frame is left.
        """
        train, valid = ([frame for frame in frames if len(frame) > 1] for frames in (task.train, task.valid))
        require_labels(len(train), "training set")
        require_labels(len(valid), "validation set")
        notes = []
        if len(train) < len(task.train):
            # an atom without neighbours has a zero descriptor, whose normalisation would spoil the statistics
            notes.append(f"{len(task.train) - len(train)} isolated atoms are not used: dp fits its own atomic energies")
        if task.pretrained:
            notes += _what_was_taken_over(task)
        training = _Training(task, train, valid)
        if not (task.directory / MODEL).is_file():
            training.run()
            _freeze(task.directory, f"model.ckpt-{training.done}.pt")
        return FitResult(task.directory / MODEL, training.input(), training.epochs(), notes)

    def start(self, model: Path) -> tuple[Path, list[str]]:
        """Return the checkpoint: of a frozen model, the last that its fit left beside it.

        Raises
        ------
        InputError
            If there is no checkpoint of a single Deep Potential.
        """
        checkpoint = last_checkpoint(model) if model.suffix == ".pth" else model
        return checkpoint, list(checkpoint_model(checkpoint)["type_map"])

    def fetch(self, name: str) -> Path:
        """Refuse: no Deep Potential is known by a name."""
        raise InputError(f"{name}: no Deep Potential is known by this name; give its checkpoint (.pt)")

    def export(self, source: Path, directory: Path, precision: str | None, part: Part = WHOLE) -> Exported:
        """Copy a frozen model, or freeze a checkpoint, into the potential's directory.

        A checkpoint (``.pt``) is unpickled by ``dp``: it must be trusted.

        Raises
        ------
        InputError
            If the source is no Deep Potential, another precision is wanted than it was trained in, or a part of it.
        """
        if part != WHOLE:
            raise InputError(f"{source}: a Deep Potential is exported as a whole: leave out --elements and --head")
        require_file(source, "a DeePMD-kit model (.pth or .pt)")
        target = directory / MODEL
        if source.suffix == ".pt":
            try:
                run_dp([["freeze", "-c", str(source.resolve()), "-o", str(target.resolve())]], directory)
            except TrainingFailed as error:
                raise InputError(f"{source}: dp cannot freeze it: {str(error).splitlines()[-1].strip()}") from error
        else:
            shutil.copyfile(source, target)
        potential = _deep_potential(target, shown_as=source)
        script = potential.deep_eval.get_model_def_script()
        trained = _precision(script)
        if precision not in (None, trained):
            raise InputError(
                f"{source}: a Deep Potential runs in the precision it was trained in: --precision {trained}"
            )
        elements = list(potential.get_type_map())
        return Exported(
            model=MODEL,
            pair_style=f"deepmd ${{potential}}/{MODEL}",
            pair_coeff=f"* * {' '.join(elements)}",
            elements=elements,
            cutoff=float(potential.get_rcut()),
            settings={key: script[key] for key in ("descriptor", "fitting_net") if key in script},
            precision=trained,
        )

    def export_form(self, form: str, source: Path, directory: Path, exported: Exported, part: Part) -> list[str]:
        """Refuse: there is one form only."""
        raise InputError(f"--format {form}: a Deep Potential has one form, for pair_style deepmd; leave out --format")

    def calculator(self, directory: Path) -> Calculator:
        """Return DeePMD-kit's calculator of an exported potential: the only one there is."""
        return self.model_calculator(directory / MODEL)

    def reference_calculator(self, directory: Path) -> Calculator:
        """Return the same calculator."""
        return self.calculator(directory)

    def model_calculator(self, source: Path) -> Calculator:
        """Return DeePMD-kit's calculator of a frozen model."""
        with quiet():
            from deepmd.calculator import DP

            return DP(model=str(source))


def _deep_potential(path: Path, shown_as: Path) -> Any:
    """Return DeePMD-kit's evaluator of a frozen model."""
    with quiet():
        from deepmd.infer import DeepPot

        try:
            return DeepPot(str(path))
        except Exception as error:  # torch's loader fails in any way on what is no model
            raise InputError(f"{shown_as}: not a frozen DeePMD-kit model for PyTorch (.pth)") from error


def _precision(script: dict[str, Any]) -> str:
    """Return the precision of the networks of a model."""
    words = {script.get(part, {}).get("precision", "default") for part in ("descriptor", "fitting_net")}
    return "single" if "float32" in words else "double"


@dataclass
class _Training:
    """A training that is stopped and continued with another number of steps until it fits the time limit.

    DeePMD-kit's learning rate is a function of the step over the number of steps, so a continued training that is
    given another number of steps moves on to the schedule of that number.
    """

    task: FitTask
    train: list[Atoms]
    valid: list[Atoms]
    steps: int = 0  # planned, in all
    done: int = 0  # at the last checkpoint
    used: float = 0.0  # seconds of earlier processes
    start_up: float = 10.0  # seconds from launch to the first step
    systems: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        elements = {symbol for frame in [*self.train, *self.valid] for symbol in frame.get_chemical_symbols()}
        from ase.data import atomic_numbers

        self.elements = sorted(elements, key=lambda symbol: atomic_numbers[symbol])
        if self.task.pretrained:  # se_e2_a cannot leave out or reorder the types of its networks
            self.elements = self.task.pretrained.elements
        self.batch_atoms = int(self.task.settings.get("batch_atoms", 128))
        self.steps_per_epoch = sum(1.0 / max(1, round(self.batch_atoms / len(frame))) for frame in self.train)
        atoms = sum(len(frame) for frame in self.train) / len(self.train)
        self.step_time = _GUESSED_SECONDS_PER_ATOM * max(atoms, self.batch_atoms)

    @property
    def state(self) -> Path:
        """File that remembers steps and time across interruptions."""
        return self.task.directory / "progress.json"

    def epochs(self) -> float:
        """Return the passes over the training set."""
        if self.state.is_file():
            self.done = json.loads(self.state.read_text())["step"]
        return round(self.done / self.steps_per_epoch, 2)

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
        with Progress("fit deepmd", self.steps or 1, "steps", done=self.done) as progress:
            while True:
                self.plan()
                if self.done >= self.steps or self.launch(progress):
                    return

    def plan(self) -> None:
        """Choose the number of steps that meets the first limit."""
        limits = []
        if self.task.max_epochs is not None:
            limits.append(round(self.task.max_epochs * self.steps_per_epoch))
        if self.task.max_time is not None:
            left = self.task.max_time - self.used - self.start_up
            limits.append(self.done + max(int(left / self.step_time), 0 if self.done else 10))
        self.steps = max(min(limits), 1)

    def launch(self, progress: Progress) -> bool:
        """Run one training process; return True at its own end, False if it should go on with another plan."""
        (self.task.directory / INPUT).write_text(json.dumps(self.input(), indent=2))
        command = [sys.executable, "-m", "decant.algorithms.deepmd.train", "train", INPUT]
        if self.done:
            command += ["--restart", f"model.ckpt-{self.done}.pt"]
        elif self.task.pretrained:
            command += ["--finetune", str(self.task.pretrained.model.resolve())]
        launched = time.monotonic()
        used_before, step, note = self.used, self.done, ""
        began, began_at = 0.0, 0  # time and step of the first line: what comes before it is slower than the rest
        progress.total = self.steps

        def on_line(line: str) -> bool:
            nonlocal step, note, began, began_at
            now = time.monotonic()
            self.used = used_before + now - launched
            if found := _ERRORS.search(line):
                note = _error_note(found[1])
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

        ended = run_training(command, self.task.directory, self.task.directory / "train.log", on_line)
        self.remember()
        return ended

    def off_plan(self, running: float) -> bool:
        """Return whether the time at the planned end would miss the limit by much; a restart costs `start_up`."""
        limit = self.task.max_time
        if limit is None or self.done >= self.steps or running < self.start_up + 0.05 * limit:
            return False
        left, needed = limit - self.used, (self.steps - self.done) * self.step_time
        if needed > left + 0.15 * limit:
            return True
        may_grow = self.task.max_epochs is None or self.steps < round(self.task.max_epochs * self.steps_per_epoch)
        return may_grow and needed < left - self.start_up - 0.25 * limit

    def remember(self) -> None:
        """Write step and time of the last checkpoint."""
        with write_beside(self.state) as path:
            path.write_text(json.dumps({"step": self.done, "used": self.used, "step_time": self.step_time}))

    def input(self) -> dict[str, Any]:
        """Return DeePMD-kit's input."""
        result = copy.deepcopy({key: value for key, value in self.task.settings.items() if key != "batch_atoms"})
        model, training = result.setdefault("model", {}), result.setdefault("training", {})
        if self.task.pretrained:
            result["model"] = checkpoint_model(self.task.pretrained.model)
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
            numb_steps=self.steps, seed=self.task.seed, disp_file="lcurve.out", save_ckpt="model.ckpt", max_ckpt_keep=2,
            disp_freq=max(min(round(3.0 / self.step_time), self.steps // 10), 1),
            save_freq=max(min(round(30.0 / self.step_time), self.steps // 5), 1),
        )  # fmt: skip
        return result


def _what_was_taken_over(task: FitTask) -> list[str]:
    """Return notes on a model that a fit starts from."""
    assert task.pretrained
    name, model = task.pretrained.name, checkpoint_model(task.pretrained.model)
    descriptor = model.get("descriptor", {})
    notes = [
        f"architecture of {name}: {descriptor.get('type')}, cutoff {descriptor.get('rcut')} A, types "
        f"{' '.join(model['type_map'])}",
        "atomic energies: those of the pretrained model, moved to the level of the data by dp",
    ]
    if "model" in task.settings:
        notes.append(f"not used, since {name} decides: model")
    return notes


def _error_note(text: str) -> str:
    """Return the validation errors of a log line in house words; dp gives energies in eV per atom."""
    errors = {key: float(value) for key, value in re.findall(r"(\w+) = +([\d.eE+-]+|nan)", text)}
    if "rmse_e" not in errors or "rmse_f" not in errors:
        return ""
    return f"validation: energy {1e3 * errors['rmse_e']:.2f} meV/atom, force {1e3 * errors['rmse_f']:.1f} meV/A"


def _freeze(directory: Path, checkpoint: str) -> None:
    """Freeze a checkpoint and compress it into ``model.pth``."""
    step = TABLE_STEP[_precision(json.loads((directory / INPUT).read_text())["model"])]
    with write_beside(directory / MODEL) as target:
        run_dp(
            [
                ["freeze", "-c", checkpoint, "-o", "frozen.pth"],
                ["compress", "-i", "frozen.pth", "-o", target.name, "-s", step],
            ],
            directory,
        )


def run_dp(commands: list[list[str]], directory: Path) -> None:
    """Run ``dp --pt`` commands one after the other in a directory, in one process: its start takes longer than they do.

    Raises
    ------
    TrainingFailed
        If one fails; the message ends with the last lines.
    """
    program = f"from deepmd.main import main\nfor command in {commands!r}: main(['--pt', *command])"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=directory, env=computing(training_environment(), available_cores()),
        capture_output=True, text=True, errors="replace",
    )  # fmt: skip
    if done.returncode != 0:
        tail = "\n  ".join((done.stdout + done.stderr).splitlines()[-8:])
        names = " and ".join(command[0] for command in commands)
        raise TrainingFailed(f"dp {names} failed in {directory}\n  {tail}")
