"""How every figure of decant looks: colours, lines, pages; figures themselves stand beside what they show."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import ScaledTranslation

from decant.foundation.files import write_beside

# Okabe & Ito (2008): told apart by colour-blind readers and in print
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
LEGEND_WIDTH, LONGEST_LABEL = 32, 48
"""Characters that a row of a legend has room for beside others, and alone."""
BELOW_INCH = 0.5
"""How far below the axes a legend begins: below numbers and label."""
LINES = ("-", "--", "-.", ":")
STYLE: dict[str, Any] = {
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "lines.linewidth": 1.4,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "savefig.dpi": 150,
}


def colour(index: int) -> str:
    """Return the colour of the index-th curve."""
    return COLOURS[index % len(COLOURS)]


def legend_below(axes: Axes, columns: int = 1) -> None:
    """Put the legend of a panel below it, where it covers nothing; none if there is nothing to say."""
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        columns = 1 if max(map(len, labels)) > LEGEND_WIDTH // columns else columns
        figure = axes.get_figure()
        assert figure is not None  # axes are made by one
        below = axes.transAxes + ScaledTranslation(0.0, -BELOW_INCH, figure.dpi_scale_trans)
        axes.legend(
            handles, [shortened(label, LONGEST_LABEL) for label in labels], loc="upper left",
            bbox_to_anchor=(0.0, 0.0), bbox_transform=below, ncols=columns, borderaxespad=0.0,
        )  # fmt: skip


def shortened(text: str, most: int) -> str:
    """Return a text of at most so many characters, its middle left out if need be: names may be SMILES."""
    if len(text) <= most:
        return text
    end = (most - 1) // 2
    return f"{text[: most - 1 - end]}…{text[-end:]}"


@contextmanager
def page(path: Path, width: float, height: float) -> Iterator[Figure]:
    """Yield a figure of the given size in inches and save it to `path` when the block succeeds."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure
        with write_beside(path) as temporary:
            figure.savefig(temporary, format="png")


def smooth(values: np.ndarray, window: int) -> np.ndarray:
    """Return the running mean over `window` samples, shrinking at the ends."""
    kernel = np.ones(max(1, window))
    return np.convolve(values, kernel, "same") / np.convolve(np.ones(len(values)), kernel, "same")


def draw_series(axes: Axes, time: np.ndarray, values: np.ndarray, shade: str) -> None:
    """Draw a noisy series faintly with its running mean on top."""
    if len(values) > 60:
        axes.plot(time, values, color=shade, alpha=0.25, linewidth=0.7)
        values = smooth(values, len(values) // 40)
    axes.plot(time, values, color=shade)
    axes.set_xlabel("time (ps)")
