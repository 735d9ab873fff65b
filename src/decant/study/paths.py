"""Paths among the parameters of recipes in a study file, made absolute, so that it can be run from any folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from decant.foundation.files import located
from decant.labels.registry import POTENTIAL
from decant.selection.descriptors import MACE

PARAMETERS = {"committee": ("",), "descriptor": (MACE,), "driver": (POTENTIAL,), "file": ("",), "run": ("",)}
"""Parameters of recipes that may name a file or a folder, and what then stands before its path."""
SEVERAL = "committee"
"""A parameter that names several, as a list or as text with commas."""


def locate_recipes(entries: list[dict[str, Any]], base: Path) -> None:
    """Make the paths among the parameters of recipes absolute."""
    for entry in entries:
        parameters = entry.get("parameters")
        if not isinstance(parameters, dict):
            continue
        for name in PARAMETERS.keys() & parameters.keys():
            value, prefixes = parameters[name], PARAMETERS[name]
            if name == SEVERAL and isinstance(value, str):
                value = [one.strip() for one in value.split(",")]
            parameters[name] = (
                [located(one, base, prefixes) for one in value]
                if isinstance(value, list)
                else located(value, base, prefixes)
            )
