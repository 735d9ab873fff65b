"""The picture of a bench: speed over size, and where the time goes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

from decant.foundation.plotting import LINES, colour, page
from decant.planning.bench import Result

SMALLEST = 0.015
"""Kernels with a smaller share than this everywhere are drawn together."""
MARKERS = "os^Dvp*"
FEWEST_BARS = 4
"""Room for so many bars, so that a single one does not fill the panel."""


def plot_bench(path: Path, results: Sequence[Result], machine: str, conditions: str) -> None:
    """Draw katom-step/s over the number of atoms, with the range over repeats, and the share of time per kernel.

    Parameters
    ----------
    path
        PNG to write.
    results
        At least one.
    machine, conditions
        Lines to stand above the panels.
    """
    largest = [result for result in results if result.case.atoms == _largest(results, result)]
    with page(path, 10.5, 4.2 + 0.28 * max(0, len(largest) - 6)) as figure:
        speed, share = figure.subplots(1, 2, width_ratios=(1.0, 1.25))
        draw_speeds(speed, results)
        draw_shares(share, largest)
        figure.suptitle(f"{machine}\n{conditions}", fontsize=8, x=0.01, ha="left")


def _largest(results: Sequence[Result], like: Result) -> int:
    """Return the largest size of a result's potential."""
    return max(result.case.atoms for result in results if result.case.folder == like.case.folder)


def _layout(result: Result) -> str:
    """Return the ranks and threads of a result in words."""
    case = result.case
    ranks, threads = ("" if count == 1 else "s" for count in (case.ranks, case.threads))
    return f"{case.ranks} rank{ranks} × {case.threads} thread{threads}"


def draw_speeds(axes: Axes, results: Sequence[Result]) -> None:
    """Draw one line for each potential, ranks and threads: colour for the potential, style for ranks and threads."""
    lines: dict[tuple[str, str], list[Result]] = defaultdict(list)
    for result in sorted(results, key=lambda result: result.case.atoms):
        lines[result.case.potential, _layout(result)].append(result)
    potentials = list(dict.fromkeys(result.case.potential for result in results))
    layouts = list(dict.fromkeys(_layout(result) for result in results))
    styles = {name: (LINES[k % len(LINES)], MARKERS[k % len(MARKERS)]) for k, name in enumerate(layouts)}
    for (potential, layout), line in lines.items():
        speeds = np.array([result.speed for result in line])
        low = speeds - [min(result.speeds) for result in line]
        high = np.array([max(result.speeds) for result in line]) - speeds
        style, marker = styles[layout]
        axes.errorbar(
            [result.case.atoms for result in line], speeds, yerr=[low, high], capsize=3, markersize=4,
            color=colour(potentials.index(potential)), linestyle=style, marker=marker,
        )  # fmt: skip
    _label_speeds(axes, results)
    handles = [Line2D([], [], color=colour(k), label=name) for k, name in enumerate(potentials)]
    handles += [
        Line2D([], [], color="black", linestyle=style, marker=marker, markersize=4, label=name)
        for name, (style, marker) in styles.items()
    ]
    axes.legend(handles=handles, fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=3, handlelength=4)


def _label_speeds(axes: Axes, results: Sequence[Result]) -> None:
    """Give the speeds logarithmic axes with the sizes and with round speeds on them."""
    axes.set(xscale="log", yscale="log", xlabel="atoms", ylabel="katom-step/s", title="speed: median and range")
    sizes = sorted({result.case.atoms for result in results})
    axes.set_xticks(sizes, [f"{size:,}".replace(",", " ") for size in sizes])
    axes.xaxis.set_minor_locator(NullLocator())
    every = np.concatenate([result.speeds for result in results])
    narrow = every.max() < 10.0 * every.min()
    axes.yaxis.set_major_locator(LogLocator(subs=range(1, 10) if narrow else (1, 2, 5)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.margins(0.12, 0.2)


def _kernel_and_layer(name: str) -> tuple[str, int]:
    """Split ``mix 2`` into ``mix`` and 2; what has no layer counts as of the first."""
    kernel, _, layer = name.rpartition(" ")
    return (kernel, int(layer)) if layer.isdigit() else (name, 1)


def draw_shares(axes: Axes, results: Sequence[Result]) -> None:
    """Draw a bar for each result, cut into kernels: a colour for each, lighter in the second layer."""
    names = dict.fromkeys(name for result in results for name in result.shares)
    drawn = [name for name in names if max(result.shares.get(name, 0.0) for result in results) >= SMALLEST]
    kernels = list(dict.fromkeys(_kernel_and_layer(name)[0] for name in drawn))
    place = max(len(results), FEWEST_BARS) - 1 - np.arange(len(results))
    left = np.zeros(len(results))
    for name in drawn:
        kernel, layer = _kernel_and_layer(name)
        shade = matplotlib.colormaps["tab20"]((2 * kernels.index(kernel) + (layer - 1) % 2) % 20)
        width = np.array([100.0 * max(result.shares.get(name, 0.0), 0.0) for result in results])
        axes.barh(place, width, left=left, height=0.7, color=shade, label=name.replace("_", " "))
        left += width
    axes.barh(place, np.maximum(100.0 - left, 0.0), left=left, height=0.7, color="#f0f0f0", label="all others")
    labels = [f"{one.case.potential}, {_layout(one)}\n{one.case.atoms} atoms" for one in results]
    axes.set_yticks(place, labels, fontsize=7)
    axes.set_ylim(-0.6, place[0] + 0.6)
    axes.set(xlabel="share of time (%)", xlim=(0, 100), title="where the time goes (kernel and layer)")
    axes.grid(False)
    axes.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1.0, 1.0))
