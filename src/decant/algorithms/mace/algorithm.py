"""MACE: fits by mace-torch, runs in LAMMPS by our own ``pair_style mace``."""

from __future__ import annotations

import importlib.util
import re
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from decant.algorithms.base import WHOLE, Exported, FitResult, FitTask, Part, Pretrained
from decant.algorithms.mace.published import PUBLISHED, fetch
from decant.algorithms.training import require_labels, run_training
from decant.data.frames import is_isolated, write_frames
from decant.foundation.errors import InputError
from decant.foundation.machine import has_gpu_driver
from decant.foundation.progress import Progress

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator

_NAME = "mace"
# what decant itself says to mace_run_train; a preset may not
_OWN = {
    "name", "seed", "work_dir", "log_dir", "model_dir", "checkpoints_dir", "results_dir", "downloads_dir", "train_file",
    "valid_file", "test_file", "energy_key", "forces_key", "virials_key", "stress_key", "max_num_epochs", "model",
    "scheduler", "swa", "start_swa", "restart_latest", "config", "E0s", "device", "eval_interval", "heads",
    "foundation_model", "multiheads_finetuning", "pt_train_file", "pt_valid_file", "force_mh_ft_lr",
}  # fmt: skip
MODEL, REFERENCE = "model.safetensors", "reference.safetensors"
UNLIMITED_EPOCHS = 1_000_000
# what a card tells of the architecture
_TOLD = (
    "hidden_irreps", "max_ell", "correlation", "num_interactions", "num_bessel", "num_polynomial_cutoff", "radial_MLP",
    "MLP_irreps", "interaction_cls_first", "interaction_cls", "avg_num_neighbors", "radial_type", "distance_transform",
    "pair_repulsion", "head",
)  # fmt: skip
_EPOCH = re.compile(r"Epoch (\d+): .*RMSE_E_per_atom= *([\d.naif]+) meV, RMSE_F= *([\d.naif]+) meV")
_PARSER = "_mace_tools"
_CONTINUED = re.compile(r"decant: continuing after epoch (\d+) and (\d+) s")


class Mace:
    """The MACE algorithm."""

    name = _NAME
    packages = ("mace-torch", "torch", "e3nn")
    suffixes = (".model",)
    strategies = ("naive", "replay")
    published = tuple(PUBLISHED)

    def known_settings(self) -> set[str]:
        """Return the options of ``mace_run_train`` that a preset may set."""
        return {action.dest for action in _options()} - _OWN - {"help"}

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
        isolated, notes = _usable_isolated_atoms(task.train, frames)
        settings = _complete(task.settings, frames)
        task.directory.mkdir(parents=True, exist_ok=True)
        valid = task.valid
        if task.pretrained:
            from decant.algorithms.mace.pretrained import with_stress

            settings, notes = _start_from(task, task.pretrained, settings, isolated)
            isolated = []  # the model to start from has their energies
            frames, valid = with_stress(frames), with_stress(valid)
        write_frames(task.directory / "train.extxyz", [*isolated, *frames])
        write_frames(task.directory / "valid.extxyz", valid)
        epochs = _train(_command(task, settings), task)
        return FitResult(task.directory / f"{_NAME}.model", settings, epochs, notes)

    def start(self, model: Path) -> tuple[Path, list[str]]:
        """Return the same file, which is unpickled to see what elements it knows: it must be trusted.

        Raises
        ------
        InputError
            If it is no MACE model.
        """
        from ase.data import chemical_symbols

        from decant.algorithms.mace.reference import load_trusted

        return model, [chemical_symbols[number] for number in load_trusted(model).atomic_numbers.tolist()]

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
        from decant.algorithms.mace.export.heads import head_to_take
        from decant.algorithms.mace.export.weights import write_model
        from decant.algorithms.mace.reference import load_trusted, write_reference

        model = load_trusted(source)
        precision = precision or "double"
        head = head_to_take(model, part.head)
        elements = write_model(model, directory / MODEL, precision, part.elements, head)
        description = write_reference(model, directory / REFERENCE, head)
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
        from decant.algorithms.mace.reference import load_trusted

        model = load_trusted(source)
        head = head_to_take(model, part.head)
        return write_form(form, model, directory, exported.elements, exported.precision, head)

    def calculator(self, directory: Path) -> Calculator:
        """Return the calculator on our C++ evaluator, the one of ``pair_style mace``; it needs no torch."""
        from decant.algorithms.mace.calculator import CompiledMACE

        return CompiledMACE(directory / MODEL)

    def reference_calculator(self, directory: Path) -> Calculator:
        """Return MACE's own calculator, rebuilt without unpickling anything."""
        from decant.algorithms.mace.reference import read_reference, reference_head, torch_calculator

        path = directory / REFERENCE
        return torch_calculator(read_reference(path), reference_head(path))

    def model_calculator(self, source: Path) -> Calculator:
        """Return MACE's own calculator of a ``.model`` file, which is unpickled: it must be trusted.

        Raises
        ------
        InputError
            If the source is no MACE model, or one of several heads, none of which is called Default or stands alone
            beside that of replayed frames.
        """
        from decant.algorithms.mace.export.heads import head_names, head_to_take
        from decant.algorithms.mace.reference import load_trusted, torch_calculator

        model = load_trusted(source)
        names, head = head_names(model), head_to_take(model, None)
        if len(names) > 1 and not head and "default" not in [name.lower() for name in names]:
            raise InputError(f"{source}: has the heads {', '.join(names)}: export one of them with --head and use that")
        return torch_calculator(model, head)


def _start_from(
    task: FitTask, pretrained: Pretrained, settings: dict[str, Any], isolated: list[Atoms]
) -> tuple[dict[str, Any], list[str]]:
    """Prepare the model to start from; return the settings that go with it, and notes."""
    from decant.algorithms.mace.pretrained import prepare, training_options

    settings, given_way = training_options(settings)
    options, notes = prepare(task, pretrained, settings, isolated)
    if given_way:
        notes.append(f"not used, since {pretrained.name} decides: {', '.join(given_way)}")
    settings.pop("foundation_head", None)  # the model to start from has one head now
    if pretrained.strategy == "replay":
        settings["loss"] = "universal"  # mace-torch knows no other for it
    return settings | options, notes


def _usable_isolated_atoms(train: list[Atoms], frames: list[Atoms]) -> tuple[list[Atoms], list[str]]:
    """Return the isolated atoms if there is one of each element, which MACE demands, else none and a note."""
    isolated = {frame.get_chemical_symbols()[0]: frame for frame in train if is_isolated(frame)}
    missing = sorted({symbol for frame in frames for symbol in frame.get_chemical_symbols()} - set(isolated))
    if not missing:
        return list(isolated.values()), []
    return [], [
        f"no isolated atom of {', '.join(missing)}: atomic energies are a least-squares fit to the training set"
    ]


def _complete(settings: dict[str, Any], frames: list[Atoms]) -> dict[str, Any]:
    """Fill in what depends on the data and the machine: loss, batch size, device."""
    result = dict(settings)
    if result.get("loss", "auto") == "auto":
        result["loss"] = "virials" if any("REF_virial" in frame.info for frame in frames) else "weighted"
    # MACE drops the last incomplete batch, so a batch larger than the set would leave nothing to train on
    result["batch_size"] = min(int(result.get("batch_size", 4)), len(frames))
    result["device"] = "cuda" if has_gpu_driver() and _torch_has_gpu() else "cpu"
    return result


def _torch_has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def _command(task: FitTask, settings: dict[str, Any]) -> list[str]:
    """Return the command line of the training."""
    heads = ["Default"]
    if task.pretrained:
        from decant.algorithms.mace.export.heads import REPLAYED

        heads.append(REPLAYED)
    options: dict[str, Any] = {
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
        command += ["--wall_time", str(task.max_time)]
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
        assert mace is not None and mace.submodule_search_locations  # a dependency
        package = ModuleType(_PARSER)
        package.__path__ = [str(Path(mace.submodule_search_locations[0]) / "tools")]
        sys.modules[_PARSER] = package
    return list(importlib.import_module(f"{_PARSER}.arg_parser").build_default_arg_parser()._actions)


def _train(command: list[str], task: FitTask) -> float:
    """Run the training while showing progress; return the number of epochs."""
    seen = used_before = 0.0
    with Progress("fit mace", task.max_epochs or 1, "epochs") as progress:

        def on_line(line: str) -> None:
            nonlocal seen, used_before
            if (continued := _CONTINUED.search(line)) and not seen:
                progress.first = seen = float(continued[1])
                used_before = float(continued[2])
            elif found := _EPOCH.search(line):
                seen = float(found[1]) + 1
                progress.total = _expected_epochs(progress, seen, task, used_before)
                progress.update(seen, f"validation: energy {found[2]} meV/atom, force {found[3]} meV/A")

        run_training(command, task.directory, task.directory / "train.log", on_line)
    return seen


def _expected_epochs(progress: Progress, seen: float, task: FitTask, used_before: float) -> float:
    """Return how many epochs fit into the limits at the present rate."""
    if task.max_time is None:
        return float(task.max_epochs or seen)
    elapsed = time.monotonic() - progress.start
    left = max(task.max_time - used_before - elapsed, 0.0)
    possible = seen + int((seen - progress.first) / elapsed * left)
    return min(possible, task.max_epochs or possible)
