"""A page: sections of text, tables and figures as one HTML file that needs nothing beside it, on a desk or a phone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from decant.foundation import html
from decant.foundation.files import write_beside
from decant.foundation.tables import one_heading

TEMPLATE = html.TEMPLATES / "page.html"
Row = dict[str, Any]
MOST_COLUMNS = 3
"""Columns that stand beside each other on a phone; a row of more becomes a card there."""
LONGEST_NAME = 28
"""Letters of a cell that stand on one line on a desk."""
MOST_OPEN = 7
"""Columns that stand beside each other on a desk without a break in a cell."""


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

    @property
    def form_name(self) -> str:
        """How it is laid out, as the name of a class: none for nothing to tell, long for what must break."""
        if self.text == "–":
            return "none"
        if self.kind != "number":
            return self.kind
        return "long" if len(self.text) > LONGEST_NAME else ""


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
    notes
        What its cells point to, by the marks of `Notes`.
    """

    form: ClassVar[str] = "table"

    head: Sequence[str]
    rows: Sequence[Sequence[Cell | str]]
    caption: str = ""
    data: Data | None = None
    left: int = 1
    notes: Sequence[str] = ()

    @property
    def form_names(self) -> str:
        """How it is laid out, as names of classes: what is aligned to the left, and what many columns need."""
        cards = " cards" if len(self.head) > MOST_COLUMNS else ""
        return f"left{self.left}{cards}{' dense' if len(self.head) > MOST_OPEN else ''}"

    def cells(self) -> list[list[Cell]]:
        """Return the rows with a cell for each text."""
        return [[Cell(one) if isinstance(one, str) else one for one in row] for row in self.rows]

    def columns(self) -> list[tuple[str, str]]:
        """Return the name of each column and what it holds: ``text``, or ``number`` if that is not all."""
        columns = list(zip(*self.cells(), strict=True)) or [()] * len(self.head)
        kinds = ["text" if column and all(one.kind == "text" for one in column) else "number" for column in columns]
        return list(zip(self.head, kinds, strict=True))


def text_table(rows: Sequence[Sequence[str]], columns: Sequence[int], left: int = 1, caption: str = "") -> Table:
    """Return some columns of a table as the terminal has it: two heading rows, names and units, then its body."""
    head, *body = ([row[i] for i in columns] for row in one_heading(rows))
    return Table(head, body, caption, left=left)


class Notes:
    """Long texts of a table, each told once below it and pointed to by a mark: ¹, ², ..."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def mark(self, text: str) -> str:
        """Return the mark of a text; none for an empty one."""
        if not text:
            return ""
        if text not in self.texts:
            self.texts.append(text)
        return str(self.texts.index(text) + 1).translate(_RAISED)


_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Panel:
    """One picture: a title, an ``<svg>`` element, in words what it shows, and what a script turns it by, if any."""

    title: str
    svg: str
    alt: str
    structure: str = ""


@dataclass(frozen=True)
class Key:
    """An entry of a legend: its name, colour, dashes (a CSS border style, or dashdot) and marker."""

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
        Their numbers as CSV; None for none.
    legend
        Shared by the panels.
    small
        Whether twice as many stand beside each other.
    """

    form: ClassVar[str] = "figure"

    panels: Sequence[Panel]
    caption: str
    data: Data | None = None
    legend: Sequence[Key] = ()
    small: bool = False


@dataclass(frozen=True)
class Listing:
    """A list of sentences, and its heading or none."""

    form: ClassVar[str] = "listing"

    lines: Sequence[str]
    title: str = ""


@dataclass(frozen=True)
class Folded:
    """Blocks that are shown on demand, under a line that says what they are."""

    form: ClassVar[str] = "folded"

    title: str
    blocks: Sequence[Table | Figure]


@dataclass(frozen=True)
class Verbatim:
    """Text as a terminal shows it."""

    form: ClassVar[str] = "verbatim"

    text: str


Block = str | Table | Figure | Listing | Folded | Verbatim


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


def render(
    title: str,
    subtitle: str,
    sections: Sequence[Section],
    folder: str = "",
    lead: Sequence[str] = (),
    how: str = "",
    refresh_s: float = 0.0,
) -> str:
    """Return the page as HTML.

    Parameters
    ----------
    title, subtitle
        Heading, and the line below it.
    sections
        In order.
    folder
        Folder of the CSV files, from the page.
    lead
        The few sentences for those who read no more; the page opens with them.
    how
        What a reader must know of the numbers in them.
    refresh_s
        Seconds after which a browser loads the page anew; 0 for one that stays.
    """
    drawn = (block for section in sections for block in _drawn(section.blocks) if isinstance(block, Figure))
    turns = any(panel.structure for block in drawn for panel in block.panels)
    return html.render(
        TEMPLATE, title=title, subtitle=subtitle, sections=sections, folder=folder, lead=lead, how=how,
        refresh_s=refresh_s, turns=turns,
    )  # fmt: skip


def write_page(path: Path, title: str, sections: Sequence[Section], subtitle: str = "") -> None:
    """Write a page, whole or not at all."""
    text = render(title, subtitle, sections)
    with write_beside(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def data_files(sections: Sequence[Section]) -> list[Data]:
    """Return the numbers behind every table and figure."""
    return [block.data for section in sections for block in _drawn(section.blocks) if block.data is not None]


def _drawn(blocks: Sequence[Block]) -> Iterator[Table | Figure]:
    """Yield the tables and figures among blocks, the folded ones too."""
    for block in blocks:
        if isinstance(block, Folded):
            yield from _drawn(block.blocks)
        elif isinstance(block, Table | Figure):
            yield block
