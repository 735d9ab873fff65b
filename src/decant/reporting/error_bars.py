"""One bar chart of the force errors on the test set: by data set, algorithm and kind of motion."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from decant.foundation.looks import looks
from decant.foundation.page import Data, Figure, Key, Row
from decant.foundation.svg import WIDTH, panel
from decant.reporting.cells import pair_title
from decant.reporting.records import FitRecord, Pair, Results
from decant.scoring.quantity import Quantity
from decant.scoring.replicas import pooled

MOTIONS = ("translational", "rotational", "vibrational")
WHOLE = "total"
"""What is shown of potentials whose errors were not taken apart."""
ROW, MARGIN = 0.12, 0.8
"""Height of a bar and of what stands around them, inch."""
Bars = dict[Pair, dict[str, Quantity]]
"""The root mean square error, meV/A, of each kind of motion."""


def figure(results: Results) -> Figure | None:
    """Return the chart; None where no potential has errors."""
    known = [fit for fit in results.fits if _forces(fit)]
    motions = [one for one in MOTIONS if any(one in _forces(fit) for fit in known)] or [WHOLE]
    bars = {pair: own for pair in results.pairs() if (own := _errors(results.fits_of(pair), motions))}
    if not bars:
        return None
    sizes = {one: size for one in motions if (size := _reference(known, one)) is not None}
    styles = looks(motions)

    def draw(axes: Axes) -> None:
        _draw(axes, bars, motions)

    rows: list[Row] = [
        {"data": data, "algorithm": name, "motion": one, "rmse_meV_per_A": value.value,
         "uncertainty_meV_per_A": value.uncertainty, "reference_rms_meV_per_A": sizes.get(one)}
        for (data, name), own in bars.items() for one, value in own.items()
    ]  # fmt: skip
    told = "; ".join(
        f"{pair_title(pair)}: {', '.join(f'{one} {value.value:.3g}' for one, value in own.items())}"
        for pair, own in bars.items()
    )
    height = MARGIN + ROW * (len(motions) + 1) * len(bars)
    return Figure(
        [
            panel(
                "Force error by kind of motion", f"Root mean square force errors in meV/Å: {told}", draw, height, WIDTH
            )
        ],
        "Root mean square error of the forces on the test set, mean over seeds with its standard error, by kind of "
        "motion of a molecule; in brackets the size of the reference force itself: an error as large says that the "
        "potential knows nothing of this motion.",
        Data("force_errors", rows),
        [Key(_name(one, sizes.get(one)), styles[one].colour, marker="■") for one in motions],
    )


def _name(motion: str, size: float | None) -> str:
    return motion if size is None else f"{motion} ({size:.{0 if size >= 100 else 1}f} meV/Å)"


def _forces(fit: FitRecord) -> dict[str, dict[str, float]]:
    return fit.errors.get("force_meV_per_A") or {}


def _errors(fits: Sequence[FitRecord], motions: Sequence[str]) -> dict[str, Quantity]:
    """Return the mean error over seeds of each kind of motion that is known."""
    found = {}
    for one in motions:
        values = [Quantity(_forces(fit)[one]["rmse"]) for fit in fits if one in _forces(fit)]
        if values:
            found[one] = pooled(values)
    return found


def _reference(fits: Sequence[FitRecord], motion: str) -> float | None:
    """Return the size of the reference force, which is the same for all since the test set is."""
    sizes = (_forces(fit).get(motion, {}).get("reference_rms") for fit in fits)
    return next((size for size in sizes if size), None)


def _draw(axes: Axes, bars: Bars, motions: Sequence[str]) -> None:
    styles, space = looks(motions), 1.0 / (len(motions) + 1)
    for place, own in enumerate(bars.values()):
        for index, one in enumerate(motions):
            if one in own:
                y = place + (index - (len(motions) - 1) / 2) * space
                axes.barh(y, own[one].value, height=0.9 * space, color=styles[one].colour, xerr=own[one].uncertainty,
                          error_kw={"elinewidth": 1.0, "ecolor": "#222222"})  # fmt: skip
    axes.set_yticks(np.arange(len(bars)), [pair_title(pair) for pair in bars], fontsize=9)
    axes.set_ylim(len(bars) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.set(xlim=(0, None), xlabel="force RMSE (meV/Å)")
