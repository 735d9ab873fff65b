"""Pictures that set runs beside each other."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from decant.analysis.entry import Entry
from decant.analysis.plots import finish_rdf
from decant.foundation.looks import GREY, Look, batches, looks
from decant.foundation.page import Key
from decant.foundation.plotting import LINES, draw_series
from decant.foundation.sketches import Group, Sketch

MOST_PANELS = 4
PARTS = ("total", "vibrational", "translational", "rotational")
DASHES = ("dashed", "dashdot", "dotted", "solid")
"""How references are drawn, black all of them, as `LINES` from the second on."""
Shown = Mapping[str, Entry]
"""Runs by name."""


def groups(entries: Sequence[Entry]) -> list[Group]:
    """Return densities, force errors, distributions and displacements of all entries.

    Runs that are too many for colours of their own come in several groups; there is none where nothing can be drawn.
    """
    runs = {entry.name: entry for entry in entries if not entry.is_reference}
    known = [entry for entry in entries if entry.is_reference and "density" in entry.summary]
    styles = looks(list(runs))
    found = [_group({name: runs[name] for name in batch}, known, styles) for batch in batches(list(runs))]
    return [group for group in found if group.sketches]


def _group(runs: Shown, known: Sequence[Entry], styles: Mapping[str, Look]) -> Group:
    names = ", ".join(runs)
    pairs = _columns(runs, "rdf", "g ")
    pairs = [pair for pair in pairs if "(" not in pair][:3] + [pair for pair in pairs if "(" in pair]
    species = _columns(runs, "msd", "msd_A2 ")[:MOST_PANELS]
    keys = [styles[name].key(name, marker=False) for name in runs]
    sketches = []
    if known or any("density_g_cm3" in run.thermo for run in runs.values()):
        draw = functools.partial(_draw_densities, runs=runs, known=known, styles=styles)
        sketches.append(Sketch("Density", f"Density over time of {names}", draw))
        keys += [Key(entry.name, "#000000", DASHES[i % len(DASHES)]) for i, entry in enumerate(known)]
        if any(_stopped(run) for run in runs.values()):
            keys.append(Key("stopped", GREY, marker="✖"))
    if any(run.force_errors() for run in runs.values()):
        draw = functools.partial(_draw_force_errors, runs=runs, styles=styles)
        sketches.append(Sketch("Force error by kind of motion", f"Force errors of the potentials of {names}", draw))
        keys.append(Key("size of the reference force", "#000000", "solid"))
    for pair in pairs[:MOST_PANELS]:
        title = f"{pair}, {'sites' if '(' in pair else 'centres of mass'}"
        draw = functools.partial(_draw_rdfs, pair=pair, runs=runs, styles=styles)
        sketches.append(Sketch(title, f"Radial distribution functions of {pair} in {names}", draw))
    for one in species:
        draw = functools.partial(_draw_msds, species=one, runs=runs, styles=styles)
        sketches.append(Sketch(f"{one}, mean square displacement", f"Displacements of {one} in {names}", draw))
    return Group(sketches, keys, CAPTION)


CAPTION = """Displacements: D is fitted where the line is bold. Means, uncertainties and what to know of them stand in
the table."""


def _columns(runs: Shown, table: str, prefix: str) -> list[str]:
    """Return what follows `prefix` in the column names of a table, over all runs."""
    names = [name for run in runs.values() for name in getattr(run, table) if name.startswith(prefix)]
    return list(dict.fromkeys(name.removeprefix(prefix) for name in names))


def _stopped(run: Entry) -> bool:
    return run.summary.get("status", {}).get("state") == "stopped"


def _draw_densities(axes: Axes, runs: Shown, known: Sequence[Entry], styles: Mapping[str, Look]) -> None:
    for name, run in runs.items():
        if "density_g_cm3" not in run.thermo:
            continue
        time, density = run.thermo["time_ps"], run.thermo["density_g_cm3"]
        draw_series(axes, time, density, styles[name].colour)
        axes.lines[-1].set_linestyle(styles[name].line)
        if _stopped(run) and len(time):
            axes.plot(time[-1], density[-1], "X", markersize=9, color=styles[name].colour, mec="white", clip_on=False)
    for index, entry in enumerate(known):
        style = LINES[(index + 1) % len(LINES)]
        axes.axhline(entry.summary["density"]["value"], color="black", linestyle=style, linewidth=1.1)
    axes.set(xlabel="time (ps)", ylabel="density (g/cm³)")
    axes.margins(x=0.02)


def _draw_force_errors(axes: Axes, runs: Shown, styles: Mapping[str, Look]) -> None:
    """Bars of the force errors by part, with the size of the reference's own part as a black line."""
    known = {name: errors for name, run in runs.items() if (errors := run.force_errors())}
    width = 0.8 / len(known)
    for place, (name, errors) in enumerate(known.items()):
        x = np.arange(len(PARTS)) + (place - (len(known) - 1) / 2) * width
        axes.bar(x, [errors[part]["rmse"] for part in PARTS], width * 0.92, color=styles[name].colour)
        sizes = [errors[part]["reference_rms"] for part in PARTS]
        axes.hlines(sizes, x - width / 2, x + width / 2, color="black", linewidth=1.6)
    axes.set_yscale("log")
    axes.set_ylim(bottom=0.3 * min(errors[part]["rmse"] for errors in known.values() for part in PARTS) or None)
    axes.set_xticks(np.arange(len(PARTS)), PARTS, fontsize=9)
    axes.grid(visible=False, axis="x")
    axes.set_ylabel("RMSE (meV/Å)")


def _draw_rdfs(axes: Axes, pair: str, runs: Shown, styles: Mapping[str, Look]) -> None:
    for name, run in runs.items():
        if f"g {pair}" in run.rdf:
            axes.plot(run.rdf["r_A"], run.rdf[f"g {pair}"], color=styles[name].colour, linestyle=styles[name].line)
    finish_rdf(axes, "")


def _draw_msds(axes: Axes, species: str, runs: Shown, styles: Mapping[str, Look]) -> None:
    for name, run in runs.items():
        entry, look = run.diffusion().get(species), styles[name]
        if entry is None or f"msd_A2 {species}" not in run.msd:
            continue
        lag, msd = run.msd["lag_ps"], run.msd[f"msd_A2 {species}"]
        axes.plot(lag, msd, color=look.colour, linestyle=look.line, alpha=0.4)
        begin, end = entry["fit_window_ps"]
        inside = (lag >= begin) & (lag <= end)
        axes.plot(lag[inside], msd[inside], color=look.colour, linestyle=look.line, linewidth=2.2)
    axes.set(xlabel="lag time (ps)", ylabel="MSD (Å²)")
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
