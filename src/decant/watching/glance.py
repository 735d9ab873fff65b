"""What can be seen of a piece of work at one time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from decant.foundation.progress import clock

BARS = "▁▂▃▄▅▆▇█"
WIDTH = 48
"""Letters of a curve in a terminal."""


@dataclass(frozen=True)
class Curve:
    """A quantity over the course of the work.

    Attributes
    ----------
    name, unit
        Of the quantity.
    along
        What it is drawn over, with its unit.
    x, y
        Shape (n,).
    logarithmic
        Whether its magnitude is what tells.
    """

    name: str
    unit: str
    along: str
    x: np.ndarray
    y: np.ndarray
    logarithmic: bool = False

    def line(self) -> str:
        """Return the curve as a line of text: its name, its course, and its last value."""
        values = np.log10(np.maximum(self.y, 1e-12)) if self.logarithmic else self.y
        return f"{self.name:<24s} {spark(values)} {self.y[-1]:.5g} {self.unit}"


def spark(values: np.ndarray, width: int = WIDTH) -> str:
    """Return values as a row of bars, from the lowest to the highest; neighbours share a bar where there are many."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return ""
    means = np.array([part.mean() for part in np.array_split(finite, min(width, len(finite)))])
    low, high = means.min(), means.max()
    places = np.zeros(len(means)) if high == low else (means - low) / (high - low) * (len(BARS) - 1)
    return "".join(BARS[round(place)] for place in places)


@dataclass(frozen=True)
class Glance:
    """A piece of work at one time.

    Attributes
    ----------
    kind
        run, fit, learning or study.
    path
        Its folder.
    state
        In a word or a sentence.
    is_over
        Whether nothing goes on any more.
    share
        How much is done, 0 to 1; None where nobody can know.
    lines
        What else there is to say.
    curves
        Its course.
    """

    kind: str
    path: Path
    state: str
    is_over: bool
    share: float | None = None
    lines: Sequence[str] = ()
    curves: Sequence[Curve] = ()

    def headline(self) -> str:
        """Return kind, folder, state and share."""
        done = "" if self.share is None else f"; {100 * self.share:.0f} % done"
        return f"{self.kind} {self.path}: {self.state}{done}"

    def text(self, left_s: float | None = None) -> str:
        """Return everything as text; `left_s` is the time that is left, s."""
        left = [] if left_s is None or self.is_over else [f"about {clock(left_s)} left"]
        curves = [curve.line() for curve in self.curves if len(curve.y)]
        return "\n".join([self.headline(), *left, *self.lines, *curves])
