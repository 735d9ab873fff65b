"""Pages of HTML that need nothing beside them, from templates; text that they are given is text on the page."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from decant.foundation.files import write_beside

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


@dataclass(frozen=True)
class Page:
    """What stands on a page.

    Attributes
    ----------
    title
        Heading.
    table
        Two heading rows (names, units), then the body; text cells.
    left
        Number of columns that are aligned to the left.
    caption
        Below the table.
    remarks
        Lines below the caption.
    picture
        PNG file to embed.
    alt
        What the picture shows, in words.
    """

    title: str
    table: Sequence[Sequence[str]]
    left: int
    caption: str
    remarks: Sequence[str]
    picture: Path
    alt: str


def write_page(path: Path, page: Page) -> None:
    """Write a page, whole or not at all."""
    names, units, *rows = page.table
    text = render(
        TEMPLATES / "table.html", title=page.title, heads=list(zip(names, units, strict=True)), rows=rows,
        left=page.left, caption=page.caption, remarks=page.remarks, alt=page.alt,
        image=base64.b64encode(page.picture.read_bytes()).decode("ascii"),
    )  # fmt: skip
    with write_beside(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
