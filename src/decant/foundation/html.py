"""Pages of HTML that need nothing beside them, from templates; text that they are given is text on the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

TEMPLATES = Path(__file__).with_name("templates")
"""Folder with what the templates of all pages may build on."""


def render(template: Path, **values: Any) -> str:
    """Return a page.

    Parameters
    ----------
    template
        A template of Jinja, which may extend and include those beside it and those in `TEMPLATES`.
    **values
        What it speaks of. Texts are escaped; an uncertainty stays on the line of its value.
    """
    environment = Environment(
        loader=FileSystemLoader([template.parent, TEMPLATES]), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, finalize=_unbroken,
    )  # fmt: skip
    return environment.get_template(template.name).render(values)


def _unbroken(value: Any) -> Any:
    return value.replace(" ± ", "\u00a0±\u00a0") if type(value) is str else value  # not in markup, a subclass of str
