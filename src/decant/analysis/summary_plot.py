"""One page of plots that sets runs beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from decant.analysis.entry import Entry
from decant.analysis.plots import finish_rdf
from decant.foundation.plotting import LINES, colour, draw_series, page
from decant.foundation.tables import number

MOST_PANELS = 4
PARTS = ("total", "vibrational", "translational", "rotational")


def plot_summary(path: Path, entries: Sequence[Entry]) -> None:
    """Plot densities, force errors, centre-of-mass distributions and mean square displacements of all entries."""
    runs = [entry for entry in entries if not entry.is_reference]
    pairs = _columns(runs, "rdf", "g ")
    pairs = [pair for pair in pairs if "(" not in pair][:3] + [pair for pair in pairs if "(" in pair]
    species = _columns(runs, "msd", "msd_A2 ")[:MOST_PANELS]
    shown = [row for row in (pairs[:MOST_PANELS], species) if row]
    with page(path, 12.0, 3.8 + 3.1 * len(shown)) as figure:
        handles = [Line2D([], [], color=colour(index), label=run.name, linewidth=3) for index, run in enumerate(runs)]
        figure.legend(handles=handles, loc="outside upper left", ncols=min(len(runs), 5), fontsize=10)
        bands = figure.subfigures(1 + len(shown), 1, squeeze=False)[:, 0]
        densities, errors = bands[0].subplots(1, 2, width_ratios=(7, 5))
        _draw_densities(densities, entries)
        _draw_force_errors(errors, runs)
        for band, row in zip(bands[1:], shown, strict=True):
            for axes, name in zip(band.subplots(1, len(row), squeeze=False)[0], row, strict=True):
                (_draw_msds if row is species else _draw_rdfs)(axes, name, runs)


def _columns(runs: Sequence[Entry], table: str, prefix: str) -> list[str]:
    """Return what follows `prefix` in the column names of a table, over all runs."""
    names = [name for run in runs for name in getattr(run, table) if name.startswith(prefix)]
    return list(dict.fromkeys(name.removeprefix(prefix) for name in names))


def _draw_densities(axes: Axes, entries: Sequence[Entry]) -> None:
    runs = [entry for entry in entries if not entry.is_reference]
    for index, run in enumerate(runs):
        density = run.summary.get("density", {})
        if "density_g_cm3" in run.thermo:
            text = number(density.get("value"), density.get("uncertainty"), 4)
            draw_series(axes, run.thermo["time_ps"], run.thermo["density_g_cm3"], colour(index), text)
        status = run.summary.get("status", {})
        if status.get("state") == "stopped" and len(run.thermo.get("time_ps", ())):
            last = run.thermo["time_ps"][-1], run.thermo["density_g_cm3"][-1]
            axes.plot(*last, marker="X", markersize=9, color=colour(index), markeredgecolor="white", clip_on=False)
            axes.annotate(
                "stopped", last, (0, 9), textcoords="offset points", ha="right", color=colour(index), fontsize=8
            )
    known = [entry for entry in entries if entry.is_reference and "density" in entry.summary]
    for index, entry in enumerate(known):
        value = entry.summary["density"]["value"]
        style = LINES[(index + 1) % len(LINES)]
        axes.axhline(
            value, color="black", linestyle=style, linewidth=1.1, label=f"{entry.name}: {number(value, digits=4)}"
        )
    axes.set(xlabel="time (ps)", ylabel="density (g/cm³)", title="Density")
    axes.margins(x=0.02)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="best", title="mean ± standard error", title_fontsize=8)


def _draw_force_errors(axes: Axes, runs: Sequence[Entry]) -> None:
    """Bars of the force errors by part, with the size of the reference's own part as a black line."""
    known = [(index, run.force_errors()) for index, run in enumerate(runs) if run.force_errors()]
    axes.set_title("Force error by kind of motion")
    if not known:
        axes.text(0.5, 0.5, "no test errors in the cards", ha="center", va="center", transform=axes.transAxes)
        axes.set(xticks=[], yticks=[])
        return
    width = 0.8 / len(known)
    for place, (index, errors) in enumerate(known):
        x = np.arange(len(PARTS)) + (place - (len(known) - 1) / 2) * width
        axes.bar(x, [errors[part]["rmse"] for part in PARTS], width * 0.92, color=colour(index))
        sizes = [errors[part]["reference_rms"] for part in PARTS]
        axes.hlines(sizes, x - width / 2, x + width / 2, color="black", linewidth=1.6)
    axes.plot([], [], color="black", linewidth=1.6, label="size of the reference force")
    axes.set_yscale("log")
    axes.set_xticks(np.arange(len(PARTS)), PARTS)
    axes.grid(visible=False, axis="x")
    axes.set_ylabel("RMSE (meV/Å)")
    axes.legend(loc="upper right")


def _draw_rdfs(axes: Axes, pair: str, runs: Sequence[Entry]) -> None:
    for index, run in enumerate(runs):
        if f"g {pair}" in run.rdf:
            axes.plot(run.rdf["r_A"], run.rdf[f"g {pair}"], color=colour(index))
    finish_rdf(axes, f"{pair}, {'sites' if '(' in pair else 'centres of mass'}")


def _draw_msds(axes: Axes, species: str, runs: Sequence[Entry]) -> None:
    for index, run in enumerate(runs):
        entry = run.diffusion().get(species)
        if entry is None or f"msd_A2 {species}" not in run.msd:
            continue
        lag, msd = run.msd["lag_ps"], run.msd[f"msd_A2 {species}"]
        text = number(entry["diffusion_1e-5_cm2_s"], entry["uncertainty_1e-5_cm2_s"])
        axes.plot(lag, msd, color=colour(index), alpha=0.4)
        begin, end = entry["fit_window_ps"]
        inside = (lag >= begin) & (lag <= end)
        axes.plot(lag[inside], msd[inside], color=colour(index), linewidth=2.2, label=text)
    axes.set(xlabel="lag time (ps)", ylabel="MSD (Å²)", title=f"{species}, mean square displacement")
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="upper left", title="D (10⁻⁵ cm²/s), fit where bold", title_fontsize=8)
