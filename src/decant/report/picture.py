"""Pictures as ``<svg>`` elements that stand in a page, in one manner of colours, dashes and markers."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from decant.foundation.plotting import LINES, STYLE, colour
from decant.report.page import Key, Panel

WIDTH, HEIGHT = 4.4, 3.1
"""Size of a panel, inch: on a phone about as wide as the screen, so that its letters keep their size."""
SMALL = 2.5
"""Width and height of a small one: two of them are as wide as a phone."""
GREY = "#777777"
MARKERS = "osD^vPX*"
_GLYPHS = dict(zip(MARKERS, "●■◆▲▼✚✖★", strict=True))
_DASHES = dict(zip(LINES, ("solid", "dashed", "double", "dotted"), strict=True))
_COLOURS = 6


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
    """Return a look for each name, in their order."""
    return {
        name: Look(colour(i % _COLOURS), LINES[i // _COLOURS % len(LINES)], MARKERS[i % len(MARKERS)])
        for i, name in enumerate(names)
    }


def panel(title: str, alt: str, draw: Callable[[Axes], None], height: float = HEIGHT, width: float = WIDTH) -> Panel:
    """Return a picture of one pair of axes.

    Parameters
    ----------
    title
        Shown above it.
    alt
        In words, what it shows.
    draw
        Draws on the axes.
    height, width
        inch.
    """
    style = {**STYLE, "font.size": 10 if width == WIDTH else 9, "svg.fonttype": "none", "svg.hashsalt": "decant"}
    with matplotlib.rc_context(style):
        drawing = Drawing(figsize=(width, height), layout="constrained")
        draw(drawing.subplots())
        text = io.StringIO()
        drawing.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return Panel(title, inline(text.getvalue(), f"{title} {alt}"), alt)


def inline(svg: str, salt: str) -> str:
    """Return the ``<svg>`` element of a file, with names of its own, since those of a page must differ."""
    start = f"s{hashlib.sha256(salt.encode()).hexdigest()[:8]}-"
    svg = svg[svg.index("<svg ") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\bid="', f'id="{start}', svg)
    svg = re.sub(r'href="#', f'href="#{start}', svg)
    return re.sub(r"url\(#", f"url(#{start}", svg)


def blank(axes: Axes, text: str) -> None:
    """Say on empty axes why there is nothing."""
    axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes, color=GREY)
    axes.set(xticks=[], yticks=[])
