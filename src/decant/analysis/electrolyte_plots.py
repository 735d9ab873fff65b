"""Pictures of what is measured of ions: how far the conductivity has converged, and who stands around a cation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from decant.analysis.conductivity import WINDOW, Conductivity
from decant.analysis.onsager import Onsager
from decant.analysis.plots import footnote
from decant.analysis.solvation import Solvation
from decant.foundation.plotting import colour, legend_below, page
from decant.foundation.tables import starred

SHOWN_SURVIVAL = 0.01
"""Survival below this is noise of few contacts."""


MOST_SHOWN = 1.5
"""Transference numbers beyond are noise of parts of the run that hardly conduct."""


def plot_conductivity(path: Path, one: Conductivity, motion: Onsager | None = None) -> None:
    """Plot the displacement of the charges with its fit, and what follows from more and more parts of the run."""
    with page(path, 12.0 if motion else 8.6, 3.7) as figure:
        left, right, *more = figure.subplots(1, 3 if motion else 2)
        window = np.array(WINDOW) * one.lag_ps[-1]
        slope = 6 * one.einstein.value / one.factor
        inside = (one.lag_ps >= window[0]) & (one.lag_ps <= window[1])
        offset = np.mean(one.displacement_e2A2[inside] - slope * one.lag_ps[inside])
        left.plot(one.lag_ps, one.displacement_e2A2, color=colour(0), label="mean over parts of the run")
        left.plot(window, slope * window + offset, color="black", linestyle="--", linewidth=1.1, label="fit")
        left.axvspan(*window, color="#bbbbbb", alpha=0.25, lw=0)
        left.set(xlabel="lag time (ps)", ylabel="displacement of the charges (e² Å²)", xlim=(0, None), ylim=(0, None))
        legend_below(left)
        value, error = one.running_mS_cm
        parts = np.arange(1, len(value) + 1)
        right.errorbar(parts, value, error, fmt="o", color=colour(1), capsize=3)
        right.axhline(one.einstein.value, color="black", linestyle="--", linewidth=1.0)
        right.set(xlabel="parts of the run taken", ylabel="conductivity (mS/cm)", xticks=parts)
        right.set_title(starred(one.einstein.value, one.einstein.uncertainty, one.note, 3), fontweight="normal")
        notes = [one.note]
        if motion:
            _draw_transference(more[0], motion)
            notes.append(motion.note)
        footnote(figure, notes)


def _draw_transference(axes: Axes, motion: Onsager) -> None:
    for index, (name, values) in enumerate(motion.running.items()):
        parts, whole = np.arange(1, len(values) + 1), motion.transference[name]
        label = f"{name.replace('_', ' ')} at rest: {starred(whole.value, whole.uncertainty, motion.note, 3)}"
        axes.plot(parts, np.clip(values, -MOST_SHOWN, MOST_SHOWN), "o-", color=colour(index), label=label)
    axes.set(xlabel="parts of the run taken", ylabel="transference number of the cation", xticks=parts)
    axes.set_ylim(-MOST_SHOWN, MOST_SHOWN)
    legend_below(axes)


def plot_solvation(path: Path, shells: Sequence[Solvation]) -> None:
    """Plot for each cation how its shell changes over the run, ion pairing, and the survival of contacts."""
    with page(path, 10.5, 3.9 * len(shells)) as figure:
        for row, one in zip(figure.subplots(len(shells), 3, squeeze=False), shells, strict=True):
            time = one.time_ps
            for index, (name, values) in enumerate(one.counts["molecules"].items()):
                row[0].plot(time, _smooth(values), color=colour(index), label=name)
            row[0].set(xlabel="time (ps)", ylabel=f"molecules around {one.cation}", ylim=(0, None))
            for index, (name, values) in enumerate(one.pairing.items()):
                row[1].plot(time, _smooth(values), color=colour(index), label=name)
            row[1].set(xlabel="time (ps)", ylabel=f"fraction of {one.cation}", ylim=(0, 1))
            for index, stay in enumerate(one.residence):
                seen = (stay.survival > SHOWN_SURVIVAL) & (stay.lag_ps <= stay.lag_ps[-1] / 2)
                label = f"{stay.species}: {starred(stay.value, stay.uncertainty, stay.note, 3)} ps"
                row[2].semilogy(stay.lag_ps[seen], stay.survival[seen], color=colour(index), label=label)
            row[2].set(xlabel="lag time (ps)", ylabel="contacts unbroken")
            for axes in row:
                legend_below(axes)
        footnote(figure, [f"{one.cation}: {one.note}" for one in shells if one.note])


def _smooth(values: np.ndarray) -> np.ndarray:
    """Return a running mean over a fiftieth of the run."""
    width = max(1, len(values) // 50)
    return np.convolve(np.pad(values, (width // 2, width - 1 - width // 2), "edge"), np.ones(width) / width, "valid")
