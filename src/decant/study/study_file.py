"""Reading a study file, and its content with absolute paths as a study's folder keeps it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from decant.algorithms.presets import located_preset
from decant.foundation.files import located, read_yaml
from decant.foundation.settings import read_mapping
from decant.labels.registry import WITH_PATH
from decant.study.cells import fit_cell
from decant.study.data_sets.labelled_file import LabelledFile
from decant.study.data_sets.registry import data_set_kind
from decant.study.paths import locate_recipes
from decant.study.study import Study


def read_study(path: Path) -> Study:
    """Read a study file; relative paths in it count from its folder and come back absolute.

    Raises
    ------
    InputError
        If a key is unknown (the nearest one is suggested) or missing, or a value is not what it should be. Whether
        what it names exists is the matter of `decant.study.checks.check_study`.
    """
    return read_mapping(Study, study_values(path), str(path))


def study_values(path: Path) -> dict[str, Any]:
    """Return the content of a study file with absolute paths, as a study's folder keeps it."""
    values = read_yaml(path)
    read_mapping(Study, values, str(path))
    return _with_absolute_paths(values, Path(path).resolve().parent)


def _with_absolute_paths(content: dict[str, Any], base: Path) -> dict[str, Any]:
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
        values["method"] = located(values["method"], base, WITH_PATH)
    for data in values["data"].values():
        data_set_kind(data).locate(data, base)
    if isinstance(values["test"], list):
        locate_recipes(values["test"], base)
    else:
        LabelledFile.locate(values["test"], base)
    for choice in values["algorithms"].values():
        if "preset" in choice:
            choice["preset"] = located_preset(choice["preset"], base)
        if "pretrained" in choice and not fit_cell(choice["pretrained"], values["data"], values["algorithms"]):
            choice["pretrained"] = located(choice["pretrained"], base)
        if "replay" in choice and choice["replay"] not in values["data"]:
            choice["replay"] = str(base / choice["replay"])
    return values
