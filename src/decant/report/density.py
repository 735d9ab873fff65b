"""Density against temperature, with the reference and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from decant.report.cells import data_title
from decant.report.page import Data, Figure, Key, Panel, Row, Section
from decant.report.picture import Look, looks, panel
from decant.report.records import TARGET, Pair, Results, RunRecord
from decant.scoring.quantity import Quantity
from decant.scoring.quantity import density as measured_density
from decant.scoring.replicas import pooled

Series = dict[float, Quantity]
"""A density by temperature."""


def section(results: Results) -> Section:
    """Return the section."""
    found = Section("density", "Density against temperature")
    styles = looks(results.data_names())
    rows: list[Row] = []
    panels: list[Panel] = []
    sources: dict[str, None] = {}
    for name in results.simulations(TARGET):
        reference, told = references([run for run in results.runs if run.cell.simulation == name])
        sources |= dict.fromkeys(told)
        for algorithm in results.study.algorithms:
            series = {data: one for data in styles if (one := _densities(results, name, (data, algorithm)))}
            if series:
                title = f"{name} ({results.study.simulations[name].liquid}), {algorithm}"
                panels.append(_panel(title, series, reference, styles))
            for data, one in series.items():
                rows += [_row(name, data, algorithm, temperature, value) for temperature, value in one.items()]
        rows += [_row(name, "reference", "", temperature, value) for temperature, value in reference.items()]
    if not panels:
        found.blocks.append("No run has a density yet.")
        return found
    said = f" Reference: {'; '.join(sources)}." if sources else " There is no reference for these liquids."
    found.blocks.append(
        Figure(
            panels,
            "Density of the liquids that the data are about: mean over seeds and replicas, with its uncertainty; where "
            "a run is too short for one, the spread of its samples stands for it. Points are set apart a little "
            f"sideways.{said}",
            Data("density", rows),
            [
                Key("reference", "#000000", "dotted", "✚"),
                *(look.key(data_title(data)) for data, look in styles.items()),
            ],
        )
    )
    return found


def _row(name: str, data: str, algorithm: str, temperature: float, value: Quantity) -> Row:
    return {
        "simulation": name,
        "data": data,
        "algorithm": algorithm,
        "temperature_K": temperature,
        "density_g_cm3": value.value,
        "uncertainty_g_cm3": value.uncertainty,
    }


def _densities(results: Results, name: str, pair: Pair) -> Series:
    """Return the density of a simulation by temperature, for a data set and an algorithm."""
    values: dict[float, list[Quantity]] = {}
    for run in results.runs_of(pair, lambda run: run.cell.simulation == name):
        value = measured_density(run.observables) if run.observables else ""
        if isinstance(value, Quantity):
            values.setdefault(run.cell.temperature, []).append(value)
    return {temperature: pooled(several) for temperature, several in sorted(values.items())}


def references(runs: Sequence[RunRecord]) -> tuple[Series, list[str]]:
    """Return the reference density by temperature, and where it comes from."""
    found: Series = {}
    sources: dict[str, None] = {}
    for run in runs:
        part: Mapping[str, Any] = run.score.get("parts", {}).get("density", {})
        if part.get("reference_g_cm3") is not None:
            found[run.cell.temperature] = Quantity(part["reference_g_cm3"], part.get("reference_uncertainty_g_cm3"))
            reference = run.score["reference"]
            sources[str(reference.get("source") or reference["name"])] = None
    return dict(sorted(found.items())), list(sources)


def _panel(title: str, series: Mapping[str, Series], reference: Series, styles: Mapping[str, Look]) -> Panel:
    temperatures = sorted({temperature for one in series.values() for temperature in one})
    gap = min(np.diff(temperatures), default=20.0)

    def draw(axes: Axes) -> None:
        for place, (data, one) in enumerate(series.items()):
            look, shift = styles[data], (place - (len(series) - 1) / 2) * 0.5 * gap / max(len(series), 4)
            x = np.array(list(one)) + shift
            errors = [value.uncertainty or 0.0 for value in one.values()]
            axes.errorbar(
                x, [value.value for value in one.values()], errors, color=look.colour, linestyle=look.line,
                linewidth=0.9, marker=look.marker, markersize=5, capsize=2,
            )  # fmt: skip
        if reference:
            errors = [value.uncertainty or 0.0 for value in reference.values()]
            axes.errorbar(
                list(reference), [value.value for value in reference.values()], errors, color="black", marker="P",
                markersize=8, capsize=3, linestyle=":", linewidth=1.0, zorder=4,
            )  # fmt: skip
        axes.set_xticks(temperatures, [f"{temperature:g}" for temperature in temperatures])
        axes.set_xlim(temperatures[0] - 0.6 * gap, temperatures[-1] + 0.6 * gap)
        axes.set(xlabel="temperature (K)", ylabel="density (g/cm³)")

    spread = [value.value for one in series.values() for value in one.values()]
    told = f"densities from {min(spread):.3g} to {max(spread):.3g} g/cm³"
    if reference:
        told += f"; reference {next(iter(reference.values())).value:.4g} g/cm³"
    return panel(title, told, draw)
