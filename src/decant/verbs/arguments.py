"""Arguments as people give them: paths, one thing or several, and values of the types that a verb declares."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, ParamSpec, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

from decant.foundation.errors import InputError
from decant.foundation.settings import read_named

Location = str | PathLike[str]
"""A file or a folder."""
Locations = Location | Sequence[Location]
"""One or several of them."""
Given = ParamSpec("Given")
Result = TypeVar("Result")

LONGEST = 60
"""Characters of a value that a message repeats; of a longer one it names the type."""
WORDS = {
    PathLike: ("a path", "paths"),
    str: ("a text", "texts"),
    int: ("a whole number", "whole numbers"),
    float: ("a number", "numbers"),
    bool: ("True or False", "truth values"),
    Mapping: ("a mapping", "mappings"),
}
"""What values of a type are called in a message: one, and several."""


def path(given: Location | None) -> Path | None:
    """Return what was given as a path, or None."""
    return None if given is None else Path(place(given))


def paths(given: Locations | None) -> list[Path]:
    """Return what was given as a list: one, several, or none."""
    if given is None:
        return []
    several: Iterable[Any] = given if isinstance(given, Iterable) and not _is_place(given) else [given]
    return [Path(place(one)) for one in several]


def words(given: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return the words of a text with commas, or of a list."""
    several = given.split(",") if isinstance(given, str) else given or ()
    return tuple(word.strip() for word in several if word.strip())


def texts(given: str | Sequence[str]) -> tuple[str, ...]:
    """Return one text or several as a tuple."""
    return (given,) if isinstance(given, str) else tuple(given)


def numbers(given: int | Sequence[int]) -> tuple[int, ...]:
    """Return one number or several as a tuple."""
    return (given,) if isinstance(given, int) else tuple(given)


def place(given: Any) -> Location:
    """Return a path as it is, and that of what has a `path`: a run, a potential, what a verb returned.

    Raises
    ------
    InputError
        If it is neither.
    """
    if not _is_place(given):
        raise InputError(f"expected a path, not {_shown(given)}")
    return given if isinstance(given, str | PathLike) else given.path


def _is_place(given: Any) -> bool:
    return isinstance(given, str | PathLike) or isinstance(getattr(given, "path", None), str | PathLike)


def checked(**limits: Callable[[Any], Any]) -> Callable[[Callable[Given, Result]], Callable[Given, Result]]:
    """Return what makes a verb refuse, before it begins and in one line, arguments of other types than it declares.

    Numbers of numpy become those of Python, and what has a `path` becomes that where one is expected.

    Parameters
    ----------
    limits
        By the name of an argument, a reader as of `decant.foundation.settings`, which refuses values out of limits;
        None passes.
    """

    def decorated(verb: Callable[Given, Result]) -> Callable[Given, Result]:
        signature, kinds = inspect.signature(verb), get_type_hints(verb)

        @functools.wraps(verb)
        def called(*given: Given.args, **named: Given.kwargs) -> Result:
            bound = signature.bind(*given, **named)
            for name, value in bound.arguments.items():
                taken = read_named(f"`{name}`", functools.partial(read_as, kinds[name]), value)
                if taken is not None and name in limits:
                    read_named(f"`{name}`", limits[name], taken)
                bound.arguments[name] = taken
            return verb(*bound.args, **bound.kwargs)

        return called

    return decorated


def each(read: Callable[[Any], Any]) -> Callable[[Any], list[Any]]:
    """Return a reader of one thing or a list of several, each of which another reader takes."""

    def read_each(given: Any) -> list[Any]:
        several = given if isinstance(given, list) else [given]
        if not several:
            raise InputError("expected one at least, and the list is empty")
        return [read(one) for one in several]

    return read_each


def read_as(kind: Any, value: Any) -> Any:
    """Return a value as an argument of some type takes it.

    Parameters
    ----------
    kind
        The type: a class, `Any`, a sequence or a mapping, or a union of these. Where a text is expected a number or a
        path is one, too, as at a prompt. A sequence comes back as a list.
    value
        What was given.

    Raises
    ------
    InputError
        If it is of another type.
    """
    if isinstance(value, np.generic | np.ndarray) and value.ndim == 0:
        value = value.item()
    kinds = _kinds(kind)
    if PathLike in map(_class, kinds) and _is_place(value):
        return place(value)
    for one in kinds:
        if _is_of(value, _class(one)):
            return _converted(value, one)
    raise InputError(f"expected {' or '.join(_expected(kinds))}, not {_shown(value)}")


def _kinds(kind: Any) -> list[Any]:
    """Return the types of a union; a text that may be a path is one."""
    kinds = list(get_args(kind)) if get_origin(kind) in (Union, UnionType) else [kind]
    return [one for one in kinds if one is not str] if PathLike in map(_class, kinds) else kinds


def _class(kind: Any) -> Any:
    """Return the class of a type, without what its values hold."""
    return get_origin(kind) or kind


def _is_of(value: Any, kind: Any) -> bool:
    if kind is Any:
        return True
    if isinstance(value, bool) or kind is bool:
        return isinstance(value, bool) and kind is bool
    if kind is float:
        return isinstance(value, int | float)
    if kind is str:
        return isinstance(value, str | int | float | PathLike)
    if kind is Sequence:
        return isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping)
    return isinstance(value, kind)


def _converted(value: Any, kind: Any) -> Any:
    """Return a value that is of a type in the form that a verb takes it."""
    if kind is str:
        return str(value)
    return [read_as(get_args(kind)[0], one) for one in value] if _class(kind) is Sequence else value


def _expected(kinds: Sequence[Any]) -> list[str]:
    """Return in words what may be given; that None may be, too, goes without saying."""
    return [
        f"a list of {' or '.join(_words(one)[1] for one in _kinds(get_args(kind)[0]))}"
        if _class(kind) is Sequence
        else _words(kind)[0]
        for kind in kinds
        if kind is not NoneType
    ]


def _words(kind: Any) -> tuple[str, str]:
    name = getattr(kind, "__name__", str(kind))
    return WORDS.get(_class(kind), (f"a {name}", name))


def _shown(value: Any) -> str:
    """Return a value in a message: itself, or its type where it is long."""
    text = repr(value)
    return text if len(text) <= LONGEST and text.isprintable() else f"an object of type {type(value).__name__}"
