"""Readers of settings files: from the values of YAML to a typed dataclass, with one clear line where one is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, field, fields
from typing import Any, TypeVar

import numpy as np

from decant.foundation.errors import InputError, nearest
from decant.foundation.units import duration, parse_length, parse_memory_MB

Kind = TypeVar("Kind")


def positive(value: Any) -> float:
    """Return a positive finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < np.inf:
        raise InputError(f"expected a positive number, not {value!r}")
    return float(value)


def number(value: Any) -> float:
    """Return a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise InputError(f"expected a number, not {value!r}")
    return float(value)


def share(value: Any) -> float:
    """Return a number above 0 and up to 1."""
    if positive(value) > 1:
        raise InputError(f"expected a share from 0 to 1, not {value!r}")
    return float(value)


def count(least: int) -> Callable[[Any], int]:
    """Return a reader of whole numbers from `least` on."""

    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise InputError(f"expected a whole number from {least} on, not {value!r}")
        return value

    return read


def length_ps(value: Any) -> float:
    """Return ps from a text such as ``2ps``."""
    return parse_length(str(value))


def seconds(value: Any) -> float:
    """Return seconds from a text such as ``30min``."""
    return duration(str(value))


def memory_MB(value: Any) -> int:
    """Return MB from a text such as ``800MB`` or ``4GB``."""
    return parse_memory_MB(str(value))


def text(value: Any) -> str:
    """Return a text that is not empty."""
    if not isinstance(value, str) or not value:
        raise InputError(f"expected a text, not {value!r}")
    return value


def options(value: Any) -> tuple[str, ...]:
    """Return ``key=value`` settings from a mapping, as ``decant fit --set`` takes them."""
    if not isinstance(value, Mapping):
        raise InputError(f"expected a mapping of settings to values, not {value!r}")
    return tuple(f"{key}={'null' if item is None else item}" for key, item in value.items())


def mapping(value: Any) -> dict[str, Any]:
    """Return a mapping of names to values of any kind."""
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise InputError(f"expected a mapping of names to values, not {value!r}")
    return dict(value)


def files(value: Any) -> tuple[str, ...]:
    """Return paths from one or a list."""
    paths = [value] if isinstance(value, str) else value
    if not isinstance(paths, list) or not paths or not all(isinstance(path, str) for path in paths):
        raise InputError(f"expected a file or a list of files, not {value!r}")
    return tuple(paths)


def read_named(name: str, read: Callable[[Any], Kind], value: Any) -> Kind:
    """Return a value as `read` takes it; where it does not, the message begins with the name.

    Raises
    ------
    InputError
        If the value is not what it should be.
    """
    try:
        return read(value)
    except InputError as error:
        raise InputError(f"{name}: {error}") from error


def key(read: Callable[[Any], Any], default: Any = MISSING) -> Any:
    """Return a field of settings that is read by `read`; without a default it must be given."""
    return field(default=default, metadata={"read": read})


def nested(kind: type[Kind]) -> Callable[[Any], Kind]:
    """Return a reader of a mapping into `kind`."""
    return lambda value: read_mapping(kind, value, "")


def read_mapping(kind: type[Kind], values: Any, where: str) -> Kind:
    """Return the settings of a mapping.

    Parameters
    ----------
    kind
        A dataclass whose fields were made by `key`.
    values
        The mapping.
    where
        File or section, for messages.

    Raises
    ------
    InputError
        If a key is unknown (the nearest one is suggested), missing, or its value is not what it should be.
    """
    start = f"{where}: " if where else ""
    known = {entry.name: entry for entry in fields(kind)}  # type: ignore[arg-type]
    if not isinstance(values, dict):
        raise InputError(f"{start}expected a mapping with the keys {', '.join(known)}")
    for name in values:
        if name not in known:
            raise InputError(f"{start}unknown key '{name}'{nearest(str(name), known)}; expected {', '.join(known)}")
    for name, entry in known.items():
        if entry.default is MISSING and name not in values:
            raise InputError(f"{start}the key '{name}' is missing")
    read = {name: read_named(f"{start}{name}", known[name].metadata["read"], value) for name, value in values.items()}
    try:
        return kind(**read)
    except InputError as error:
        raise InputError(f"{start}{error}") from error
