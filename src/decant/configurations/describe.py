"""What a recipe makes, what it is good for and what parameters it takes, from its class and its docstrings."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from typing import Any

from decant.configurations.base import parameters_of
from decant.configurations.groups import groups_of


@dataclass(frozen=True)
class Parameter:
    """A parameter of a recipe: its name, its default as text ("needed" if there is none) and what it means."""

    name: str
    default: str
    text: str


@dataclass(frozen=True)
class Description:
    """A recipe in words.

    Attributes
    ----------
    name
        Its name.
    makes, good_for
        The first line of its class docstring, and the paragraph that begins with "Good for"; empty where it has none.
    parameters
        Its own parameters.
    base
        Name of the recipe whose parameters it takes besides, or an empty string.
    """

    name: str
    makes: str
    good_for: str
    parameters: list[Parameter]
    base: str


def describe(recipe: Any) -> Description:
    """Return the description of a recipe."""
    paragraphs = re.split(r"\n\s*\n", inspect.cleandoc(type(recipe).__doc__ or ""))
    good = next((paragraph for paragraph in paragraphs if paragraph.startswith("Good for")), "")
    base = getattr(recipe, "base", None)
    inherited = parameters_of(base) or {} if base else {}
    taken = parameters_of(recipe) or {}
    own = inspect.signature(recipe.build).parameters
    texts = {**_group_texts(recipe.build), **section_texts(recipe.build, "Parameters")}
    parameters = [
        Parameter(name, _default(parameter), texts.get(name, ""))
        for name, parameter in taken.items()
        if name not in inherited or (name in own and own[name].kind is not inspect.Parameter.VAR_KEYWORD)
    ]
    return Description(recipe.name, _line(paragraphs[0]), _line(good), parameters, base.name if base else "")


def _group_texts(build: Any) -> dict[str, str]:
    """Return the texts of parameters that recipes share."""
    return {name: text for group in groups_of(build) for name, text in section_texts(group, "Attributes").items()}


def section_texts(described: Any, section: str) -> dict[str, str]:
    """Return the texts of a section, such as Parameters, of a numpydoc docstring by name."""
    lines = inspect.cleandoc(described.__doc__ or "").splitlines()
    starts = [index + 2 for index, line in enumerate(lines) if line == section]
    found: dict[str, str] = {}
    names: list[str] = []
    for index in range(starts[0] if starts else len(lines), len(lines)):
        line = lines[index]
        if line and not line.startswith(" "):
            if lines[index + 1 : index + 2] and set(lines[index + 1]) == {"-"}:
                break
            names = [name.strip() for name in line.split(":")[0].split(",")]
        elif line:
            found.update({name: f"{found.get(name, '')} {line.strip()}".strip() for name in names})
    return found


def _default(parameter: inspect.Parameter) -> str:
    if parameter.default is inspect.Parameter.empty:
        return "needed"
    if parameter.default is None:
        return "none"
    return str(list(parameter.default) if isinstance(parameter.default, tuple) else parameter.default)


def _line(text: str) -> str:
    return " ".join(text.split())
