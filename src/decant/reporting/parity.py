"""Errors on the test set: a table, a chart of the forces, and forces predicted within and between molecules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from decant.foundation.looks import GREY, MOST, Look, looks
from decant.foundation.page import Data, Figure, Folded, Panel, Row, Section
from decant.foundation.svg import SMALL, panel
from decant.reporting import error_bars, error_table
from decant.reporting.cells import pair_title
from decant.reporting.records import FitRecord, Parity, Results
from decant.reporting.words import counted

OTHERS = "others"
MOST_POINTS = 120
"""Points of a recipe in a panel, evenly taken; all components count for the errors given."""


def section(results: Results) -> Section:
    """Return the section: all errors, one chart of those of forces, and the plots behind it folded away."""
    found = Section("parity", "Errors on the test set")
    found.blocks.extend(block for block in (error_table.table(results), error_bars.figure(results)) if block)
    fits = [fit for fit in first_seeds(results) if fit.parity is not None]
    if not fits:
        found.blocks.append("No predictions of the test set were written (decant evaluate --predictions).")
        return found
    figures = [
        _figure(algorithm, [fit for fit in fits if fit.cell.algorithm == algorithm], kinds(fits))
        for algorithm in dict.fromkeys(fit.cell.algorithm for fit in fits)
    ]
    count = counted(sum(len(one.panels) for one in figures), "plot")
    found.blocks.append(Folded(f"Predicted against reference forces ({count})", figures))
    return found


def kinds(fits: Sequence[FitRecord]) -> dict[str, str]:
    """Return for each recipe of the test set under which name it is drawn: the rarest share one if there are many."""
    counts = Counter(str(recipe) for fit in fits if fit.parity for recipe in fit.parity.recipe)
    common = [name for name, _ in counts.most_common()]
    kept = common if len(common) <= MOST else common[: MOST - 1]
    return {name: name if name in kept else OTHERS for name in sorted(common)}


def _figure(algorithm: str, fits: Sequence[FitRecord], names: Mapping[str, str]) -> Figure:
    styles = looks(list(dict.fromkeys(names.values())))
    rows: list[Row] = []
    panels = [_panel(fit, part, names, styles, rows) for fit in fits if fit.parity for part in fit.parity.parts]
    return Figure(
        panels,
        f"{algorithm}: force components on the test set, the first seed of each data set. Forces within a molecule are "
        "many times those between molecules, so a good total says little of what holds a liquid together. Up to "
        f"{MOST_POINTS} components of each recipe are drawn; the error counts them all.",
        Data(f"parity_{algorithm}", rows),
        [look.key(name, line=False) for name, look in styles.items()],
        small=True,
    )


def first_seeds(results: Results) -> list[FitRecord]:
    """Return the potential of the first seed of every data set and algorithm."""
    return [results.fits_of(pair)[0] for pair in results.pairs()]


def _panel(fit: FitRecord, part: str, names: Mapping[str, str], styles: dict[str, Look], rows: list[Row]) -> Panel:
    parity: Parity = fit.parity  # type: ignore[assignment]
    reference, predicted = parity.parts[part]
    rmse = 1000.0 * float(np.sqrt(np.mean((predicted - reference) ** 2)))
    chosen = {name: evenly(np.flatnonzero(parity.recipe == name)) for name in names}
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
            look = styles[names[name]]
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
