"""Branches of a checkpoint of several tasks, its heads: one for each level of theory, on one descriptor."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from decant.foundation.errors import InputError, nearest

RANDOM = "RANDOM"
"""What ``dp`` calls a head that begins with random weights on a pretrained descriptor."""
BRANCHES = "model_dict"
"""Where a checkpoint of several tasks keeps the models of its branches."""


def branch_names(params: Mapping[str, Any]) -> list[str]:
    """Return the names of the branches of a checkpoint's model; none of one task."""
    return list(params.get(BRANCHES, ()))


def told(params: Mapping[str, Any]) -> str:
    """Return the branches with their aliases, in words."""
    words = []
    for name, model in params[BRANCHES].items():
        aliases = model.get("model_branch_alias") or []
        words.append(f"{name} ({', '.join(aliases)})" if aliases else name)
    return ", ".join(words)


def branch_to_take(path: Path, params: Mapping[str, Any], head: str | None, fit: bool = False) -> str | None:
    """Return the branch that a head means: its name, or an alias of it, in capital or small letters.

    Parameters
    ----------
    path, params
        A checkpoint and its model.
    head
        What the user said; None for the only one.
    fit
        Whether a fit starts from it, to which `RANDOM` is a head as well.

    Returns
    -------
    str or None
        The name of the branch, or `RANDOM`; None for a checkpoint of one task.

    Raises
    ------
    InputError
        If there is no such branch, or there are several and none is named.
    """
    if fit and head == RANDOM:
        return RANDOM
    names = branch_names(params)
    if not names:
        if head is not None:
            raise InputError(f"`head` {head}: {path} is of one task and has no branches; leave out `head`")
        return None
    if head is None:
        if len(names) == 1:
            return names[0]
        new = f", or {RANDOM} for one that begins anew" if fit else ""
        raise InputError(f"{path}: has {len(names)} branches: name one as `head` ({told(params)}{new})")
    known = {name: name for name in names}
    for name in names:
        known |= dict.fromkeys(params[BRANCHES][name].get("model_branch_alias") or [], name)
    alike = {word.lower(): name for word, name in known.items()}
    found = known.get(head) or alike.get(head.lower())
    if found is None:
        raise InputError(f"`head` {head}: {path} has no such branch{nearest(head, known)}; it has: {told(params)}")
    return found


def branch_model(params: Mapping[str, Any], branch: str | None) -> dict[str, Any]:
    """Return the section ``model`` of a branch as one of a single task; of `RANDOM`, that of the first."""
    if branch is None or BRANCHES not in params:
        return dict(params)
    model = dict(params[BRANCHES][branch_names(params)[0] if branch == RANDOM else branch])
    model.pop("model_branch_alias", None)
    if branch == RANDOM:  # the word that tells the branches apart means nothing to a new network
        model["fitting_net"] = {**model["fitting_net"], "dim_case_embd": 0, "numb_fparam": 0, "numb_aparam": 0}
        model["fitting_net"].pop("default_fparam", None)
    return model


def observed(model: Mapping[str, Any]) -> list[str]:
    """Return the elements that a branch was trained with, in the order of its type map; all where it does not tell.

    The type map of published models has every element that one of their branches has seen, and more.
    """
    seen = (model.get("info") or {}).get("observed_type")
    return [symbol for symbol in model["type_map"] if seen is None or symbol in seen]
