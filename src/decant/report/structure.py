"""Radial distribution functions of the liquids that the data are about."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from decant.analysis.plots import finish_rdf
from decant.foundation.looks import Look, batches, looks, numbered
from decant.foundation.page import Data, Figure, Panel, Row, Section
from decant.foundation.svg import SMALL, panel
from decant.report.cells import data_title
from decant.report.records import Condition, Results, RunRecord, by_condition

MOST_CENTRES, MOST_SITES = 3, 2
COLUMN = "g "
"""What the columns of g(r) in ``rdf.csv`` begin with."""
Curve = tuple[np.ndarray, np.ndarray, np.ndarray]
"""r in angstrom, g(r), and its standard error over runs; each of shape (bins,)."""


def section(results: Results) -> Section:
    """Return the section."""
    found = Section("structure", "Radial distribution functions")
    for algorithm in results.study.algorithms:
        for index, names in enumerate(batches(results.data_names())):
            found.blocks.extend(_figures(results, algorithm, names, numbered(f"rdf_{algorithm}", index)))
    if not found.blocks:
        found.blocks.append("No run has radial distribution functions yet.")
    return found


def _figures(results: Results, algorithm: str, names: Sequence[str], file: str) -> list[Figure]:
    """Return the curves of some data sets; nothing where there are none."""
    styles = looks(names)
    runs = [run for run in results.target_runs(algorithm) if run.rdf and run.cell.fit.data in styles]
    panels: list[Panel] = []
    rows: list[Row] = []
    for condition, members in by_condition(runs).items():
        for pair in _pairs(members):
            of = {data: [run for run in members if run.cell.fit.data == data] for data in styles}
            curves = {data: curve for data, own in of.items() if (curve := mean_curve(own, pair))}
            panels.append(_panel(algorithm, condition, pair, curves, styles))
            rows += _rows(condition, pair, curves)
    if not panels:
        return []
    shown = dict.fromkeys(run.cell.fit.data for run in runs)
    caption = (
        f"{algorithm}: g(r) of centres of mass and of sites in different molecules, mean over seeds and replicas with "
        "its standard error as a band. Data sets that lie on each other give the same structure."
    )
    keys = [styles[name].key(data_title(name), marker=False) for name in shown]
    return [Figure(panels, caption, Data(file, rows), keys, small=True)]


def _pairs(runs: Sequence[RunRecord]) -> list[str]:
    """Return the pairs to show: centres of mass, then sites."""
    names = dict.fromkeys(name.removeprefix(COLUMN) for run in runs for name in run.rdf if name.startswith(COLUMN))
    kinds = {name: entry.get("kind") for run in runs for name, entry in (run.observables.get("rdf") or {}).items()}
    centres = [name for name in names if kinds.get(name) == "centre of mass"]
    sites = [name for name in names if kinds.get(name) != "centre of mass"]
    return [*centres[:MOST_CENTRES], *sites[:MOST_SITES]]


def mean_curve(runs: Sequence[RunRecord], pair: str) -> Curve | None:
    """Return the mean of g(r) over runs, up to the smallest box's reach; None if no run has it."""
    tables = [(run.rdf["r_A"], run.rdf[f"{COLUMN}{pair}"]) for run in runs if f"{COLUMN}{pair}" in run.rdf]
    if not tables:
        return None
    shortest = min((r for r, _ in tables), key=lambda r: r[-1])
    values = np.array([np.interp(shortest, r, g) for r, g in tables])
    spread = values.std(axis=0, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.zeros(len(shortest))
    return shortest, values.mean(axis=0), spread


def _rows(condition: Condition, pair: str, curves: dict[str, Curve]) -> list[Row]:
    simulation, temperature = condition
    return [
        {
            "simulation": simulation,
            "temperature_K": temperature,
            "pair": pair,
            "data": data,
            "r_A": r,
            "g": g,
            "uncertainty": error,
        }
        for data, curve in curves.items()
        for r, g, error in zip(*curve, strict=True)
    ]


def _panel(algorithm: str, condition: Condition, pair: str, curves: dict[str, Curve], styles: dict[str, Look]) -> Panel:
    def draw(axes: Axes) -> None:
        for data, (r, g, error) in curves.items():
            look = styles[data]
            axes.fill_between(r, g - error, g + error, color=look.colour, alpha=0.2, lw=0)
            axes.plot(r, g, color=look.colour, linestyle=look.line)
        finish_rdf(axes, "")

    peaks = [f"{data_title(data)} {r[g.argmax()]:.2g} Å" for data, (r, g, _) in curves.items()]
    title = f"{pair}, {condition[0]} at {condition[1]:g} K, {algorithm}"
    return panel(title, f"g(r) of {pair}; highest peak: {'; '.join(peaks)}", draw, SMALL, SMALL)
