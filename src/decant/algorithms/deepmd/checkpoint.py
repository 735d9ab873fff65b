"""DeePMD-kit's checkpoints, from which a training can go on: a frozen model has lost what that needs."""

from __future__ import annotations

import copy
import functools
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from decant.algorithms.deepmd.branches import BRANCHES, branch_model
from decant.algorithms.training import quiet
from decant.foundation.errors import InputError
from decant.foundation.files import require_file

DPA4 = {"dpa4", "dpa4c", "sezm"}
"""Types of models and descriptors of the family DPA-4, in small letters."""
DPA4_REFUSED = (
    "is a DPA-4, which dp freezes as .pt2 alone, compiled for one machine; decant runs what it freezes as .pth"
)


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


def checkpoint_model(path: Path, branch: str | None = None) -> dict[str, Any]:
    """Return the section ``model`` of the input that a checkpoint was trained with; nothing is unpickled.

    Parameters
    ----------
    path
        The checkpoint.
    branch
        Of a checkpoint of several tasks, the branch as `decant.algorithms.deepmd.branches.branch_to_take` names it.

    Raises
    ------
    InputError
        If the file is no checkpoint.
    """
    return copy.deepcopy(branch_model(checkpoint_params(path), branch))


def checkpoint_params(path: Path) -> dict[str, Any]:
    """Return what a checkpoint says of its model or, of several tasks, of its models; nothing is unpickled.

    Raises
    ------
    InputError
        If the file is no checkpoint.
    """
    return _read(require_file(path, "a checkpoint of DeePMD-kit (.pt)").resolve())


@functools.lru_cache(maxsize=4)
def _read(path: Path) -> dict[str, Any]:
    with quiet():
        import torch

        try:
            content = torch.load(path, map_location="cpu", weights_only=True)
            params: dict[str, Any] = content.get("model", content)["_extra_state"]["model_params"]
            models = params.get(BRANCHES, {"": params})
            if not all("type_map" in model for model in models.values()):
                raise KeyError("type_map")
        except Exception as error:  # torch's loader fails in any way on what is no checkpoint
            why = "of another version or program" if zipfile.is_zipfile(path) else "damaged, cut off or something else"
            raise InputError(f"{path}: not a checkpoint of DeePMD-kit 3 for PyTorch (.pt): {why}") from error
    if any(is_dpa4(model) for model in models.values()):
        raise InputError(f"{path}: {DPA4_REFUSED}")
    return params


def is_dpa4(model: Mapping[str, Any]) -> bool:
    """Return whether a section ``model`` is of the family DPA-4, which ``dp`` freezes in a form of its own."""
    return any(str(part.get("type", "")).lower() in DPA4 for part in (model, model.get("descriptor", {})))


def require_weights(path: Path, model: Any, branch: str | None = None) -> None:
    """Refuse a checkpoint that lacks a weight of the model that was built from it: that would be a random number.

    Parameters
    ----------
    path
        The checkpoint.
    model
        DeePMD-kit's wrapper of a model.
    branch
        Its name in a checkpoint of several tasks.

    Raises
    ------
    InputError
        If one is missing.
    """
    import torch

    content = torch.load(path, map_location="cpu", weights_only=True)
    stored = content.get("model", content)
    own = f"model.{branch or 'Default'}."
    names = [own + name.removeprefix("model.Default.") for name, _ in model.named_parameters()]
    missing = [name for name in names if name not in stored]
    if missing:
        raise InputError(
            f"{path}: another version of DeePMD-kit wrote it: {missing[0]} is not in it; freeze it with that version "
            "(dp --pt freeze) and give the .pth"
        )
