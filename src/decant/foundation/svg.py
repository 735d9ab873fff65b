"""Pictures as ``<svg>`` elements that stand in a page."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.layout_engine import ConstrainedLayoutEngine

from decant.foundation.page import Panel
from decant.foundation.plotting import STYLE

WIDTH, HEIGHT = 4.4, 3.1
"""Size of a panel, inch: on a phone about as wide as the screen, so that its letters keep their size."""
SMALL = 2.5
"""Width and height of a small one: two of them are as wide as a phone."""


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
    style = {**STYLE, "font.size": 10, "svg.fonttype": "none", "svg.hashsalt": "decant"}
    with matplotlib.rc_context(style):
        layout = ConstrainedLayoutEngine()
        drawing = Drawing(figsize=(width, height), layout=layout)
        draw(drawing.subplots())
        layout.execute(drawing)  # here, since saving would draw everything once more to find it
        drawing.set_layout_engine("none")
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
