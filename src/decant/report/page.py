"""The page of a report: sections of text, tables and figures as one HTML file that needs nothing beside it."""

from __future__ import annotations

import html
import importlib.resources
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True)
class Cell:
    """A cell of a table.

    Attributes
    ----------
    text
        What stands in it.
    small
        A line below, in small print.
    shade
        Background colour, or empty.
    kind
        ``number``, ``text``, or ``failed``.
    """

    text: str
    small: str = ""
    shade: str = ""
    kind: str = "number"


@dataclass(frozen=True)
class Data:
    """The numbers behind a plot or a table, as a CSV file: its name, and rows with the same keys."""

    name: str
    rows: Sequence[Row]


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes
    ----------
    head
        Names of the columns, with units.
    rows
        Cells or plain texts; the first column is the heading of its row.
    caption
        What to see in it.
    data
        The same numbers as CSV; None for none.
    left
        Number of columns that are aligned to the left.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[Cell | str]]
    caption: str = ""
    data: Data | None = None
    left: int = 1


@dataclass(frozen=True)
class Panel:
    """One picture: a title, an ``<svg>`` element, and in words what it shows."""

    title: str
    svg: str
    alt: str


@dataclass(frozen=True)
class Key:
    """An entry of a legend: its name, colour, dashes (a CSS border style) and marker."""

    name: str
    colour: str
    dashes: str = ""
    marker: str = ""


@dataclass(frozen=True)
class Figure:
    """Panels that belong together.

    Attributes
    ----------
    panels
        Shown beside each other where there is room, else below.
    caption
        What to see in them.
    data
        Their numbers as CSV.
    legend
        Shared by the panels.
    small
        Whether twice as many stand beside each other.
    """

    panels: Sequence[Panel]
    caption: str
    data: Data
    legend: Sequence[Key] = ()
    small: bool = False


@dataclass(frozen=True)
class Listing:
    """A list of sentences."""

    lines: Sequence[str]


Block = str | Table | Figure | Listing


@dataclass(frozen=True)
class Section:
    """A section.

    Attributes
    ----------
    name
        Its anchor.
    title
        Its heading.
    blocks
        What stands in it, in order; a text is a paragraph. Empty for nothing to show.
    """

    name: str
    title: str
    blocks: list[Block] = field(default_factory=list)


def render(title: str, subtitle: str, sections: Sequence[Section], folder: str) -> str:
    """Return the page as HTML.

    Parameters
    ----------
    title, subtitle
        Heading, and the line below it.
    sections
        In order; the first is the summary.
    folder
        Folder of the CSV files, from the page.
    """
    links = "".join(f'<li><a href="#{one.name}">{_text(one.title)}</a></li>' for one in sections)
    body = "\n".join(_section(one, folder) for one in sections)
    style = importlib.resources.files("decant").joinpath("report/style.css").read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<link rel="icon" href="data:,">\n<title>{_text(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n'
        f"<header><h1>{_text(title)}</h1><p>{_text(subtitle)}</p></header>\n"
        f'<nav aria-label="Contents"><h2>Contents</h2><ol>{links}</ol></nav>\n'
        f"<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def data_files(sections: Sequence[Section]) -> list[Data]:
    """Return the numbers behind every table and figure."""
    blocks = [block for section in sections for block in section.blocks]
    return [block.data for block in blocks if isinstance(block, Table | Figure) and block.data is not None]


def _text(text: str) -> str:
    """Return text for the page: an uncertainty stays on the line of its value."""
    return html.escape(text.replace(" ± ", "\u00a0±\u00a0"), quote=True)


def _section(section: Section, folder: str) -> str:
    blocks = "\n".join(_block(block, folder) for block in section.blocks)
    return f'<section id="{section.name}">\n<h2>{_text(section.title)}</h2>\n{blocks}\n</section>'


def _block(block: Block, folder: str) -> str:
    if isinstance(block, str):
        return f"<p>{_text(block)}</p>"
    if isinstance(block, Listing):
        return "<ul>" + "".join(f"<li>{_text(line)}</li>" for line in block.lines) + "</ul>"
    return _table(block, folder) if isinstance(block, Table) else _figure(block, folder)


def _caption(text: str, data: Data | None, folder: str) -> str:
    link = f' <a class="csv" href="{_text(folder)}/{_text(data.name)}.csv">{_text(data.name)}.csv</a>' if data else ""
    return f"<figcaption>{_text(text)}{link}</figcaption>" if text or link else ""


def _table(table: Table, folder: str) -> str:
    columns = zip(*table.rows, strict=True) if table.rows else [()] * len(table.head)
    kinds = ["text" if column and all(_is_text(cell) for cell in column) else "number" for column in columns]
    head = "".join(
        f'<th scope="col" class="{kind}">{_text(name)}</th>' for name, kind in zip(table.head, kinds, strict=True)
    )
    body = "\n".join(
        "<tr>" + "".join(_cell(cell, index < table.left) for index, cell in enumerate(row)) + "</tr>"
        for row in table.rows
    )
    return (
        f'<figure class="table left{table.left}"><div class="wide" tabindex="0"><table><thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody></table></div>{_caption(table.caption, table.data, folder)}</figure>"
    )


def _is_text(cell: Cell | str) -> bool:
    return isinstance(cell, Cell) and cell.kind == "text"


def _cell(cell: Cell | str, is_left: bool) -> str:
    if isinstance(cell, str):
        cell = Cell(cell)
    tag = 'th scope="row"' if is_left else "td"
    look = f' class="{cell.kind}"' if cell.kind != "number" else ""
    look += f' style="background:{cell.shade}"' if cell.shade else ""
    small = f"<small>{_text(cell.small)}</small>" if cell.small else ""
    return f"<{tag}{look}>{_text(cell.text)}{small}</{tag[:2]}>"


def _figure(figure: Figure, folder: str) -> str:
    legend = "".join(_key(key) for key in figure.legend)
    panels = "".join(
        f'<div class="panel"><h3>{_text(panel.title)}</h3>{panel.svg.replace("<svg ", _described(panel), 1)}</div>'
        for panel in figure.panels
    )
    look = "panels small" if figure.small else "panels"
    return (
        f'<figure class="plot">{f"<ul class=legend>{legend}</ul>" if legend else ""}'
        f'<div class="{look}">{panels}</div>{_caption(figure.caption, figure.data, folder)}</figure>'
    )


def _described(panel: Panel) -> str:
    return f'<svg role="img" aria-label="{_text(panel.alt)}" '


def _key(key: Key) -> str:
    line = f'<i style="border-top:3px {key.dashes} {key.colour}"></i>' if key.dashes else ""
    marker = f'<b style="color:{key.colour}">{key.marker}</b>' if key.marker else ""
    return f"<li>{line}{marker}{_text(key.name)}</li>"
