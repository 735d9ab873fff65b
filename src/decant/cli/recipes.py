"""`decant recipes`: the ways to make configurations that there are."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Annotated

import typer

from decant.cli.options import Config

if TYPE_CHECKING:
    from decant.configurations.describe import Description


def command(
    name: Annotated[str, typer.Argument(help="Recipe to show in full; all in short if empty.")] = "",
    config: Config = None,
) -> None:
    """List the recipes: what each makes, what it is good for, its parameters with defaults and units.

    \b
    For example:
      decant recipes
      decant recipes volume-scan
    """
    from decant.configurations.base import find_recipe, recipes
    from decant.configurations.describe import describe

    for recipe in [name] if name else sorted(recipes()):
        typer.echo("\n".join(_lines(describe(find_recipe(recipe)), bool(name))))


def _lines(recipe: Description, full: bool) -> list[str]:
    """Return the text of one recipe; in short with the first sentence on each parameter."""
    lines = [recipe.name, *_wrapped(recipe.makes, "  "), *_wrapped(recipe.good_for, "  ")]
    for parameter in recipe.parameters:
        text = parameter.text if full else parameter.text.split("; ")[0].split(". ")[0].rstrip(".")
        lines += _wrapped(f"{parameter.name} ({parameter.default}): {text}", "    ")
    if recipe.base:
        lines.append(f"    and the parameters of {recipe.base}")
    return [*lines, ""]


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, 116, initial_indent=indent, subsequent_indent=indent + "  ")
