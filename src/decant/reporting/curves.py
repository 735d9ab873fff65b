"""Figures of curves by data set: those of runs that share liquid and temperature in one panel, told apart by looks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from decant.foundation.looks import Look, batches, looks, numbered
from decant.foundation.page import Data, Figure, Panel, Row
from decant.reporting.cells import data_title
from decant.reporting.records import Condition, Results, RunRecord, by_condition

Draw = Callable[[Condition, Sequence[RunRecord], dict[str, Look]], tuple[list[Panel], list[Row]]]
"""Returns the panels of the runs of one liquid and temperature, and the rows of their numbers."""


def figures(
    results: Results,
    algorithm: str,
    stem: str,
    has: Callable[[RunRecord], bool],
    draw: Draw,
    caption: str,
    small: bool = False,
) -> list[Figure]:
    """Return figures of an algorithm's runs of the data's own liquids, with as many data sets as can be told apart.

    Parameters
    ----------
    results
        The study.
    algorithm
        Its name.
    stem
        What the names of their files begin with.
    has
        Whether a run has what is drawn.
    draw
        Draws the runs of one liquid and temperature.
    caption
        What to see.
    small
        Whether twice as many panels stand beside each other.
    """
    found = []
    for index, names in enumerate(batches(results.data_names())):
        styles = looks(names)
        runs = [run for run in results.target_runs(algorithm) if has(run) and run.cell.fit.data in styles]
        drawn = [draw(condition, members, styles) for condition, members in by_condition(runs).items()]
        panels = [panel for some, _ in drawn for panel in some]
        if panels:
            rows = [row for _, some in drawn for row in some]
            shown = dict.fromkeys(run.cell.fit.data for run in runs)
            keys = [styles[name].key(data_title(name), marker=False) for name in shown]
            found.append(Figure(panels, caption, Data(numbered(f"{stem}_{algorithm}", index), rows), keys, small=small))
    return found
