"""Parameters that recipes share, as dataclasses: declared and described once, yet flat in a recipe file."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import wraps
from typing import Any

from ase import Atoms

Build = Callable[..., list[Atoms]]


def flat(build: Build) -> Build:
    """Let the `build` of a recipe take the fields of its groups as parameters of their own.

    A group is a parameter whose default is a dataclass, such as `decant.configurations.sampling.Dynamics`. In its place
    the method takes the fields, by keyword, with the values of that default as their defaults; fields that are
    dataclasses in turn are taken apart as well. A parameter of the method itself goes before a field of its name, which
    then keeps its default. A group that has a method `check` is asked before the recipe begins.
    """
    own = inspect.signature(build).parameters
    groups = {name: parameter.default for name, parameter in own.items() if is_group(parameter.default)}
    hidden = {field for group in groups.values() for field, *_ in _leaves(group)} - set(own)

    @wraps(build)
    def flattened(self: Any, count: int, seed: int, **parameters: Any) -> list[Atoms]:
        given = {name: parameters.pop(name) for name in hidden & set(parameters)}
        filled = {name: _filled(group, given) for name, group in groups.items()}
        check_groups(filled.values())
        return build(self, count, seed, **parameters, **filled)

    shown = []
    for name, parameter in own.items():
        if name in groups:
            leaves = [leaf for leaf in _leaves(groups[name]) if leaf[0] in hidden]
            shown += [
                inspect.Parameter(field, parameter.KEYWORD_ONLY, default=value, annotation=kind)
                for field, value, kind in leaves
            ]
        elif name in ("self", "count", "seed"):
            shown.append(parameter)
        else:
            shown.append(parameter.replace(kind=parameter.KEYWORD_ONLY))
    flattened.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]  # what `inspect` then tells
    return flattened


def is_group(value: Any) -> bool:
    """Say whether the default of a parameter makes it a group."""
    return is_dataclass(value) and not isinstance(value, type)


def groups_of(build: Build) -> list[type]:
    """Return the classes of the groups of a `build`, those within others behind them."""
    defaults = [parameter.default for parameter in inspect.signature(inspect.unwrap(build)).parameters.values()]
    found = [value for value in defaults if is_group(value)]
    for group in found:  # grows while it is gone through
        found += [value for value in vars(group).values() if is_group(value)]
    return [type(group) for group in found]


def filled_groups(build: Build, given: Mapping[str, Any]) -> list[Any]:
    """Return the groups of a `build` with what is given, also by parameters of its own, in place of their values."""
    defaults = [parameter.default for parameter in inspect.signature(inspect.unwrap(build)).parameters.values()]
    return [_filled(value, given) for value in defaults if is_group(value)]


def check_groups(groups: Iterable[Any]) -> None:
    """Raise `InputError` if a group, or one within it, has a value that makes no sense."""
    for group in groups:
        if hasattr(group, "check"):
            group.check()
        check_groups(value for value in vars(group).values() if is_group(value))


def _leaves(group: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield the names, values and types of the fields of a group and of the groups in it, in their order."""
    for field in fields(group):
        value = getattr(group, field.name)
        if is_group(value):
            yield from _leaves(value)
        else:
            yield field.name, value, field.type


def _filled(group: Any, given: Mapping[str, Any]) -> Any:
    """Return a group with what is given in place of its values."""
    inner = {name: _filled(value, given) for name, value in vars(group).items() if is_group(value)}
    return replace(group, **inner, **{name: given[name] for name in vars(group) if name in given})
