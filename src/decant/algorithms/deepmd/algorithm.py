"""Deep Potential: fits by DeePMD-kit's PyTorch backend, runs in LAMMPS by its ``pair_style deepmd``."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ase import Atoms

from decant.algorithms.base import WHOLE, Algorithm, Course, Exported, FitResult, FitTask, Part
from decant.algorithms.deepmd.checkpoint import checkpoint_model, last_checkpoint, require_weights
from decant.algorithms.deepmd.freezing import MODEL, freeze, run_dp
from decant.algorithms.deepmd.freezing import precision as model_precision
from decant.algorithms.deepmd.training import Training, course
from decant.algorithms.training import HOLD, TrainingFailed, labels_of_lone_atoms, quiet, require_labels
from decant.data.prediction import ask
from decant.foundation.errors import InputError
from decant.foundation.files import require_file

if TYPE_CHECKING:
    from ase.calculators.calculator import Calculator


NEAR = 0.1
"""Largest difference of a lone atom's energy from its label, eV, that a fit may take from the model it starts from."""
_CONVERTED = "is a model of another backend of DeePMD-kit; convert it: dp convert-backend FILE model.pth"
_FROZEN = (
    "is part of a checkpoint of DeePMD-kit's TensorFlow backend; freeze it with that version (dp --tf freeze), then: "
    "dp convert-backend FILE.pb model.pth"
)


class DeepPotential(Algorithm):
    """The Deep Potential algorithm with the descriptor se_e2_a."""

    name = "deepmd"
    packages = ("deepmd-kit", "torch", "dpdata")
    suffixes = (".pt", ".pth")
    foreign_suffixes: ClassVar[dict[str, str]] = {
        **dict.fromkeys((".pb", ".pbtxt", ".pd", ".hlo", ".dp"), _CONVERTED),
        **dict.fromkeys((".meta", ".index", ".data-00000-of-00001"), _FROZEN),
    }
    strategies = ("naive",)
    committees = True

    def known_settings(self) -> set[str]:
        """Return the sections of DeePMD-kit's input that a preset may set; the words inside are checked by ``dp``."""
        return {"model", "learning_rate", "optimizer", "loss", "training", "batch_atoms", HOLD}

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
        # an atom without neighbours in the training itself would spoil the statistics of the descriptor
        lone, notes = labels_of_lone_atoms(task.train, train) if task.settings.get(HOLD) else ({}, [])
        if lone and task.pretrained and not self._near(task.pretrained.model, lone):
            lone, notes = {}, ["lone atoms are not held to their labels: those of the pretrained model are too far off"]
        if len(train) < len(task.train) and not lone:
            notes.append(f"{len(task.train) - len(train)} isolated atoms are not used: dp fits its own atomic energies")
        if task.pretrained:
            notes += _what_was_taken_over(task)
        training = Training(task, train, valid, lone)
        training.run()
        if training.frozen != training.done or not (task.directory / MODEL).is_file():
            freeze(training.input()["model"], task.directory, f"model.ckpt-{training.done}.pt")
            training.frozen = training.done
            training.account()
            training.remember()
        used = {**training.input(), HOLD: bool(training.lone)}
        return FitResult(task.directory / MODEL, used, training.epochs(), notes)

    def _near(self, model: Path, labels: dict[str, float]) -> bool:
        """Return whether the lone atoms of a model are so near their labels that they can be held to them."""
        calculator = self.model_calculator(model)
        return all(abs(ask(calculator, Atoms(symbol)).energy - label) < NEAR for symbol, label in labels.items())

    def course(self, directory: Path) -> Course:
        """Return the validation errors by step."""
        return course(directory)

    def start(self, model: Path) -> Path:
        """Return the checkpoint: of a frozen model, the last that its fit left beside it; a potential has none.

        Raises
        ------
        InputError
            If there is no checkpoint.
        """
        if model.is_dir():
            raise InputError(
                f"{model}: a potential holds a frozen model, from which no training starts; give that of its fit"
            )
        return last_checkpoint(model) if model.suffix == ".pth" else model

    def elements(self, source: Path) -> list[str]:
        """Return the type map of a checkpoint or of a frozen model."""
        if source.suffix == ".pt":
            return list(checkpoint_model(source)["type_map"])
        return list(_deep_potential(source, shown_as=source).get_type_map())

    def export(self, source: Path, directory: Path, precision: str | None, part: Part = WHOLE) -> Exported:
        """Copy a frozen model, or freeze a checkpoint, into the potential's directory.

        A checkpoint (``.pt``) is unpickled by ``dp``: it must be trusted.

        Raises
        ------
        InputError
            If the source is no Deep Potential, another precision is wanted than it was trained in, or a part of it.
        """
        self.require_whole(source, part)
        require_file(source, "a DeePMD-kit model (.pth or .pt)")
        target = directory / MODEL
        if source.suffix == ".pt":
            checkpoint_model(source)  # what is none is told in one line
            try:
                run_dp([["freeze", "-c", str(source.resolve()), "-o", str(target.resolve())]], directory)
            except TrainingFailed as error:
                said = str(error).partition(": ")[2] or str(error)
                raise InputError(
                    f"{source}: dp cannot freeze it; did another version of DeePMD-kit write it? {said.strip()}"
                ) from error
        else:
            shutil.copyfile(source, target)
        potential = _deep_potential(target, shown_as=source)
        script = potential.deep_eval.get_model_def_script()
        trained = model_precision(script)
        if precision not in (None, trained):
            raise InputError(
                f"{source}: a Deep Potential runs in the precision it was trained in: `precision` {trained}"
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

    def calculator(self, directory: Path) -> Calculator:
        """Return DeePMD-kit's calculator of an exported potential: the only one there is."""
        return self.model_calculator(directory / MODEL)

    def model_calculator(self, source: Path) -> Calculator:
        """Return DeePMD-kit's calculator of a frozen model or a checkpoint.

        Raises
        ------
        InputError
            If the source is no Deep Potential, or a checkpoint of a version whose networks had other weights.
        """
        if source.suffix == ".pt":
            checkpoint_model(source)
        with quiet():
            from decant.algorithms.deepmd.calculator import DeepPotentialCalculator

            try:
                calculator = DeepPotentialCalculator(model=str(source))
            except Exception as error:  # torch's loader fails in any way on what is no model
                raise InputError(f"{source}: cannot be read by DeePMD-kit: {' '.join(str(error).split())}") from error
        if source.suffix == ".pt":  # of which DeePMD-kit takes what it finds
            require_weights(source, calculator.dp.deep_eval.dp)
        return calculator


def _deep_potential(path: Path, shown_as: Path) -> Any:
    """Return DeePMD-kit's evaluator of a frozen model."""
    with quiet():
        from deepmd.infer import DeepPot

        try:
            return DeepPot(str(path))
        except Exception as error:  # torch's loader fails in any way on what is no model
            whole = "" if zipfile.is_zipfile(path) else ", but damaged, cut off or something else"
            raise InputError(f"{shown_as}: not a frozen DeePMD-kit model for PyTorch (.pth){whole}") from error


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
