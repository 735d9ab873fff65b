"""The page of a report: sections of text, tables and figures as one HTML file that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from decant.foundation import html

TEMPLATE = Path(__file__).with_name("templates") / "report.html"
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

    form: ClassVar[str] = "table"

    head: Sequence[str]
    rows: Sequence[Sequence[Cell | str]]
    caption: str = ""
    data: Data | None = None
    left: int = 1

    def cells(self) -> list[list[Cell]]:
        """Return the rows with a cell for each text."""
        return [[Cell(one) if isinstance(one, str) else one for one in row] for row in self.rows]

    def columns(self) -> list[tuple[str, str]]:
        """Return the name of each column and what it holds: ``text``, or ``number`` if that is not all."""
        columns = list(zip(*self.cells(), strict=True)) or [()] * len(self.head)
        kinds = ["text" if column and all(one.kind == "text" for one in column) else "number" for column in columns]
        return list(zip(self.head, kinds, strict=True))


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

    form: ClassVar[str] = "figure"

    panels: Sequence[Panel]
    caption: str
    data: Data
    legend: Sequence[Key] = ()
    small: bool = False


@dataclass(frozen=True)
class Listing:
    """A list of sentences."""

    form: ClassVar[str] = "listing"

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
    return html.render(TEMPLATE, title=title, subtitle=subtitle, sections=sections, folder=folder)


def data_files(sections: Sequence[Section]) -> list[Data]:
    """Return the numbers behind every table and figure."""
    blocks = [block for section in sections for block in section.blocks]
    return [block.data for block in blocks if isinstance(block, Table | Figure) and block.data is not None]
