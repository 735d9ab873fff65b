"""Looking again and again: in a terminal, and as a page that refreshes itself."""

from __future__ import annotations

import functools
import sys
import time
from pathlib import Path
from typing import TextIO

import numpy as np
from matplotlib.axes import Axes

from decant.foundation.files import write_beside
from decant.foundation.page import Block, Section, Verbatim, render
from decant.foundation.plotting import COLOURS
from decant.foundation.sketches import Group, Sketch, figures
from decant.watching.glance import Curve, Glance
from decant.watching.look import look

CLEAR = "\x1b[H\x1b[J"


def watch(
    folder: Path, every_s: float, page: Path | None = None, stream: TextIO | None = None, once: bool = False
) -> Glance:
    """Look at a piece of work until nothing goes on any more; return the last glance.

    Parameters
    ----------
    folder
        A run, a fit, active learning or a study.
    every_s
        Seconds between two looks.
    page
        HTML file to write at each look; None for none.
    stream
        Where the text goes, standard output by default: on a terminal it is redrawn, else told when it changes.
    once
        Whether one look is all.
    """
    stream = stream or sys.stdout
    began, first, told = time.monotonic(), None, ""
    while True:
        seen = look(folder)
        first = seen.share if first is None else first
        left = time_left(first, seen.share, time.monotonic() - began)
        if page is not None:
            write_watched(page, seen, 0.0 if seen.is_over or once else every_s)
        text = seen.text(left)
        if text != told:
            told = text
            print(f"{CLEAR}{text}" if stream.isatty() else f"{text}\n", file=stream, flush=True)
        if seen.is_over or once:
            return seen
        time.sleep(every_s)


def time_left(first: float | None, share: float | None, seconds: float) -> float | None:
    """Return the time that is left, s, by what was done meanwhile; None before anything was."""
    if first is None or share is None or share <= first:
        return None
    return (1.0 - share) * seconds / (share - first)


def write_watched(path: Path, seen: Glance, every_s: float) -> None:
    """Write a glance as a page that loads itself anew each so many seconds; 0 for one that stays."""
    blocks: list[Block] = [Verbatim("\n".join(seen.lines))] if seen.lines else []
    if seen.curves:
        sketches = [
            Sketch(f"{one.name}, {one.unit}", f"{one.name} over {one.along}", functools.partial(_draw, one))
            for one in seen.curves
        ]
        blocks += figures([Group(sketches, (), "")])
    text = render(f"{seen.kind} {seen.path.name}", seen.headline(), [Section("now", "Now", blocks)], refresh_s=every_s)
    with write_beside(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _draw(curve: Curve, axes: Axes) -> None:
    axes.plot(curve.x, curve.y, color=COLOURS[0])
    if curve.logarithmic and np.all(curve.y > 0):
        axes.set_yscale("log")
    axes.set(xlabel=curve.along, ylabel=curve.unit)
