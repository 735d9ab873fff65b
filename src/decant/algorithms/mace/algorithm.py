"""MACE: fits by mace-torch, runs in LAMMPS by our own ``pair_style mace``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ase.data import chemical_symbols

from decant.algorithms.base import WHOLE, Algorithm, Course, Exported, FitResult, FitTask, Part, Pretrained
from decant.algorithms.mace.model_file import load_trusted
from decant.algorithms.mace.published import LICENCES, PUBLISHED, fetch
from decant.algorithms.mace.reference import (
    load_model,
    read_reference,
    reference_part,
    torch_calculator,
    write_reference,
)
from decant.algorithms.mace.training import COMPILED, MODEL_FILE, completed, course, known_options, train
from decant.algorithms.training import HOLD, labels_of_lone_atoms, require_labels
from decant.data.charges import has_ions
from decant.data.frames import write_frames
from decant.data.isolated import is_isolated
from decant.foundation.errors import InputError
from decant.molecules.periodicity import with_gap

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator

MODEL, REFERENCE = "model.safetensors", "reference.safetensors"
# what a card tells of the architecture
_TOLD = (
    "hidden_irreps", "max_ell", "correlation", "num_interactions", "num_bessel", "num_polynomial_cutoff", "radial_MLP",
    "MLP_irreps", "interaction_cls_first", "interaction_cls", "avg_num_neighbors", "radial_type", "distance_transform",
    "pair_repulsion", "edge_irreps", "apply_cutoff", "head", "totals",
)  # fmt: skip


class Mace(Algorithm):
    """The MACE algorithm."""

    name = "mace"
    packages = ("mace-torch", "torch", "e3nn")
    suffixes = (".model",)
    strategies = ("naive", "replay")
    published = tuple(PUBLISHED)
    licences = LICENCES
    committees = True

    def known_settings(self) -> set[str]:
        """Return the options of ``mace_run_train`` that a preset may set, and ours."""
        return {*known_options(), HOLD, COMPILED}

    def fit(self, task: FitTask) -> FitResult:
        """Train with ``mace_run_train``; see `decant.algorithms.base.Algorithm`.

        Raises
        ------
        InputError
            If no labelled frame or no validation frame is left.
        """
        frames = [frame for frame in task.train if not is_isolated(frame)]
        require_labels(len(frames), "training set")
        require_labels(len(task.valid), "validation set")
        lone, notes = labels_of_lone_atoms(task.train, frames)
        # from which MACE takes their energies
        isolated = [frame for frame in task.train if lone and is_isolated(frame)]
        settings = completed(task.settings, frames)
        hold = bool(settings.pop(HOLD, _holds(task, frames))) and bool(lone)
        compiled = bool(settings.pop(COMPILED, True))
        frames, valid = ([with_gap(frame) for frame in part] for part in (frames, task.valid))
        task.directory.mkdir(parents=True, exist_ok=True)
        if task.pretrained:
            from decant.algorithms.mace.pretrained import with_stress

            settings, notes, hold = _start_from(task, task.pretrained, settings, lone, hold)
            isolated = []  # the model to start from has their energies
            frames, valid = with_stress(frames), with_stress(valid)
        write_frames(task.directory / "train.extxyz", [*isolated, *frames])
        write_frames(task.directory / "valid.extxyz", valid)
        epochs, told = train(task, settings, lone if hold else {}, compiled)
        used = {**settings, HOLD: hold, COMPILED: compiled}
        return FitResult(task.directory / MODEL_FILE, used, epochs, notes + told)

    def course(self, directory: Path) -> Course:
        """Return the validation errors after each epoch."""
        return course(directory)

    def start(self, model: Path) -> Path:
        """Return the same file; of a potential, the reference that its own calculator is rebuilt from."""
        return model / REFERENCE if model.is_dir() else model

    def elements(self, source: Path) -> list[str]:
        """Return the elements of a ``.model`` file, which is unpickled and must be trusted, or of a reference.

        Raises
        ------
        InputError
            If it is no MACE model.
        """
        return [chemical_symbols[number] for number in load_model(source).atomic_numbers.tolist()]

    def head_and_elements(self, model: Path, head: str | None) -> tuple[str | None, list[str]]:
        """Return the head that is asked for, and the elements of the model.

        Raises
        ------
        InputError
            If the model has no such head.
        """
        from decant.algorithms.mace.export.heads import chosen_head

        if head is not None:
            chosen_head(load_model(model), head)
        return head, self.elements(model)

    def fetch(self, name: str) -> Path:
        """Return the file of a published model; see `decant.algorithms.mace.published.fetch`."""
        return fetch(name)

    def export(self, source: Path, directory: Path, precision: str | None, part: Part = WHOLE) -> Exported:
        """Write ``model.safetensors`` for LAMMPS and ``reference.safetensors`` for Python.

        The source is unpickled: it must be trusted. What is written contains no pickle.

        Raises
        ------
        InputError
            If the source is no MACE model, has a feature that ``pair_style mace`` does not cover, or has not the part
            that is asked for.
        """
        from decant.algorithms.mace.export.features import chosen_totals
        from decant.algorithms.mace.export.heads import head_to_take
        from decant.algorithms.mace.export.weights import write_model

        model = load_trusted(source)
        precision = precision or "double"
        head = head_to_take(model, part.head)
        totals = chosen_totals(model, part.charge, part.spin)
        elements = write_model(model, directory / MODEL, precision, part.elements, head, totals)
        description = write_reference(model, directory / REFERENCE, head, totals)
        return Exported(
            model=MODEL,
            pair_style=f"mace {'float' if precision == 'single' else 'double'}",
            pair_coeff=f"* * ${{potential}}/{MODEL} {' '.join(elements)}",
            elements=elements,
            cutoff=float(description["r_max"]),
            settings={key: description[key] for key in _TOLD},
            precision=precision,
        )

    def export_form(self, form: str, source: Path, directory: Path, exported: Exported, part: Part) -> list[str]:
        """Write the form ``mliap`` or ``libtorch``; see `decant.algorithms.mace.export.forms.write_form`."""
        from decant.algorithms.mace.export.forms import write_form
        from decant.algorithms.mace.export.heads import head_to_take

        model = load_trusted(source)
        head = head_to_take(model, part.head)
        return write_form(form, model, directory, exported.elements, exported.precision, head)

    def calculator(self, directory: Path) -> Calculator:
        """Return the calculator on our C++ evaluator, the one of ``pair_style mace``; it needs no torch."""
        from decant.algorithms.mace.calculator import CompiledMACE

        return CompiledMACE(directory / MODEL)

    def calculator_on(self, directory: Path, device: str) -> Calculator:
        """Return it on a device, ``"cpu"``, ``"cuda"``, ``"cuda:1"`` or ``"opencl"``."""
        from decant.algorithms.mace.calculator import CompiledMACE

        return CompiledMACE(directory / MODEL, device=device)

    def reference_calculator(self, directory: Path) -> Calculator:
        """Return MACE's own calculator, rebuilt without unpickling anything."""
        path = directory / REFERENCE
        return torch_calculator(read_reference(path), *reference_part(path))

    def model_calculator(self, source: Path) -> Calculator:
        """Return MACE's own calculator of a ``.model`` file, which is unpickled: it must be trusted.

        Raises
        ------
        InputError
            If the source is no MACE model, or one of several heads, none of which is called Default or stands alone
            beside that of replayed frames.
        """
        from decant.algorithms.mace.export.heads import head_names, head_to_take

        model = load_trusted(source)
        names, head = head_names(model), head_to_take(model, None)
        if len(names) > 1 and not head and "default" not in [name.lower() for name in names]:
            raise InputError(
                f"{source}: has the heads {', '.join(names)}: export one of them ('decant export --head') and use that"
            )
        return torch_calculator(model, head)


def _holds(task: FitTask, frames: Sequence[Atoms]) -> bool:
    """Say whether lone atoms are held to their labels where no setting says (docs/pretrained.md, Lone atoms).

    The labels are those of neutral atoms, which an ion alone is not. Of two heads neither is held.
    """
    replayed = task.pretrained is not None and task.pretrained.strategy == "replay"
    return not replayed and not any(map(has_ions, frames))


def _start_from(
    task: FitTask, pretrained: Pretrained, settings: dict[str, Any], lone: dict[str, float], hold: bool
) -> tuple[dict[str, Any], list[str], bool]:
    """Prepare the model to start from; return the settings that go with it, notes, and whether lone atoms are held."""
    from decant.algorithms.mace.pretrained import prepare, training_options

    settings, given_way = training_options(settings)
    options, notes, held = prepare(task, pretrained, settings, lone, hold)
    if given_way:
        notes.append(f"not used, since {pretrained.name} decides: {', '.join(given_way)}")
    settings.pop("foundation_head", None)  # the model to start from has one head now
    if pretrained.strategy == "replay":
        settings["loss"] = "universal"  # mace-torch knows no other for it
    return settings | options, notes, held
