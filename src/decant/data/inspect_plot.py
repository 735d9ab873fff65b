"""Pictures that show what a set of frames holds."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from decant.data.inspection import Inspection
from decant.foundation.looks import looks
from decant.foundation.plotting import colour
from decant.foundation.sketches import Group, Sketch

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


def groups(found: Inspection, points: np.ndarray, shares: np.ndarray) -> list[Group]:
    """Return counts, distributions by recipe, and the coverage map by recipe and by part.

    What is known of no frame is not drawn.
    """
    common = [name for name, _ in Counter(found.recipe).most_common()]
    kept = common if len(common) <= MOST_KINDS else common[: MOST_KINDS - 1]
    kinds = np.array([recipe if recipe in kept else OTHERS for recipe in found.recipe])
    names = [*kept, *([OTHERS] if len(kept) < len(common) else [])]
    coverage_by_recipe = functools.partial(_draw_map, points=points, shares=shares, kinds=kinds, names=names)
    recipes = [
        *_histograms(found, kinds, names),
        Sketch("Coverage by recipe", "Frames in the plane of two principal components, by recipe", coverage_by_recipe),
    ]
    keys = [look.key(name, line=False) for name, look in looks(names).items()]
    told = "Distributions over the frames, stacked by recipe, and the frames in the plane of their two components."
    counts = functools.partial(_draw_counts, values=found.composition)
    rest = [Sketch("Compositions", "Frames of each composition", counts), *_maps(found, points, shares)]
    return [Group(recipes, keys, told), Group(rest, [], _caption(found))]


def _histograms(found: Inspection, kinds: np.ndarray, names: Sequence[str]) -> list[Sketch]:
    """Return the distribution of each quantity that is known of some frame."""
    energy = "energy from isolated atoms (eV/atom)" if found.isolated else "total energy (eV/atom)"
    labels = {
        "Density": ("density_g_cm3", "density (g/cm³)"),
        "Temperature": ("temperature_K", "temperature (K)"),
        "Energy": ("energy_eV_per_atom", energy),
        "Closest contact of a frame": ("nearest_A", "nearest atoms of two molecules (Å)"),
        "Size of a frame": ("atoms", "atoms"),
    }
    sketches = [
        Sketch(title, f"Distribution of {label}",
               functools.partial(_draw_histogram, values=found.numbers[key], kinds=kinds, names=names, label=label))
        for title, (key, label) in labels.items()
        if np.isfinite(found.numbers[key]).any()
    ]  # fmt: skip
    forces = [np.linalg.norm(atoms.arrays.get("REF_forces", np.zeros((0, 3))), axis=1) for atoms in found.frames]
    if any(map(len, forces)):
        of = np.repeat(kinds, [len(one) for one in forces])
        draw = functools.partial(_draw_forces, values=np.concatenate(forces), kinds=of, names=names)
        sketches.append(Sketch("Force on an atom", "Distribution of the forces on atoms", draw))
    return sketches


def _maps(found: Inspection, points: np.ndarray, shares: np.ndarray) -> list[Sketch]:
    """Return a map of each part before the others in grey, or one shaded map where there is one part."""
    parts = list(dict.fromkeys(found.part))
    if len(parts) == 1:
        draw = functools.partial(_draw_shaded_map, points=points, shares=shares, found=found)
        return [Sketch(f"Coverage by {_shade(found)[1].split(' ')[0]}", "Frames in the same plane, shaded", draw)]
    of = np.array(found.part)
    return [
        Sketch(f"Coverage of {part}", f"Frames of {part} before all others in grey",
               functools.partial(_draw_part, points=points, shares=shares, inside=of == part))
        for part in parts
    ]  # fmt: skip


def _caption(found: Inspection) -> str:
    has_parts = len(set(found.part)) > 1
    several = "Coverage: the frames of one part in black before all others in grey. " if has_parts else ""
    return f"{several}Principal components of the descriptors; in brackets the share of the variance of each."


def _draw_counts(axes: Axes, values: Sequence[str]) -> None:
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
    axes.set_xlabel("frames")


def _draw_histogram(
    axes: Axes,
    values: np.ndarray,
    kinds: np.ndarray,
    names: Sequence[str],
    label: str,
    unit: str = "frames",
) -> None:
    """Draw a histogram, stacked by kind."""
    known = np.isfinite(values)
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


def _draw_forces(axes: Axes, values: np.ndarray, kinds: np.ndarray, names: Sequence[str]) -> None:
    _draw_histogram(axes, values, kinds, names, "|force| (eV/Å)", "atoms")
    axes.set_yscale("log")  # after the ticks of a linear axis were set


def _draw_map(axes: Axes, points: np.ndarray, shares: np.ndarray, kinds: np.ndarray, names: Sequence[str]) -> None:
    """Draw the frames in the plane of the first two principal components, the rarest kind on top."""
    for name, look in looks(names).items():
        inside = points[kinds == name]
        order = 3 - len(inside) / len(points)
        axes.scatter(
            inside[:, 0],
            inside[:, 1],
            s=12,
            color=look.colour,
            marker=look.marker,
            alpha=0.6,
            linewidths=0,
            zorder=order,
        )
    _finish_map(axes, shares)


def _draw_part(axes: Axes, points: np.ndarray, shares: np.ndarray, inside: np.ndarray) -> None:
    axes.scatter(points[~inside, 0], points[~inside, 1], s=10, color="#c4c9ce", linewidths=0)
    axes.scatter(points[inside, 0], points[inside, 1], s=12, color="#000000", alpha=0.7, linewidths=0)
    _finish_map(axes, shares)


def _shade(found: Inspection) -> tuple[np.ndarray, str]:
    """Return the density of each frame, or its size where no frame has a density."""
    if np.isfinite(found.numbers["density_g_cm3"]).any():
        return found.numbers["density_g_cm3"], "density (g/cm³)"
    return found.numbers["atoms"], "atoms"


def _draw_shaded_map(axes: Axes, points: np.ndarray, shares: np.ndarray, found: Inspection) -> None:
    """Draw the same plane shaded by density, or by size where no frame has a density."""
    values, label = _shade(found)
    known = np.isfinite(values)
    axes.scatter(points[~known, 0], points[~known, 1], s=12, color="#bbbbbb", linewidths=0)
    shaded = axes.scatter(points[known, 0], points[known, 1], s=12, c=values[known], cmap="viridis", linewidths=0)
    axes.figure.colorbar(shaded, ax=axes, label=label)
    _finish_map(axes, shares)


def _finish_map(axes: Axes, shares: np.ndarray) -> None:
    axes.set(xlabel=f"component 1 ({shares[0]:.0%} of variance)")
    axes.set_ylabel(f"component 2 ({shares[1]:.0%} of variance)")
