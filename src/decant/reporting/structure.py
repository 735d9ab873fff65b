"""Radial distribution functions of the liquids that the data are about."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from matplotlib.axes import Axes

from decant.analysis.plots import finish_rdf
from decant.foundation.looks import Look
from decant.foundation.page import Panel, Row, Section
from decant.foundation.svg import SMALL, panel
from decant.reporting.cells import data_title
from decant.reporting.curves import figures
from decant.reporting.records import Condition, Results, RunRecord

MOST_CENTRES, MOST_SITES = 3, 2
COLUMN = "g "
"""What the columns of g(r) in ``rdf.csv`` begin with."""
Curve = tuple[np.ndarray, np.ndarray, np.ndarray]
"""r in angstrom, g(r), and its standard error over runs; each of shape (bins,)."""


def section(results: Results) -> Section:
    """Return the section."""
    found = Section("structure", "Radial distribution functions")
    for algorithm in results.study.algorithms:
        caption = (
            f"{algorithm}: g(r) of centres of mass and of sites in different molecules, mean over seeds and replicas "
            "with its standard error as a band. Data sets that lie on each other give the same structure."
        )
        draw = partial(_drawn, algorithm)
        found.blocks.extend(figures(results, algorithm, "rdf", lambda run: bool(run.rdf), draw, caption, small=True))
    if not found.blocks:
        found.blocks.append("No run has radial distribution functions yet.")
    return found


def _drawn(
    algorithm: str, condition: Condition, runs: Sequence[RunRecord], styles: dict[str, Look]
) -> tuple[list[Panel], list[Row]]:
    panels: list[Panel] = []
    rows: list[Row] = []
    for pair in _pairs(runs):
        of = {data: [run for run in runs if run.cell.fit.data == data] for data in styles}
        curves = {data: curve for data, own in of.items() if (curve := mean_curve(own, pair))}
        panels.append(_panel(algorithm, condition, pair, curves, styles))
        rows += _rows(condition, pair, curves)
    return panels, rows


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
