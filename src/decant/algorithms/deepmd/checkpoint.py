"""DeePMD-kit's checkpoints, from which a training can go on: a frozen model has lost what that needs."""

from __future__ import annotations

import copy
import functools
import re
import zipfile
from pathlib import Path
from typing import Any

from decant.algorithms.training import quiet
from decant.foundation.errors import InputError
from decant.foundation.files import require_file


def last_checkpoint(model: Path) -> Path:
    """Return the last checkpoint that ``decant fit`` left in the directory of a frozen model.

    Raises
    ------
    InputError
        If there is none.
    """
    found = [path for path in model.parent.glob("work/model.ckpt-*.pt") if _step(path) is not None]
    if not found:
        raise InputError(
            f"{model}: is frozen, and no training starts from that; give a checkpoint (.pt), or the directory of a "
            "'decant fit' with its work/"
        )
    return max(found, key=lambda path: _step(path) or 0)


def _step(path: Path) -> int | None:
    match = re.fullmatch(r"model\.ckpt-(\d+)\.pt", path.name)
    return int(match[1]) if match else None


def checkpoint_model(path: Path) -> dict[str, Any]:
    """Return the section ``model`` of the input that a checkpoint was trained with; nothing is unpickled.

    Raises
    ------
    InputError
        If the file is no checkpoint, or one of several tasks.
    """
    return copy.deepcopy(_read(require_file(path, "a checkpoint of DeePMD-kit (.pt)").resolve()))


@functools.lru_cache(maxsize=4)
def _read(path: Path) -> dict[str, Any]:
    with quiet():
        import torch

        try:
            content = torch.load(path, map_location="cpu", weights_only=True)
            model: dict[str, Any] = content.get("model", content)["_extra_state"]["model_params"]
        except Exception as error:  # torch's loader fails in any way on what is no checkpoint
            why = "of another version or program" if zipfile.is_zipfile(path) else "damaged, cut off or something else"
            raise InputError(f"{path}: not a checkpoint of DeePMD-kit 3 for PyTorch (.pt): {why}") from error
    if "type_map" not in model:
        raise InputError(f"{path}: is a checkpoint of several tasks; training can start from one of a single task")
    return model


def require_weights(path: Path, model: Any) -> None:
    """Refuse a checkpoint that lacks a weight of the model that was built from it: that would be a random number.

    Raises
    ------
    InputError
        If one is missing.
    """
    import torch

    content = torch.load(path, map_location="cpu", weights_only=True)
    stored = content.get("model", content)
    missing = [name for name, _ in model.named_parameters() if name not in stored]
    if missing:
        raise InputError(
            f"{path}: another version of DeePMD-kit wrote it: {missing[0]} is not in it; freeze it with that version "
            "(dp --pt freeze) and give the .pth"
        )
