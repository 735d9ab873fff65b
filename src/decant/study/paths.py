"""Paths among the values of a study file, made absolute, so that the study can be run from any folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from decant.labels.registry import CP2K, POTENTIAL

PARAMETERS = ("committee", "driver", "file")
"""Parameters of recipes that may name a file or a folder."""


def locate_recipes(entries: list[dict[str, Any]], base: Path) -> None:
    """Make the paths among the parameters of recipes absolute."""
    for entry in entries:
        parameters = entry.get("parameters")
        if not isinstance(parameters, dict):
            continue
        for name in PARAMETERS:
            if name in parameters:
                value = parameters[name]
                parameters[name] = (
                    [located(one, base) for one in value] if isinstance(value, list) else located(value, base)
                )


def located(value: Any, base: Path) -> Any:
    """Return a value such as ``potential:DIRECTORY`` or a file name with an absolute path, anything else as it is."""
    if not isinstance(value, str):
        return value
    prefix = next((one for one in (POTENTIAL, CP2K) if value.startswith(one)), "")
    return prefix + file_or_word(value.removeprefix(prefix), base)


def file_or_word(value: Any, base: Path) -> Any:
    """Return the absolute path of something that is there; a word that is no path as it is."""
    return str(base / value) if isinstance(value, str) and (base / value).exists() else value
