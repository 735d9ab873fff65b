"""The picture of a bench: speed over size, and where the time goes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

from decant.analysis.plots import LINES, colour, page
from decant.bench import Result

SMALLEST = 0.015
"""Kernels with a smaller share than this everywhere are drawn together."""
MARKERS = "os^Dvp*"


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


def _name(result: Result) -> str:
    case = result.case
    ranks, threads = ("" if count == 1 else "s" for count in (case.ranks, case.threads))
    return f"{case.potential}, {case.ranks} rank{ranks} × {case.threads} thread{threads}"


def draw_speeds(axes: Axes, results: Sequence[Result]) -> None:
    """Draw one line for each potential, ranks and threads: colour for the potential, style for ranks and threads."""
    lines: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        lines[_name(result)].append(result)
    potentials = list(dict.fromkeys(result.case.potential for result in results))
    layouts = list(dict.fromkeys((result.case.ranks, result.case.threads) for result in results))
    for name, line in lines.items():
        line.sort(key=lambda result: result.case.atoms)
        speeds = np.array([result.speed for result in line])
        low = speeds - [min(result.speeds) for result in line]
        high = np.array([max(result.speeds) for result in line]) - speeds
        layout = layouts.index((line[0].case.ranks, line[0].case.threads))
        axes.errorbar(
            [result.case.atoms for result in line], speeds, yerr=[low, high], label=name, capsize=3, markersize=4,
            color=colour(potentials.index(line[0].case.potential)), linestyle=LINES[layout % len(LINES)],
            marker=MARKERS[layout % len(MARKERS)],
        )  # fmt: skip
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
    axes.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=1 if len(lines) < 5 else 2)


def _kernel_and_layer(name: str) -> tuple[str, int]:
    """Split ``mix 2`` into ``mix`` and 2; what has no layer counts as of the first."""
    kernel, _, layer = name.rpartition(" ")
    return (kernel, int(layer)) if layer.isdigit() else (name, 1)


def draw_shares(axes: Axes, results: Sequence[Result]) -> None:
    """Draw a bar for each result, cut into kernels: a colour for each, lighter in the second layer."""
    names = dict.fromkeys(name for result in results for name in result.shares)
    drawn = [name for name in names if max(result.shares.get(name, 0.0) for result in results) >= SMALLEST]
    kernels = list(dict.fromkeys(_kernel_and_layer(name)[0] for name in drawn))
    place = np.arange(len(results))[::-1]
    left = np.zeros(len(results))
    for name in drawn:
        kernel, layer = _kernel_and_layer(name)
        shade = matplotlib.colormaps["tab20"]((2 * kernels.index(kernel) + (layer - 1) % 2) % 20)
        width = np.array([100.0 * max(result.shares.get(name, 0.0), 0.0) for result in results])
        axes.barh(place, width, left=left, height=0.7, color=shade, label=name.replace("_", " "))
        left += width
    axes.barh(place, np.maximum(100.0 - left, 0.0), left=left, height=0.7, color="#f0f0f0", label="all others")
    axes.set_yticks(place, [f"{_name(result)}\n{result.case.atoms} atoms" for result in results], fontsize=7)
    axes.set(xlabel="share of time (%)", xlim=(0, 100), title="where the time goes (kernel and layer)")
    axes.grid(False)
    axes.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1.0, 1.0))
