"""The paths that a study file holds, made absolute, so that the study can be run from any folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from decant.labels.registry import CP2K, POTENTIAL
from decant.study.cells import fit_cell

PARAMETERS = ("committee", "driver", "file")
"""Parameters of recipes that may name a file or a folder."""


def with_absolute_paths(content: dict[str, Any], base: Path) -> dict[str, Any]:
    """Return the values of a study file with every path absolute.

    Parameters
    ----------
    content
        Of a valid study file.
    base
        Folder that relative paths count from.
    """
    values: dict[str, Any] = json.loads(json.dumps(content))  # nothing is shared, so no alias will be written
    if "method" in values:
        values["method"] = _located(values["method"], base)
    for data in values["data"].values():
        if "labelled" in data:
            data["labelled"] = str(base / data["labelled"])
        if "learn" in data and "preset" in data["learn"]:
            data["learn"]["preset"] = _file_or_word(data["learn"]["preset"], base)
        _locate_recipes(data.get("recipes", []), base)
    _locate_recipes(values["test"], base)
    for choice in values["algorithms"].values():
        if "preset" in choice:
            choice["preset"] = _file_or_word(choice["preset"], base)
        if "pretrained" in choice and not fit_cell(choice["pretrained"], values["data"], values["algorithms"]):
            choice["pretrained"] = _file_or_word(choice["pretrained"], base)
        if "replay" in choice and choice["replay"] not in values["data"]:
            choice["replay"] = str(base / choice["replay"])
    return values


def _locate_recipes(entries: list[dict[str, Any]], base: Path) -> None:
    """Make the paths among the parameters of recipes absolute."""
    for entry in entries:
        parameters = entry.get("parameters")
        if not isinstance(parameters, dict):
            continue
        for name in PARAMETERS:
            if name in parameters:
                value = parameters[name]
                located = [_located(one, base) for one in (value if isinstance(value, list) else [value])]
                parameters[name] = located if isinstance(value, list) else located[0]


def _located(value: Any, base: Path) -> Any:
    """Return a value such as ``potential:DIRECTORY`` or a file name with an absolute path, anything else as it is."""
    if not isinstance(value, str):
        return value
    prefix = next((one for one in (POTENTIAL, CP2K) if value.startswith(one)), "")
    return prefix + _file_or_word(value.removeprefix(prefix), base)


def _file_or_word(value: Any, base: Path) -> Any:
    """Return the absolute path of something that is there; a word that is no path as it is."""
    return str(base / value) if isinstance(value, str) and (base / value).exists() else value
