"""The model that a fit starts from: found, held against the data, and told in the fit's record."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from decant.algorithms.base import Algorithm, Pretrained
from decant.data.frames import read_frames
from decant.data.isolated import is_isolated
from decant.foundation.errors import InputError, nearest
from decant.foundation.files import sha256
from decant.potentials.source import open_model
from decant.potentials.training_data import TrainingData

if TYPE_CHECKING:
    from ase import Atoms

_ONE_IN = 10  # of replayed frames in one file, so many go to the validation


def open_pretrained(
    method: Algorithm, model: str, strategy: str, replay: Path | None, frames: dict[str, list[Atoms]],
    head: str | None = None,
) -> Pretrained:  # fmt: skip
    """Find the model that a fit starts from, and the frames that it should not forget.

    Parameters
    ----------
    method
        The algorithm of the fit.
    model
        Directory of ``decant fit``, an exported potential, a model file, or the name of a ready potential
        (``decant ready``) or of a published model.
    strategy
        One of the algorithm's strategies.
    replay
        Labelled frames for ``replay``: a file, of which every tenth frame is kept for the validation, or a directory
        with ``train.extxyz`` and ``valid.extxyz``.
    frames
        The sets of the fit.
    head
        Which head of a model of several to start from; None for the only one.

    Raises
    ------
    InputError
        If the model is none of this algorithm, training cannot start from it, it has not the head or several and none
        is named, it does not know an element of the frames, or strategy and replay do not belong together.
    """
    if strategy not in method.strategies:
        known = ", ".join(method.strategies) or "nothing: it always starts anew"
        raise InputError(f"`strategy` {strategy}: {method.name} knows {known}{nearest(strategy, method.strategies)}")
    if (strategy == "replay") != (replay is not None):
        raise InputError("`strategy` replay and `replay` (frames like those of the pretraining) belong together")
    source = open_model(Path(model))
    if source.algorithm.name != method.name:
        raise InputError(f"{model}: is a {source.algorithm.name} model; a {method.name} fit cannot start from it")
    start = method.start(source.model)
    head, elements = method.head_and_elements(start, head)
    train, valid = _read_replay(replay) if replay else ([], [])
    for what, members in {**frames, str(replay): [*train, *valid]}.items():
        unknown = sorted({symbol for frame in members for symbol in frame.get_chemical_symbols()} - set(elements))
        if unknown:
            raise InputError(
                f"{model}: does not know {', '.join(unknown)}, which is in the frames of {what}; "
                f"it knows {' '.join(elements)}"
            )
    return Pretrained(model, start, elements, strategy, train, valid, head)


def describe(pretrained: Pretrained, replay: Path | None) -> dict[str, Any]:
    """Return what the record of a fit says of the model that it starts from."""
    result: dict[str, Any] = {
        "name": pretrained.name,
        "sha256": sha256(pretrained.model),
        "strategy": pretrained.strategy,
    }
    if pretrained.head:
        result["head"] = pretrained.head
    if replay:
        digest = hashlib.sha256()
        for path in _replay_files(replay):
            digest.update(path.read_bytes())
        result["replay"] = {
            "name": str(replay),
            "sha256": digest.hexdigest(),
            "frames": {"train": len(pretrained.replay_train), "valid": len(pretrained.replay_valid)},
        }
    return result


def seen_by(model: str) -> dict[str, Any]:
    """Return ``species``, the molecules that a model to start from has seen; nothing where that is not known."""
    record = open_model(Path(model)).record
    training = TrainingData.of({"data": record.get("data"), "fit": record})
    return {} if training.molecules is None else {"species": training.species}


def identity(told: dict[str, Any] | None) -> list[str] | None:
    """Return what makes two fits start from the same, given what `describe` told: names and paths do not matter."""
    if told is None:
        return None
    return [told["sha256"], told["strategy"], told.get("replay", {}).get("sha256", ""), told.get("head", "")]


def _replay_files(replay: Path) -> list[Path]:
    """Return the files of replayed frames."""
    return [replay / "train.extxyz", replay / "valid.extxyz"] if replay.is_dir() else [replay]


def _read_replay(replay: Path) -> tuple[list[Atoms], list[Atoms]]:
    """Read replayed frames for training and for validation, without isolated atoms."""
    sets = [[frame for frame in read_frames(path) if not is_isolated(frame)] for path in _replay_files(replay)]
    if len(sets) == 1:
        sets = [[f for i, f in enumerate(sets[0]) if i % _ONE_IN], sets[0][::_ONE_IN]]
    train, valid = sets
    if not train or not valid:
        raise InputError(f"{replay}: too few frames to replay; at least one to train on and one to validate are needed")
    return train, valid
