"""The kinds of data sets by the key that tells them, and the one reader of all."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from decant.foundation.errors import InputError, nearest
from decant.foundation.settings import read_mapping
from decant.study.data_sets.base import DataSet
from decant.study.data_sets.joined import Joined
from decant.study.data_sets.labelled_file import LabelledFile
from decant.study.data_sets.learned import Learned
from decant.study.data_sets.part import Part
from decant.study.data_sets.recipes import FromRecipes
from decant.study.readers import entries

TestSet = FromRecipes | LabelledFile
"""What the test set of a study may be."""
KINDS: tuple[type[DataSet], ...] = (FromRecipes, LabelledFile, Joined, Part, Learned)
SOURCES = {kind.source: kind for kind in KINDS}
KEYS = (
    *SOURCES,
    *(kind.partner for kind in KINDS if kind.partner),
    *(field.name for field in fields(DataSet)),
)
"""Every key that a data set of a study file may have."""


def data_set_kind(values: dict[str, Any]) -> type[DataSet]:
    """Return the kind of a data set of a valid study file."""
    return next(kind for source, kind in SOURCES.items() if source in values)


def read_data_set(values: Any, where: str) -> DataSet:
    """Return the data set of a mapping.

    Parameters
    ----------
    values
        Exactly one of the keys in `SOURCES`, and the settings of that kind.
    where
        Name of the data set, for messages.

    Raises
    ------
    InputError
        If it tells no kind or more than one, a key is unknown or missing, or a value is not what it should be.
    """
    if not isinstance(values, dict):
        raise InputError(f"{where}: expected a mapping with the keys {', '.join(KEYS)}")
    for name in values:
        if name not in KEYS:
            raise InputError(f"{where}: unknown key '{name}'{nearest(str(name), KEYS)}; expected {', '.join(KEYS)}")
    given = [source for source in SOURCES if source in values]
    if len(given) != 1:
        expected = ", ".join(SOURCES)
        raise InputError(f"{where}: expected exactly one of {expected}, not {' and '.join(given) or 'none'}")
    for kind in KINDS:
        if kind.partner and (kind.source in values) != (kind.partner in values):
            raise InputError(f"{where}: '{kind.source}' and '{kind.partner}' belong together")
    return read_mapping(SOURCES[given[0]], values, where)


def read_test_set(values: Any) -> TestSet:
    """Return the test set: recipes as a list, or a mapping with ``labelled``, a file that is labelled already.

    Raises
    ------
    InputError
        If it is neither.
    """
    if isinstance(values, list):
        return FromRecipes(recipes=entries(values))
    if not isinstance(values, dict) or set(values) != {LabelledFile.source}:
        raise InputError("expected a list of recipes, or a mapping with `labelled`, a labelled file")
    return read_mapping(LabelledFile, values, LabelledFile.source)
