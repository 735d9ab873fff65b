"""Fitting a potential: data and preset in, a model directory out, continued where it was interrupted.

A model directory holds ``fit.yaml`` (what was asked, on which data, and what came out), ``work/`` (the algorithm's own
files: inputs, checkpoints, log), the model file itself, and ``errors.yaml`` once it was evaluated.
"""

from __future__ import annotations

import hashlib
import platform
import shutil
import sys
import time
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ase.data import atomic_numbers

from decant.algorithms.base import FitTask
from decant.algorithms.presets import Preset, load_preset
from decant.algorithms.registry import algorithm
from decant.data.charges import charge_of, mixed_charges, spin_of
from decant.data.frames import density, isolated_energies, read_frames, taken_off
from decant.data.isolated import is_isolated
from decant.foundation.directories import changed
from decant.foundation.errors import InputError, warn
from decant.foundation.files import read_yaml, require_file, sha256, write_beside, write_yaml
from decant.foundation.progress import span
from decant.foundation.settings import count, read_named
from decant.molecules.charge import CHARGE
from decant.potentials.pretrained import describe, identity, open_pretrained, seen_by
from decant.potentials.training_data import describe_molecules

if TYPE_CHECKING:
    from ase import Atoms

RECORD = "fit.yaml"
SETS = ("train", "valid", "test")


@dataclass(frozen=True)
class FitRequest:
    """What a user asks of a fit.

    Attributes
    ----------
    algorithm
        Name of the algorithm.
    data
        Directory with ``train.extxyz`` and ``valid.extxyz``, and ``test.extxyz`` if errors are wanted.
    output
        The model directory.
    preset
        Name of a preset, or path of a YAML file like one.
    seed
        Random seed.
    overrides
        ``key=value`` settings on top of the preset.
    max_time, max_epochs
        Limits that replace those of the preset: seconds, passes over the training set.
    pretrained
        What to start from: a directory of ``decant fit``, a model file, or the name of a ready potential or
        of a published model; None for random weights.
    strategy
        How to start from it; see `decant.algorithms.base.Algorithm`.
    replay
        File, or directory of a split, with the frames that ``replay`` replays.
    head
        Which head of a pretrained model of several to start from; None for the only one.
    """

    algorithm: str
    data: Path
    output: Path
    preset: str = "small"
    seed: int = 1
    overrides: list[str] = field(default_factory=list)
    max_time: float | None = None
    max_epochs: int | None = None
    pretrained: str | None = None
    strategy: str = "naive"
    replay: Path | None = None
    head: str | None = None


def fit(request: FitRequest) -> dict[str, Any]:
    """Fit a potential, continue an interrupted fit of the same request, or prolong a finished one.

    A request of the same but for longer limits goes on from the last checkpoint.

    Returns
    -------
    dict
        The content of ``fit.yaml``; ``state`` is ``finished``, and ``new`` tells whether anything was left to do.

    Raises
    ------
    InputError
        If the data, the preset, an override or the model to start from is wrong, or the directory holds a fit of
        something else.
    """
    started = time.time()
    method = algorithm(request.algorithm)
    preset = load_preset(request.algorithm, request.preset, request.overrides, method.known_settings())
    frames = _with_learned_elements(request.data, _read_sets(request.data), from_scratch=not request.pretrained)
    asked, start = _asked(request, preset, frames), None
    if request.pretrained:
        start = open_pretrained(method, request.pretrained, request.strategy, request.replay, frames, request.head)
        asked["pretrained"] = describe(start, request.replay) | seen_by(request.pretrained)
    record_path, before = request.output / RECORD, dict[str, Any]()
    if record_path.is_file():
        before = read_yaml(record_path)
        _require_same(record_path, before, asked)
        longer = is_longer(record_path, before, asked["limits"])
        if _is_finished(request.output, before) and not longer:
            return {**before, "new": False}
        _warn_of_other_versions(record_path, before.get("versions", {}), method.packages)
    limits = asked["limits"]
    record = {"state": "running", **asked, "versions": _versions(method.packages)}
    if not _is_finished(request.output, before):  # the model of a fit that is prolonged stands until there is a better
        write_yaml(record_path, record)
    if preset.cost:
        other = limits != {"max_time_s": preset.max_time, "max_epochs": preset.max_epochs}
        print(f"preset {preset.name}: {preset.cost}{_ends_after(limits) if other else ''}", file=sys.stderr)
    task = FitTask(
        frames["train"], frames["valid"], (request.output / "work").resolve(), preset.settings, request.seed,
        _left(limits["max_time_s"], started), limits["max_epochs"], start,
    )  # fmt: skip
    try:
        result = method.fit(task)
    except InputError:
        if not before and not any(task.directory.glob("*")):  # nothing has begun that other settings could not go with
            record_path.unlink()
        raise
    model = request.output / f"model{result.model.suffix}"
    (request.output / "errors.yaml").unlink(missing_ok=True)  # of a model that is about to be replaced
    with write_beside(model) as temporary:
        shutil.copyfile(result.model, temporary)
    seconds = round(time.time() - started, 1)
    record |= {
        "state": "finished", "model": model.name, "model_sha256": sha256(model), "epochs": result.epochs,
        "last_session_s": seconds, "total_s": _seconds(before) + seconds, "settings_used": result.settings,
        "notes": result.notes,
    }  # fmt: skip
    write_yaml(record_path, record)
    return {**record, "new": True}


def _read_sets(data: Path) -> dict[str, list[Atoms]]:
    """Read the sets of a split; isolated atoms stay in the training set only."""
    data = Path(data)
    if not data.is_dir():
        raise InputError(f"{data}: no such directory; expected one with train.extxyz and valid.extxyz (decant split)")
    frames: dict[str, list[Atoms]] = {}
    seen: list[Atoms] = []
    for name in SETS:
        path = data / f"{name}.extxyz"
        if name != "test" or path.is_file():
            read = read_frames(require_file(path, f"the {name} set that 'decant split' writes"))
            frames[name] = read if name == "train" else [frame for frame in read if not is_isolated(frame)]
            seen += [frame for frame in read if not is_isolated(frame)]
            try:
                taken_off(seen)
            except InputError as error:
                raise InputError(f"{path}: counted through the sets, {error}") from error
            if mixed := mixed_charges(seen):
                raise InputError(
                    f"{path}: {mixed}, counted through the sets; the potential sees elements alone and cannot tell them"
                    " apart: keep one of the two"
                )
    return frames


def _is_finished(output: Path, record: dict[str, Any]) -> bool:
    return record.get("state") == "finished" and (output / record["model"]).is_file()


def _seconds(record: dict[str, Any]) -> float:
    """Return what a fit has taken so far, s, as far as its record tells."""
    return float(record.get("total_s") or record.get("last_session_s") or 0.0)


def _left(max_time: float | None, started: float) -> float | None:
    """Return what of a limit, s, is left since a time (`time.time`): reading counts, a person waits for it too."""
    return None if max_time is None else max(max_time - (time.time() - started), 1.0)


def _ends_after(limits: dict[str, Any]) -> str:
    """Return the limits of a fit in words, where these are not those of its preset."""
    parts = [span(limits["max_time_s"])] if limits["max_time_s"] else []
    parts += [f"{limits['max_epochs']} epochs"] if limits["max_epochs"] else []
    return f" This fit ends after {' or '.join(parts)}."


def _with_learned_elements(data: Path, frames: dict[str, list[Atoms]], from_scratch: bool) -> dict[str, list[Atoms]]:
    """Return the sets without isolated atoms of elements that no frame has.

    Frames with such an element are refused, unless the model that a fit starts from may know it, which is told later.
    """
    learned = {symbol for frame in frames["train"] if not is_isolated(frame) for symbol in frame.get_chemical_symbols()}
    if not learned:
        return frames  # the algorithm says what is missing
    for number, frame in enumerate(frames["valid"] if from_scratch else []):
        if new := sorted(set(frame.get_chemical_symbols()) - learned):
            raise InputError(
                f"{data / 'valid.extxyz'}: frame {number} has {', '.join(new)}, which no frame of train.extxyz has; a"
                " fit learns of an element from the training set: put frames with it there, or leave this one out"
            )
    useful = [frame for frame in frames["train"] if not is_isolated(frame) or frame.symbols[0] in learned]
    if len(useful) < len(frames["train"]):
        left_out = sorted({frame.symbols[0] for frame in frames["train"] if frame.symbols[0] not in learned})
        warn(
            f"{data / 'train.extxyz'}: the isolated atom of {', '.join(left_out)} is left out: no frame has the element"
        )
    return {**frames, "train": useful}


def _asked(request: FitRequest, preset: Preset, frames: dict[str, list[Atoms]]) -> dict[str, Any]:
    """Return the part of the record that says what was asked, on which data."""
    explicit = request.max_time is not None or request.max_epochs is not None
    max_time = request.max_time if explicit else preset.max_time
    max_epochs = request.max_epochs if explicit else preset.max_epochs
    if max_epochs is not None:
        read_named("`max_epochs`", count(1), max_epochs)
    preset.require_limit(max_time, max_epochs)
    return {
        "algorithm": request.algorithm,
        "preset": preset.name,
        "settings": preset.settings,
        "seed": request.seed,
        "limits": {"max_time_s": max_time, "max_epochs": max_epochs},
        "data": describe_data(request.data, frames),
    }


def describe_data(data: Path, frames: dict[str, list[Atoms]]) -> dict[str, Any]:
    """Return what a card says of the data: hash, sizes, elements, charges, ranges and molecules.

    Charges (e), multiplicities, ranges and molecules are those of the training set; None where no frame tells.
    """
    fitted = {name: [frame for frame in members if not is_isolated(frame)] for name, members in frames.items()}
    train = fitted["train"]
    densities = [value for value in map(density, train) if value is not None]
    temperatures = [float(frame.info["temperature"]) for frame in train if "temperature" in frame.info]
    digest = hashlib.sha256()
    for name in ("train", "valid"):
        digest.update((Path(data) / f"{name}.extxyz").read_bytes())
    return {
        "name": Path(data).resolve().name,
        "sha256": digest.hexdigest(),
        "frames": {name: len(members) for name, members in fitted.items()},
        "atoms": {name: sum(len(frame) for frame in members) for name, members in fitted.items()},
        "elements": _elements(frames["train"]),
        "isolated_atoms": len(frames["train"]) - len(train),
        "isolated_atoms_eV": isolated_energies(frames["train"]) or None,
        "periodic_frames": sum(bool(frame.pbc.all()) for frame in train),
        "virials": sum("REF_virial" in frame.info for frame in train),
        "charges": sorted(set(map(charge_of, train))) if any(CHARGE in frame.info for frame in train) else None,
        "spins": sorted({spin for frame in train if (spin := spin_of(frame)) is not None}) or None,
        "density_g_cm3": _range(densities),
        "temperature_K": _range(temperatures),
        **({"minus": minus} if (minus := taken_off(train)) else {}),
        **describe_molecules(train),
    }


def _elements(frames: list[Atoms]) -> list[str]:
    return sorted({s for frame in frames for s in frame.get_chemical_symbols()}, key=lambda s: atomic_numbers[s])


def _range(values: list[float]) -> list[float] | None:
    return [round(min(values), 4), round(max(values), 4)] if values else None


def _versions(packages: tuple[str, ...]) -> dict[str, str]:
    """Return the installed versions of packages, ours first."""
    result = {"python": platform.python_version()}
    for package in ("decant-mlip", *packages):
        try:
            result[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            result[package] = "unknown"
    return result


def _warn_of_other_versions(path: Path, before: dict[str, str], packages: tuple[str, ...]) -> None:
    """Tell that a fit goes on with other versions of its training programs, which may not take its checkpoint."""
    now = _versions(packages)
    if changes := [
        f"{name} {before[name]}, now {now[name]}" for name in packages if before.get(name) not in (None, now[name])
    ]:
        warn(f"{path}: goes on from a checkpoint of {'; '.join(changes)}")


def _require_same(path: Path, record: dict[str, Any], asked: dict[str, Any]) -> None:
    """Raise `InputError` if a directory holds a fit of something else."""
    if (key := changed(_compared(record), _compared(asked))) is not None:
        known = {"pretrained": "that started from something else", "data": "to other data"}
        what = known.get(key, f"with another '{key}'")
        raise InputError(f"{path}: this directory holds a fit {what}; choose another `output`, or remove it")


def is_longer(path: Path, record: dict[str, Any], asked: dict[str, Any]) -> bool:
    """Return whether the limits of a fit are longer than they were; refuse shorter ones.

    A limit of a finished fit that there was not before is held against what it has come to.
    """
    before = record.get("limits") or {}
    come_to = {"max_time_s": _seconds(record), "max_epochs": record.get("epochs") or 0.0}
    if record.get("state") != "finished" and any((before.get(key) is None) != (asked[key] is None) for key in asked):
        raise InputError(
            f"{path}: this directory holds a fit with another 'limits' that has not ended; choose another `output`, or "
            "remove it"
        )
    longer = False
    for key, now in asked.items():
        then = before.get(key)
        if then == now:
            continue
        if now is not None and now < (come_to[key] if then is None else then):
            raise InputError(
                f"{path}: this directory holds a fit with longer 'limits'; it can be prolonged, not made shorter: "
                "choose another `output`, or remove it"
            )
        longer = True
    return longer


def _compared(record: dict[str, Any]) -> dict[str, Any]:
    """Return what of a record must be the same for its fit to go on."""
    same = {key: record.get(key) for key in ("algorithm", "settings", "seed")}
    return {**same, "pretrained": identity(record.get("pretrained")), "data": record["data"]["sha256"]}
