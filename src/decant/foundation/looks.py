"""How several things are told apart in the pictures of a page: by colour, dashes and markers, none of them twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from matplotlib.lines import Line2D

from decant.foundation.page import Key
from decant.foundation.plotting import LINES, colour

Thing = TypeVar("Thing")

GREY = "#777777"
MARKERS = "osD^vPX*"
_GLYPHS = dict(zip(MARKERS, "●■◆▲▼✚✖★", strict=True))
_DASHES = dict(zip(LINES, ("solid", "dashed", "dashdot", "dotted"), strict=True))
MOST = 6
"""Things that share a picture: so many colours are told apart; black is left for references."""


@dataclass(frozen=True)
class Look:
    """How one of several things is drawn: never told apart by its colour alone."""

    colour: str
    line: str
    marker: str

    def key(self, name: str, line: bool = True, marker: bool = True) -> Key:
        """Return the entry of a legend."""
        return Key(name, self.colour, _DASHES[self.line] if line else "", _GLYPHS[self.marker] if marker else "")


def looks(names: Sequence[str]) -> dict[str, Look]:
    """Return a look for each name, in their order: no two of one of the `batches` are alike in colour or marker."""
    return {
        name: Look(colour(i), LINES[i // 3 % len(LINES)], MARKERS[i])
        for batch in batches(names)
        for i, name in enumerate(batch)
    }


def batches(things: Sequence[Thing]) -> list[list[Thing]]:
    """Return things in groups that may share a picture and its legend, of `MOST` at most and evenly filled."""
    count = -(-len(things) // MOST)
    return [list(things[len(things) * k // count : len(things) * (k + 1) // count]) for k in range(count)]


def numbered(name: str, batch: int) -> str:
    """Return the name of a file or a title of a batch, counted from 0: as it is for the first."""
    return name if batch == 0 else f"{name}_{batch + 1}"


def handle(key: Key) -> Line2D:
    """Return an entry of a legend as matplotlib has it."""
    line = next((line for line, dashes in _DASHES.items() if dashes == key.dashes), "")
    marker = next((marker for marker, glyph in _GLYPHS.items() if glyph == key.marker), "")
    return Line2D([], [], color=key.colour, linestyle=line, marker=marker, linewidth=2, label=key.name)
