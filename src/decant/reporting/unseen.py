"""Liquids that no data set holds, ordered by what changed: the shape of the molecules, or their chemistry."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

from decant.foundation.looks import GREY, Look, batches, looks, numbered
from decant.foundation.page import Cell, Data, Figure, Notes, Panel, Row, Section, Table
from decant.foundation.svg import panel
from decant.reporting.cells import data_title, pair_title, score_cell
from decant.reporting.records import TARGET, Results, RunRecord
from decant.reporting.scores import together, with_error
from decant.study.simulation import CHANGES

TITLES = {"none": "the data's own", "shape": "changed shape", "chemistry": "changed chemistry"}
ROW, MARGIN = 0.34, 0.9
"""Height of a liquid and of what stands around them, inch."""


def section(results: Results) -> Section:
    """Return the section."""
    found = Section("unseen", "Unseen solvents")
    names = ordered(results)
    if all(results.changes[name] == TARGET for name in names):
        found.blocks.append("The study runs no liquid that is new to its potentials.")
        return found
    figures = [
        _figure(results, names, looks(some), numbered("unseen", index))
        for index, some in enumerate(batches(results.data_names()))
    ]
    found.blocks.extend(figure for figure in figures if figure.panels)
    found.blocks.append(_table(results))
    return found


def _figure(results: Results, names: Sequence[str], styles: dict[str, Look], file: str) -> Figure:
    rows: list[Row] = []
    panels = [_panel(results, algorithm, names, styles, rows) for algorithm in results.study.algorithms]
    return Figure(
        [one for one in panels if one],
        "Score on every liquid, the data's own on top, then those whose molecules differ in shape only, then those "
        "of another functional group; ± its uncertainty. A liquid whose density has no reference has no score; one "
        "with an element that a potential has never seen is refused.",
        Data(file, rows),
        [look.key(data_title(name), line=False) for name, look in styles.items()],
    )


def ordered(results: Results) -> list[str]:
    """Return the simulations in the order of what changed."""
    return [name for change in CHANGES for name in results.simulations(change)]


def _runs(results: Results, data: str, algorithm: str, name: str) -> list[RunRecord]:
    return results.runs_of((data, algorithm), lambda run: run.cell.simulation == name)


def _panel(
    results: Results, algorithm: str, names: Sequence[str], styles: dict[str, Look], rows: list[Row]
) -> Panel | None:
    """Return the scores of an algorithm's potentials on every liquid; None if it runs none."""
    own = [run for run in results.runs if run.cell.fit.algorithm == algorithm and run.cell.fit.data in styles]
    names = [name for name in names if any(run.cell.simulation == name for run in own)]
    if not any(run.score or run.failure for run in own):
        return None

    def draw(axes: Axes) -> None:
        for place, name in enumerate(names):
            _draw_liquid(axes, place, {data: _runs(results, data, algorithm, name) for data in styles}, styles)
        kinds = [results.changes[name] for name in names]
        for place in range(1, len(names)):
            if kinds[place] != kinds[place - 1]:
                axes.axhline(place - 0.5, color=GREY, linewidth=0.8, linestyle="--")
        axes.set_yticks(range(len(names)), [_label(results, name) for name in names], fontsize=8)
        axes.set(xlim=(-0.02, 1.02), ylim=(len(names) - 0.5, -0.5), xlabel="score")

    for name in names:
        for data in styles:
            runs = _runs(results, data, algorithm, name)
            if runs:
                rows.append(_row(results, name, data, algorithm, runs))
    return panel(algorithm, f"Scores of {algorithm} on {len(names)} liquids", draw, MARGIN + ROW * len(names))


def _label(results: Results, name: str) -> str:
    change = results.changes[name]
    return name if change == TARGET else f"{name} ({change})"


def _draw_liquid(axes: Axes, place: int, runs: dict[str, list[RunRecord]], styles: dict[str, Look]) -> None:
    shown = {data: one for data, one in runs.items() if one}
    refused = [run for one in shown.values() for run in one if run.failure and run.failure.is_refusal]
    for index, (data, one) in enumerate(shown.items()):
        done, look = together(one), styles[data]
        if done is not None:
            y = place + (index - (len(shown) - 1) / 2) * 0.7 / max(len(shown), 3)
            axes.errorbar(
                done["score"], y, xerr=done["uncertainty"], color=look.colour, marker=look.marker, markersize=4.5,
                linewidth=1.0, capsize=0,
            )  # fmt: skip
    if any(together(one) for one in shown.values()):
        return
    held = together([run for one in shown.values() for run in one], "stability")
    if held:
        words = f"not scored: no density to judge by; stability {with_error(held['score'], held['uncertainty'])}"
        axes.text(0.02, place, words, va="center", fontsize=8, color=GREY)
    elif refused:
        axes.text(0.02, place, "refused: an element never seen", va="center", fontsize=8, color=GREY)


def _row(results: Results, name: str, data: str, algorithm: str, runs: Sequence[RunRecord]) -> Row:
    done, held = together(runs) or {}, together(runs, "stability") or {}
    return {
        "simulation": name,
        "liquid": results.study.simulations[name].liquid,
        "change": results.changes[name],
        "data": data,
        "algorithm": algorithm,
        "score": done.get("score"),
        "uncertainty": done.get("uncertainty"),
        "stability": held.get("score"),
        "stability_uncertainty": held.get("uncertainty"),
        "runs": len(runs),
        "failure": next((run.failure.reason for run in runs if run.failure), ""),
    }


def _table(results: Results) -> Table:
    """Return the scores by kind of change."""
    changes = [change for change in CHANGES if results.simulations(change)]
    rows: list[list[Cell | str]] = []
    notes = Notes()
    for pair in results.pairs():
        cells = [
            score_cell([run for run in results.runs_of(pair) if results.change_of(run) == change], notes)
            for change in changes
        ]
        rows.append([pair_title(pair), *cells])
    counts = [f"{TITLES[change]} ({len(results.simulations(change))})" for change in changes]
    return Table(
        ["data set · algorithm", *counts],
        rows,
        "Scores over all liquids of a kind of change; the number of liquids in brackets.",
        notes=notes.texts,
    )
