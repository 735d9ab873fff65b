"""Deep Potential: fits by DeePMD-kit's PyTorch backend, runs in LAMMPS by its ``pair_style deepmd``."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ase import Atoms

from decant.algorithms.base import WHOLE, Algorithm, Course, Exported, FitResult, FitTask, Part
from decant.algorithms.deepmd.branches import RANDOM, branch_names, branch_to_take, observed, told
from decant.algorithms.deepmd.checkpoint import (
    DPA4_REFUSED,
    checkpoint_model,
    checkpoint_params,
    is_dpa4,
    last_checkpoint,
    require_weights,
)
from decant.algorithms.deepmd.freezing import MODEL, freeze, run_dp
from decant.algorithms.deepmd.freezing import precision as model_precision
from decant.algorithms.deepmd.inputs import charge_and_spin, require_atoms_alone, with_fixed_charge
from decant.algorithms.deepmd.published import LICENCES, PUBLISHED, fetch
from decant.algorithms.deepmd.training import Training, course, require_sections
from decant.algorithms.training import HOLD, TrainingFailed, labels_of_lone_atoms, quiet, require_labels
from decant.data.prediction import ask
from decant.foundation.errors import InputError
from decant.foundation.files import require_file

if TYPE_CHECKING:
    from ase.calculators.calculator import Calculator


NEAR = 0.1
"""Largest difference of a lone atom's energy from its label, eV, that a fit may take from the model it starts from."""
MOST_TYPES = 12
"""Types of a pretrained model that a note lists; published ones have all elements."""
_CONVERTED = "is a model of another backend of DeePMD-kit; convert it: dp convert-backend FILE model.pth"
_FROZEN = (
    "is part of a checkpoint of DeePMD-kit's TensorFlow backend; freeze it with that version (dp --tf freeze), then: "
    "dp convert-backend FILE.pb model.pth"
)


class DeepPotential(Algorithm):
    """The Deep Potential algorithm with the descriptors that ``dp`` freezes as TorchScript."""

    name = "deepmd"
    packages = ("deepmd-kit", "torch", "dpdata")
    suffixes = (".pt", ".pth")
    foreign_suffixes: ClassVar[dict[str, str]] = {
        **dict.fromkeys((".pb", ".pbtxt", ".pd", ".hlo", ".dp"), _CONVERTED),
        **dict.fromkeys((".meta", ".index", ".data-00000-of-00001"), _FROZEN),
    }
    strategies = ("naive",)
    published = tuple(PUBLISHED)
    licences = LICENCES
    committees = True

    def known_settings(self) -> set[str]:
        """Return the sections of DeePMD-kit's input that a preset may set; the words inside are checked by ``dp``."""
        return {"model", "learning_rate", "optimizer", "loss", "training", "batch_atoms", HOLD}

    def fit(self, task: FitTask) -> FitResult:
        """Train, freeze and compress with ``dp --pt``; see `decant.algorithms.base.Algorithm`.

        Raises
        ------
        InputError
            If no labelled frame or no validation frame is left, the settings are those of a DPA-4, or a section of them
            is a value.
        """
        require_sections(task.settings)
        if is_dpa4(task.settings.get("model") or {}):
            raise InputError(f"`set` model: {DPA4_REFUSED}")
        train, valid = ([frame for frame in frames if len(frame) > 1] for frames in (task.train, task.valid))
        require_labels(len(train), "training set")
        require_labels(len(valid), "validation set")
        # an atom without neighbours in the training itself would spoil the statistics of the descriptor
        lone, notes = labels_of_lone_atoms(task.train, train) if task.settings.get(HOLD) else ({}, [])
        start = task.pretrained
        if lone and start and start.head != RANDOM and not self._near(start.model, start.head, lone):
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

    def _near(self, model: Path, branch: str | None, labels: dict[str, float]) -> bool:
        """Return whether the lone atoms of a model are so near their labels that they can be held to them."""
        calculator = _calculator(model, branch)
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

    def head_and_elements(self, model: Path, head: str | None) -> tuple[str | None, list[str]]:
        """Return the branch of a checkpoint of several tasks that a fit starts from, and its type map.

        Raises
        ------
        InputError
            If there is no such branch, or there are several and none is named.
        """
        branch = branch_to_take(model, checkpoint_params(model), head, fit=True)
        chosen = checkpoint_model(model, branch)
        if branch != RANDOM:
            require_atoms_alone(model, chosen)
        return branch, list(chosen["type_map"])

    def elements(self, source: Path) -> list[str]:
        """Return the type map of a checkpoint or of a frozen model; of several tasks, all that one of them knows."""
        if source.suffix == ".pt":
            params = checkpoint_params(source)
            models = [checkpoint_model(source, branch) for branch in branch_names(params)]
            types = [symbol for model in models or [params] for symbol in model["type_map"]]
            return list(dict.fromkeys(types))
        return list(_deep_potential(source, shown_as=source).get_type_map())

    def fetch(self, name: str) -> Path:
        """Return the file of a published model; see `decant.algorithms.deepmd.published.fetch`."""
        return fetch(name)

    def export(self, source: Path, directory: Path, precision: str | None, part: Part = WHOLE) -> Exported:
        """Copy a frozen model, or freeze a checkpoint, or one branch of it, into the potential's directory.

        A checkpoint (``.pt``) is unpickled by ``dp``: it must be trusted.

        Raises
        ------
        InputError
            If the source is no Deep Potential, another precision is wanted than it was trained in, or a part that it
            has not.
        """
        require_file(source, "a DeePMD-kit model (.pth or .pt)")
        target = directory / MODEL
        branch, known, state = None, None, None
        if source.suffix == ".pt":
            branch = branch_to_take(source, checkpoint_params(source), part.head)
            model = checkpoint_model(source, branch)
            known = observed(model) if branch else None
            state = charge_and_spin(model, part.charge, part.spin)
            _freeze(source, branch, state, target)
        elif part.head is not None:
            raise InputError(f"`head` {part.head}: {source} is frozen, and of one task; leave out `head`")
        elif part.charge is not None or part.spin is not None:
            raise InputError(f"{source}: is frozen, for one total charge and spin: leave out `charge` and `spin`")
        else:
            shutil.copyfile(source, target)
        potential = _deep_potential(target, shown_as=source)
        script = potential.deep_eval.get_model_def_script()
        trained = model_precision(script)
        if precision not in (None, trained):
            raise InputError(
                f"{source}: a Deep Potential runs in the precision it was trained in: `precision` {trained}"
            )
        _require_no_inputs(source, potential)
        elements = _chosen(source, part.elements, known or list(potential.get_type_map()), branch)
        settings = {key: script[key] for key in ("descriptor", "fitting_net") if key in script}
        return Exported(
            model=MODEL,
            pair_style=f"deepmd ${{potential}}/{MODEL}",
            pair_coeff=f"* * {' '.join(elements)}",
            elements=elements,
            cutoff=float(potential.get_rcut()),
            settings=settings
            | ({"head": branch} if branch else {})
            | ({"totals": {"charge": state[0], "spin": state[1]}} if state else {}),
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
            If the source is no Deep Potential, a checkpoint of several tasks, or one of a version whose networks had
            other weights.
        """
        if source.suffix == ".pt" and len(branch_names(params := checkpoint_params(source))) > 1:
            raise InputError(
                f"{source}: has the branches {told(params)}: export one of them ('decant export --head') and use that"
            )
        return _calculator(source, None)


def _freeze(source: Path, branch: str | None, state: list[int] | None, target: Path) -> None:
    """Freeze a checkpoint, or one branch of it, with the total charge and spin that are fixed in it."""
    charged = target.with_suffix(".pt")
    checkpoint = with_fixed_charge(source, branch, state, charged) if state else source
    head = ["--head", branch] if branch else []
    try:
        run_dp([["freeze", "-c", str(checkpoint.resolve()), "-o", str(target.resolve()), *head]], target.parent)
    except TrainingFailed as error:
        said = str(error).partition(": ")[2] or str(error)
        raise InputError(
            f"{source}: dp cannot freeze it; did another version of DeePMD-kit write it? {said.strip()}"
        ) from error
    finally:
        charged.unlink(missing_ok=True)


def _calculator(source: Path, branch: str | None) -> Calculator:
    """Return DeePMD-kit's calculator of a frozen model or a checkpoint, or of one of its branches."""
    if source.suffix == ".pt":
        branch = branch_to_take(source, checkpoint_params(source), branch)
    with quiet():
        from decant.algorithms.deepmd.calculator import DeepPotentialCalculator

        try:
            calculator = DeepPotentialCalculator(model=str(source), head=branch)
        except Exception as error:  # torch's loader fails in any way on what is no model
            raise InputError(f"{source}: cannot be read by DeePMD-kit: {' '.join(str(error).split())}") from error
    if source.suffix == ".pt":  # of which DeePMD-kit takes what it finds
        require_weights(source, calculator.dp.deep_eval.dp, branch)
    return calculator


def _require_no_inputs(source: Path, potential: Any) -> None:
    """Refuse a frozen model that must be given more than atoms, which LAMMPS would find at its first step."""
    if (potential.get_dim_fparam() and not potential.has_default_fparam()) or potential.get_dim_aparam():
        raise InputError(f"{source}: must be given parameters of each frame (fparam, aparam): not covered")
    if potential.has_chg_spin_ebd() and not potential.has_default_chg_spin():
        raise InputError(f"{source}: is frozen without a total charge and spin; give its checkpoint (.pt)")


def _chosen(source: Path, wanted: tuple[str, ...] | None, known: list[str], branch: str | None) -> list[str]:
    """Return the elements in the order of the LAMMPS atom types; `InputError` if the model does not know one."""
    if wanted is None:
        return known
    if unknown := [symbol for symbol in wanted if symbol not in known]:
        own = f"branch {branch} of {source}" if branch else str(source)
        raise InputError(f"`elements`: {own} does not know {', '.join(unknown)}; it knows: {' '.join(known)}")
    return list(dict.fromkeys(wanted))


def _deep_potential(path: Path, shown_as: Path) -> Any:
    """Return DeePMD-kit's evaluator of a frozen model."""
    with quiet():
        from deepmd.infer import DeepPot

        try:
            return DeepPot(str(path))
        except Exception as error:  # torch's loader fails in any way on what is no model
            whole = "" if zipfile.is_zipfile(path) else ", but damaged, cut off or something else"
            raise InputError(f"{shown_as}: not a frozen DeePMD-kit model for PyTorch (.pth){whole}") from error


def _cutoff(descriptor: dict[str, Any]) -> Any:
    """Return the distance up to which a descriptor looks, angstrom; that of DPA-2 and DPA-3 stands in a part of it."""
    part = descriptor.get("repinit") or descriptor.get("repflow") or descriptor
    return part.get("rcut") or part.get("e_rcut")


def _what_was_taken_over(task: FitTask) -> list[str]:
    """Return notes on a model that a fit starts from."""
    assert task.pretrained
    name, branch = task.pretrained.name, task.pretrained.head
    model = checkpoint_model(task.pretrained.model, branch)
    descriptor, types = model.get("descriptor", {}), model["type_map"]
    told = f"types {' '.join(types)}" if len(types) <= MOST_TYPES else f"{len(types)} types"
    notes = [f"architecture of {name}: {descriptor.get('type')}, cutoff {_cutoff(descriptor)} A, {told}"]
    if branch == RANDOM:
        notes.append("the fitting net begins with random weights, atomic energies are fitted by dp")
    else:
        notes.append("atomic energies: those of the pretrained model, moved to the level of the data by dp")
    if branch and branch != RANDOM:
        notes.append(f"branch of {name} that it starts from: {branch}")
    if "model" in task.settings:
        notes.append(f"not used, since {name} decides: model")
    return notes
