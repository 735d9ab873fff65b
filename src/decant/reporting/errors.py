"""Errors on the fixed test set beside the scores, and which of them predict the score."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import LogFormatter, NullFormatter

from decant.foundation.looks import Look, batches, looks, numbered
from decant.foundation.page import Cell, Data, Figure, Folded, Panel, Row, Section, Table
from decant.foundation.svg import panel
from decant.foundation.tables import number
from decant.reporting.cells import pair_title, score_shade
from decant.reporting.records import FitRecord, Results
from decant.reporting.scores import together, with_error
from decant.reporting.words import counted
from decant.scoring.predictors import ERRORS, Predictor, fixed_set_errors, predictors

SHOWN = (
    "force", "force, intermolecular", "force, intramolecular", "force, translational", "force, rotational",
    "force, vibrational", "energy, intermolecular", "energy less its mean error",
)  # fmt: skip


def judge(results: Results) -> list[Predictor]:
    """Return what each error on the fixed set says of the score; empty where no potential has both."""
    known = with_scores(results)
    return predictors([fit.errors for fit, _ in known], [score for _, score in known]) if known else []


def section(results: Results, judged: Sequence[Predictor]) -> Section:
    """Return the section.

    Parameters
    ----------
    results
        The study.
    judged
        What `judge` returns of it.
    """
    found = Section("errors", "Errors beside scores: what predicts")
    known = with_scores(results)
    if not known:
        found.blocks.append("No potential has both test errors and a score yet.")
        return found
    tables = [table for kind in ("force", "energy") if (table := _beside(results, kind)).head[3:]]
    scatters = [
        _scatter([(fit, score) for fit, score in known if fit.cell.algorithm in algorithms], judged, algorithms, index)
        for index, algorithms in enumerate(batches(list(dict.fromkeys(fit.cell.algorithm for fit, _ in known))))
    ]
    found.blocks.extend([_verdicts(judged), *scatters])
    if tables:
        title = f"Errors and score of every potential ({counted(len(tables[0].rows), 'row')})"
        found.blocks.append(Folded(title, tables))
    return found


def with_scores(results: Results) -> list[tuple[FitRecord, float]]:
    """Return the potentials with both test errors and scores, each with its score on the data's own liquids."""
    found = []
    for fit in results.fits:
        if fit.errors:
            done = together([run for run in results.runs if run.cell.fit == fit.cell and results.is_target(run)])
            if done:
                found.append((fit, done["score"]))
    return found


def _verdicts(judged: Sequence[Predictor]) -> Table:
    rows: list[list[Cell | str]] = []
    for one in judged:
        low, high = one.interval or (None, None)
        shown = "–" if low is None else f"{low:.2f} to {high:.2f}"
        rows.append(
            [one.error, one.unit.replace("A", "Å"), str(one.cells), _minus(number(one.correlation, digits=2)),
             _minus(shown), number(one.p_value, digits=2), Cell(one.verdict, kind="text")]
        )  # fmt: skip
    return Table(
        ["error", "unit", "potentials", "rank correlation", "95 % interval", "p", "verdict"],
        rows,
        "Spearman's rank correlation of each error with the score: −1 if a larger error always means a lower score. p: "
        "by permutation, corrected for the number of errors tried. Potentials of two algorithms may differ in both for "
        "a third reason.",
        Data("predictors", [{**one.summary(), "interval": shown_interval(one)} for one in judged]),
    )


def _minus(text: str) -> str:
    return text.replace("-", "−")


def shown_interval(one: Predictor) -> str:
    """Return the interval of a correlation as text."""
    return "" if one.interval is None else f"{one.interval[0]:.3f} to {one.interval[1]:.3f}"


def _scatter(
    known: Sequence[tuple[FitRecord, float]], judged: Sequence[Predictor], algorithms: Sequence[str], batch: int
) -> Figure:
    styles = looks(algorithms)
    verdicts = {one.error: one for one in judged}
    errors = [(fit, fixed_set_errors(fit.errors), score) for fit, score in known]
    panels = [_panel(name, errors, verdicts[name], styles) for name in SHOWN if name in verdicts]
    rows: list[Row] = [
        {"data": fit.cell.data, "algorithm": fit.cell.algorithm, "seed": fit.cell.seed, "score": score}
        | {f"{name} ({ERRORS[name][0]})": values.get(name) for name in verdicts}
        for fit, values, score in errors
    ]
    return Figure(
        panels,
        "Score of each potential over its error on the test set, which no fit has seen. An error predicts the score "
        "where points fall from upper left to lower right.",
        Data(numbered("errors", batch), rows),
        [styles[name].key(name, line=False) for name in algorithms],
    )


def _panel(
    name: str, errors: Sequence[tuple[FitRecord, dict[str, float], float]], verdict: Predictor, styles: dict[str, Look]
) -> Panel:
    def draw(axes: Axes) -> None:
        values = []
        for fit, known, score in errors:
            if name in known:
                look = styles[fit.cell.algorithm]
                axes.plot(known[name], score, look.marker, color=look.colour, markersize=5, alpha=0.8, mew=0)
                values.append(known[name])
        if min(values) > 0:
            axes.set_xscale("log")
            wide = max(values) / min(values) > 10
            axes.xaxis.set_major_formatter(LogFormatter(minor_thresholds=(2, 0.8)))
            axes.xaxis.set_minor_formatter(NullFormatter() if wide else LogFormatter(minor_thresholds=(2, 0.8)))
        axes.set(xlabel=f"RMSE ({verdict.unit.replace('A', 'Å')})", ylabel="score", ylim=(-0.02, 1.02))

    title = f"{name}: {verdict.verdict}"
    if verdict.correlation is not None:
        title += f" ({verdict.correlation:+.2f})".replace("-", "−")
    return panel(title, f"Score over the RMSE of {name} of {verdict.cells} potentials", draw)


def _beside(results: Results, kind: str) -> Table:
    """Return the errors in force or energy of every potential beside its score."""
    known = {name for fit in results.fits for name in fixed_set_errors(fit.errors)}
    names = [name for name in SHOWN if name in known and name.startswith(kind)]
    rows: list[list[Cell | str]] = []
    for fit in results.fits:
        if not fit.errors:
            continue
        done = together([run for run in results.runs if run.cell.fit == fit.cell and results.is_target(run)])
        score = Cell(with_error(done["score"], done["uncertainty"]), shade=score_shade(done["score"])) if done else "–"
        values = fixed_set_errors(fit.errors)
        rows.append(
            [pair_title((fit.cell.data, fit.cell.algorithm)), str(fit.cell.seed), score]
            + [number(values.get(name)) for name in names]
        )
    units = [f"{name} ({ERRORS[name][0].replace('A', 'Å')})" for name in names]
    return Table(
        ["data set · algorithm", "seed", "score", *units],
        rows,
        "Root mean square errors on the test set, which is the same for all; how far the seeds of a set differ is "
        "their uncertainty.",
        left=2,
    )
