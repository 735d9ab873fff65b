"""Pictures that are drawn twice: each as SVG on a page, and all on one sheet as PNG."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from decant.foundation.looks import handle
from decant.foundation.page import Block, Figure, Key
from decant.foundation.plotting import page
from decant.foundation.svg import HEIGHT, WIDTH, panel

COLUMNS = 3
NOTHING = "There is nothing to draw."
MOST_VECTORS = 2000
"""Points of a curve or a map that a page holds as vectors; more are drawn as an image within the picture."""


@dataclass(frozen=True)
class Sketch:
    """A picture of one pair of axes: its title, in words what it shows, and what draws it."""

    title: str
    alt: str
    draw: Callable[[Axes], None]


@dataclass(frozen=True)
class Group:
    """Pictures that share a legend.

    Attributes
    ----------
    sketches
        The pictures.
    legend
        What their colours and marks are; stands above them, never on a curve.
    caption
        What to see in them.
    """

    sketches: Sequence[Sketch]
    legend: Sequence[Key]
    caption: str

    def figure(self) -> Figure:
        """Return the figure of a page."""
        panels = [panel(one.title, one.alt, _light(one.draw)) for one in self.sketches]
        return Figure(panels, self.caption, legend=self.legend)


def write_sheet(path: Path, groups: Sequence[Group]) -> None:
    """Draw groups below each other as PNG; a sheet without any says so."""
    if not groups:
        with page(path, WIDTH, 1.0) as sheet:
            sheet.text(0.5, 0.5, NOTHING, ha="center", va="center")
        return
    rows = [-(-len(group.sketches) // COLUMNS) for group in groups]
    heights = [0.5 + HEIGHT * count for count in rows]
    with page(path, COLUMNS * WIDTH, sum(heights)) as sheet:
        bands = sheet.subfigures(len(groups), 1, squeeze=False, height_ratios=heights)[:, 0]
        for band, group, count in zip(bands, groups, rows, strict=True):
            places = band.subplots(count, COLUMNS, squeeze=False).ravel()
            for axes, sketch in zip(places, group.sketches, strict=False):
                sketch.draw(axes)
                axes.set_title(sketch.title)
            for axes in places[len(group.sketches) :]:
                axes.set_axis_off()
            if group.legend:
                handles: list[Line2D] = [handle(key) for key in group.legend]
                band.legend(handles=handles, loc="outside upper left", ncols=min(len(handles), 6), fontsize=10)


def figures(groups: Sequence[Group]) -> list[Block]:
    """Return the figures of groups for a page; without any, what says so."""
    return [group.figure() for group in groups] or [NOTHING]


def _light(draw: Callable[[Axes], None]) -> Callable[[Axes], None]:
    """Return what draws the same with everything that has very many points as an image."""

    def drawn(axes: Axes) -> None:
        draw(axes)
        for line in axes.lines:
            line.set_rasterized(np.size(line.get_xdata()) > MOST_VECTORS)
        for one in axes.collections:
            one.set_rasterized(np.size(one.get_offsets()) // 2 > MOST_VECTORS)

    return drawn
