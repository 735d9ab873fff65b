"""One page of plots that shows what a set of frames holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from decant.data.inspection import Inspection
from decant.foundation.plotting import colour, page

MOST_BARS = 8
MOST_KINDS = 6
"""Recipes with a colour of their own; the rarer ones share one."""
OTHERS = "others"


def coverage(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Project descriptors on their first two principal components.

    Returns
    -------
    points
        Shape (frames, 2).
    shares
        Share of the variance that each of the two explains.
    """
    from sklearn.decomposition import PCA

    wanted = min(2, *rows.shape)
    if len(rows) < 2:
        return np.zeros((len(rows), 2)), np.zeros(2)
    model = PCA(wanted, svd_solver="full")
    points = model.fit_transform(rows)
    pad = 2 - wanted
    return np.pad(points, ((0, 0), (0, pad))), np.pad(np.nan_to_num(model.explained_variance_ratio_), (0, pad))


def plot_inspection(path: Path, found: Inspection, points: np.ndarray, shares: np.ndarray) -> None:
    """Plot counts, distributions by recipe, and the coverage map by recipe and by part."""
    common = [name for name, _ in Counter(found.recipe).most_common()]
    kept = common if len(common) <= MOST_KINDS else common[: MOST_KINDS - 1]
    kinds = np.array([recipe if recipe in kept else OTHERS for recipe in found.recipe])
    names = [*kept, *([OTHERS] if len(kept) < len(common) else [])]
    forces = [np.linalg.norm(atoms.arrays.get("REF_forces", np.zeros((0, 3))), axis=1) for atoms in found.frames]
    energy = "energy from isolated atoms (eV/atom)" if found.isolated else "total energy (eV/atom)"
    with page(path, 12.0, 11.0) as figure:
        handles = [Line2D([], [], color=colour(index), label=name, linewidth=3) for index, name in enumerate(names)]
        figure.legend(handles=handles, loc="outside upper left", ncols=len(handles), fontsize=10)
        panels = figure.subplots(3, 3)
        _draw_counts(panels[0, 0], found.composition, "Compositions")
        _draw_histogram(panels[0, 1], found.numbers["density_g_cm3"], kinds, names, "density (g/cm³)", "Density")
        _draw_histogram(panels[0, 2], found.numbers["temperature_K"], kinds, names, "temperature (K)", "Temperature")
        _draw_histogram(panels[1, 0], found.numbers["energy_eV_per_atom"], kinds, names, energy, "Energy")
        _draw_histogram(
            panels[1, 1],
            np.concatenate(forces),
            np.repeat(kinds, [len(one) for one in forces]),
            names,
            "|force| (eV/Å)",
            "Force on an atom",
            "atoms",
        )
        panels[1, 1].set_yscale("log")  # after the ticks of a linear axis were set
        nearest = "nearest atoms of two molecules (Å)"
        _draw_histogram(panels[1, 2], found.numbers["nearest_A"], kinds, names, nearest, "Closest contact of a frame")
        _draw_histogram(panels[2, 0], found.numbers["atoms"], kinds, names, "atoms", "Size of a frame")
        _draw_map(panels[2, 1], points, shares, kinds, names, "Coverage by recipe")
        parts = list(dict.fromkeys(found.part))
        if len(parts) > 1:
            _draw_map(panels[2, 2], points, shares, np.array(found.part), parts, "Coverage by part", len(names))
            panels[2, 2].legend(loc="best", frameon=True, framealpha=0.8, edgecolor="none")
        else:
            _draw_shaded_map(panels[2, 2], points, shares, found)


def _draw_counts(axes: Axes, values: Sequence[str], title: str) -> None:
    """Draw bars of the most common values, the most common on top."""
    counts = Counter(values).most_common()
    if len(counts) > MOST_BARS:
        counts = [
            *counts[: MOST_BARS - 1],
            (f"{len(counts) - MOST_BARS + 1} others", sum(n for _, n in counts[MOST_BARS - 1 :])),
        ]
    names = [name if len(name) <= 20 else f"{name[:19]}…" for name, _ in counts]
    bars = axes.barh(np.arange(len(counts)), [count for _, count in counts], color="#888888", height=0.7)
    axes.bar_label(bars, padding=3, fontsize=8)
    axes.set_yticks(np.arange(len(counts)), names)
    axes.set_ylim(max(len(counts), 3) - 0.5, -0.5)
    axes.margins(x=0.15)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.grid(visible=False, axis="y")
    axes.set(xlabel="frames", title=title)


def _draw_histogram(
    axes: Axes,
    values: np.ndarray,
    kinds: np.ndarray,
    names: Sequence[str],
    label: str,
    title: str,
    unit: str = "frames",
) -> None:
    """Draw a histogram, stacked by kind; say so where nothing is known."""
    axes.set_title(title)
    known = np.isfinite(values)
    if not known.any():
        axes.text(0.5, 0.5, "not known of any frame", ha="center", va="center", transform=axes.transAxes)
        axes.set(xticks=[], yticks=[])
        return
    low, high = values[known].min(), values[known].max()
    margin = 0.5 * max(abs(low) * 0.02, 1e-3) if high - low < 1e-9 else 0.0  # one value makes one bar
    edges = np.linspace(low - margin, high + margin, 2 if margin else 31)
    groups = [values[known & (kinds == name)] for name in names]
    axes.hist(groups, edges.tolist(), stacked=True, color=[colour(index) for index in range(len(names))])
    if margin:
        axes.set_xlim(low - 6 * margin, low + 6 * margin)
    axes.set(xlabel=label, ylabel=unit)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=label == "atoms"))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))


def _draw_map(
    axes: Axes,
    points: np.ndarray,
    shares: np.ndarray,
    kinds: np.ndarray,
    names: Sequence[str],
    title: str,
    first_colour: int = 0,
) -> None:
    """Draw the frames in the plane of the first two principal components, the rarest kind on top."""
    for index, name in enumerate(names):
        inside = points[kinds == name]
        shade = colour(first_colour + index)
        axes.scatter(
            inside[:, 0],
            inside[:, 1],
            s=12,
            color=shade,
            alpha=0.6,
            linewidths=0,
            label=name,
            zorder=3 - len(inside) / len(points),
        )
    _finish_map(axes, shares, title)


def _draw_shaded_map(axes: Axes, points: np.ndarray, shares: np.ndarray, found: Inspection) -> None:
    """Draw the same plane shaded by density, or by size where no frame has a density."""
    values, label = found.numbers["density_g_cm3"], "density (g/cm³)"
    if not np.isfinite(values).any():
        values, label = found.numbers["atoms"], "atoms"
    known = np.isfinite(values)
    axes.scatter(points[~known, 0], points[~known, 1], s=12, color="#bbbbbb", linewidths=0)
    shaded = axes.scatter(points[known, 0], points[known, 1], s=12, c=values[known], cmap="viridis", linewidths=0)
    axes.figure.colorbar(shaded, ax=axes, label=label)
    _finish_map(axes, shares, f"Coverage by {label.split(' ')[0]}")


def _finish_map(axes: Axes, shares: np.ndarray, title: str) -> None:
    axes.set(xlabel=f"component 1 ({shares[0]:.0%} of variance)", title=title)
    axes.set_ylabel(f"component 2 ({shares[1]:.0%} of variance)")
