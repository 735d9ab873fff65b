"""Readers of the values of a study file, beside those that every settings file has."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from decant.foundation.errors import InputError
from decant.foundation.settings import Kind

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")


def names(value: Any) -> tuple[str, ...]:
    """Return names from one or a list."""
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list) or not found or not all(isinstance(item, str) for item in found):
        raise InputError(f"expected a name or a list of names, not {value!r}")
    return tuple(found)


def several(read: Callable[[Any], Kind]) -> Callable[[Any], tuple[Kind, ...]]:
    """Return a reader of one value or a list of them."""

    def read_all(value: Any) -> tuple[Kind, ...]:
        found = tuple(read(item) for item in (value if isinstance(value, list) else [value]))
        if not found or len(set(found)) < len(found):
            raise InputError(f"expected different values, not {value!r}")
        return found

    return read_all


def named(read: Callable[[Any, str], Kind]) -> Callable[[Any], dict[str, Kind]]:
    """Return a reader of a mapping of names, which become folders; `read` takes the settings of one and its name.

    It may be empty: a study in which nothing is fitted needs no data, and its checks know.
    """

    def read_all(value: Any) -> dict[str, Kind]:
        if not isinstance(value, dict):
            raise InputError("expected a mapping of names to settings")
        for name in value:
            if not isinstance(name, str) or not NAME.fullmatch(name):
                raise InputError(f"'{name}' is no name; letters, digits and _ . + - make one")
        return {name: read(settings, name) for name, settings in value.items()}

    return read_all


def entries(value: Any) -> tuple[dict[str, Any], ...]:
    """Return the entries of a recipe file."""
    if not isinstance(value, list) or not value or not all(isinstance(entry, dict) for entry in value):
        raise InputError("expected a list of recipes, as decant build takes them")
    return tuple(value)


def mapping(value: Any) -> dict[str, Any]:
    """Return a mapping as it is."""
    if not isinstance(value, dict):
        raise InputError(f"expected a mapping, not {value!r}")
    return value


def reference(value: Any) -> str | dict[str, Any]:
    """Return the text or the mapping of a reference."""
    if not isinstance(value, str | dict) or not value:
        raise InputError(f"expected experiment, DATA/ALGORITHM or a mapping with density_g_cm3, not {value!r}")
    return value


def truth(value: Any) -> bool:
    """Return true or false."""
    if not isinstance(value, bool):
        raise InputError(f"expected true or false, not {value!r}")
    return value


@contextmanager
def section(where: str) -> Iterator[None]:
    """Begin the message of an `InputError` with the section of the study that it is about."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{where}: {error}") from error
