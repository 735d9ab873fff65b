"""Density against temperature, with the reference and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from decant.foundation.looks import Look, batches, looks, numbered
from decant.foundation.page import Cell, Data, Figure, Folded, Key, Panel, Row, Section, Table
from decant.foundation.svg import panel
from decant.foundation.tables import number
from decant.reporting.cells import data_title, pair_title
from decant.reporting.records import TARGET, Pair, Results
from decant.reporting.words import counted
from decant.scoring.quantity import Quantity
from decant.scoring.quantity import density as measured_density
from decant.scoring.replicas import pooled

Series = dict[float, Quantity]
"""A density by temperature."""


def section(results: Results) -> Section:
    """Return the section: plots where there are several temperatures, numbers where there is one."""
    found = Section("density", "Density")
    rows: list[Row] = []
    references: dict[str, Series] = {}
    sources: dict[str, None] = {}
    for name in results.simulations(TARGET):
        references[name], told = _known_references(results, name)
        sources |= dict.fromkeys(told)
        rows += [_row(name, "reference", "", temperature, value) for temperature, value in references[name].items()]
    said = f" Reference: {'; '.join(sources)}." if sources else " There is no reference for these liquids."
    for index, names in enumerate(batches(results.data_names())):
        figure = _figure(results, references, names, numbered("density_over_temperature", index), said)
        found.blocks.extend([figure] if figure else [])
    table = _table(results, references, rows, said)
    if not table.rows:
        return Section(found.name, found.title, ["No run has a density yet."])
    if found.blocks:
        found.blocks.append(Folded(f"All densities ({counted(len(table.rows), 'row')})", [table]))
    else:
        found.blocks.append(table)
    return found


def _figure(
    results: Results, references: Mapping[str, Series], names: Sequence[str], file: str, said: str
) -> Figure | None:
    """Return a plot for each liquid and algorithm with several temperatures; None if there is none."""
    styles = looks(names)
    rows: list[Row] = []
    panels: list[Panel] = []
    shown: dict[str, None] = {}
    for name, reference in references.items():
        for algorithm in results.study.algorithms:
            series = {data: one for data in styles if (one := _densities(results, name, (data, algorithm)))}
            if len({temperature for one in series.values() for temperature in one}) > 1:
                title = f"{name} ({results.study.simulations[name].liquid}), {algorithm}"
                panels.append(_panel(title, series, reference, styles))
                shown |= dict.fromkeys(series)
                for data, one in series.items():
                    rows += [_row(name, data, algorithm, temperature, value) for temperature, value in one.items()]
    if not panels:
        return None
    keys = [styles[data].key(data_title(data)) for data in styles if data in shown]
    return Figure(
        panels,
        "Density of the liquids that the data are about: mean over seeds and replicas, with its uncertainty; where a "
        "run is too short for one, the spread of its samples stands for it. Points are set apart a little sideways."
        f"{said}",
        Data(file, rows),
        [Key("reference", "#000000", "dotted", "✚"), *keys],
    )


def _table(results: Results, references: Mapping[str, Series], rows: list[Row], said: str) -> Table:
    """Return every density beside its reference; rows of the CSV are added to `rows`."""
    cells: list[list[Cell | str]] = []
    for name, reference in references.items():
        for pair in results.pairs():
            for temperature, value in _densities(results, name, pair).items():
                known = reference.get(temperature)
                off = "–" if known is None else f"{100 * (value.value / known.value - 1):+.1f} %".replace("-", "−")
                beside = "–" if known is None else number(known.value, known.uncertainty, 4)
                shown = number(value.value, value.uncertainty, 4)
                cells.append([pair_title(pair), f"{name}, {temperature:g} K", shown, beside, off])
                rows.append(_row(name, *pair, temperature, value))
    head = ["data set · algorithm", "liquid", "density (g/cm³)", "reference", "off by"]
    caption = f"Mean over seeds and replicas, ± its uncertainty.{said}"
    return Table(head, cells, caption, Data("density", rows), left=2)


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


def _known_references(results: Results, name: str) -> tuple[Series, list[str]]:
    """Return the reference density of a simulation by temperature, and where it comes from."""
    found: Series = {}
    sources: dict[str, None] = {}
    own = results.study.reference_pair(name)
    # a run of the reference level is compared with the others of that level: what the rest is compared with comes last
    runs = [run for run in results.runs if run.cell.simulation == name]
    for run in sorted(runs, key=lambda run: (run.cell.fit.data, run.cell.fit.algorithm) != own):
        part: Mapping[str, Any] = run.score.get("parts", {}).get("density", {})
        if part.get("reference_g_cm3") is not None:
            found[run.cell.temperature] = Quantity(part["reference_g_cm3"], part.get("reference_uncertainty_g_cm3"))
            reference = run.score["reference"]
            told = f"runs of {pair_title(own)}" if own else str(reference.get("source") or reference["name"])
            sources[told] = None
    return dict(sorted(found.items())), list(sources)


def _panel(title: str, series: Mapping[str, Series], reference: Series, styles: Mapping[str, Look]) -> Panel:
    temperatures = sorted({temperature for one in [*series.values(), reference] for temperature in one})
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
