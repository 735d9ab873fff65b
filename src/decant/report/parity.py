"""Parity plots: predicted against reference forces, by recipe, within molecules and between them apart."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from decant.report.cells import pair_title
from decant.report.page import Data, Figure, Panel, Row, Section
from decant.report.picture import GREY, SMALL, Look, looks, panel
from decant.report.records import FitRecord, Parity, Results

MOST_POINTS = 120
"""Points of a recipe in a panel, evenly taken; all components count for the errors given."""


def section(results: Results) -> Section:
    """Return the section."""
    found = Section("parity", "Predicted and reference forces")
    fits = [fit for fit in first_seeds(results) if fit.parity is not None]
    if not fits:
        found.blocks.append("No predictions of the test set were written (decant evaluate --predictions).")
        return found
    recipes = sorted({str(recipe) for fit in fits if fit.parity for recipe in np.unique(fit.parity.recipe)})
    styles = looks(recipes)
    for algorithm in dict.fromkeys(fit.cell.algorithm for fit in fits):
        members = [fit for fit in fits if fit.cell.algorithm == algorithm]
        rows: list[Row] = []
        panels: list[Panel] = []
        for fit in members:
            for part in fit.parity.parts if fit.parity else ():
                panels.append(_panel(fit, part, styles, rows))
        found.blocks.append(
            Figure(
                panels,
                f"{algorithm}: force components on the test set, the first seed of each data set. Forces within a "
                "molecule are many times those between molecules, so a good total says little of what holds a liquid "
                f"together. Up to {MOST_POINTS} components of each recipe are drawn; the error counts them all.",
                Data(f"parity_{algorithm}", rows),
                [styles[name].key(name, line=False) for name in recipes],
                small=True,
            )
        )
    return found


def first_seeds(results: Results) -> list[FitRecord]:
    """Return the potential of the first seed of every data set and algorithm."""
    return [results.fits_of(pair)[0] for pair in results.pairs()]


def _panel(fit: FitRecord, part: str, styles: dict[str, Look], rows: list[Row]) -> Panel:
    parity: Parity = fit.parity  # type: ignore[assignment]
    reference, predicted = parity.parts[part]
    rmse = 1000.0 * float(np.sqrt(np.mean((predicted - reference) ** 2)))
    chosen = {name: evenly(np.flatnonzero(parity.recipe == name)) for name in styles}
    for name, indices in chosen.items():
        rows += [
            {
                "data": fit.cell.data,
                "algorithm": fit.cell.algorithm,
                "seed": fit.cell.seed,
                "part": part,
                "recipe": name,
                "reference_eV_per_A": reference[index],
                "predicted_eV_per_A": predicted[index],
            }
            for index in indices
        ]

    def draw(axes: Axes) -> None:
        drawn = np.concatenate(list(chosen.values()))
        most = 1.08 * float(np.abs(np.concatenate([reference[drawn], predicted[drawn]])).max(initial=1e-3))
        axes.plot([-most, most], [-most, most], color=GREY, linewidth=0.9)
        for name, indices in chosen.items():
            look = styles[name]
            axes.plot(
                reference[indices], predicted[indices], look.marker, color=look.colour, markersize=2.5, alpha=0.6, mew=0
            )
        axes.set(xlim=(-most, most), ylim=(-most, most), aspect="equal")
        axes.set(xlabel="reference (eV/Å)", ylabel="predicted (eV/Å)")

    title = f"{pair_title((fit.cell.data, fit.cell.algorithm))}, {part}: RMSE {rmse:.3g} meV/Å"
    return panel(title, f"Predicted against reference {part} force components", draw, SMALL, SMALL)


def evenly(indices: np.ndarray) -> np.ndarray:
    """Return at most `MOST_POINTS` of some indices, evenly spread."""
    if len(indices) <= MOST_POINTS:
        return indices
    return indices[np.linspace(0, len(indices) - 1, MOST_POINTS).round().astype(int)]
