"""Learning curves: score and force error over the number of frames, from scratch and from pretrained models."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from decant.foundation.looks import Look, batches, looks, numbered
from decant.foundation.page import Cell, Data, Figure, Notes, Panel, Row, Section, Table
from decant.foundation.svg import panel
from decant.foundation.tables import number
from decant.reporting.cells import gain_cell, score_cell
from decant.reporting.records import FitRecord, Results
from decant.reporting.scores import together
from decant.scoring.predictors import fixed_set_errors
from decant.scoring.quantity import Quantity
from decant.scoring.replicas import pooled
from decant.study.cells import ZERO

Point = tuple[float, float, float | None]
"""Training frames, a value, and its uncertainty."""
Measure = Callable[[Results, str, str], tuple[float, float | None] | None]


def section(results: Results) -> Section:
    """Return the section."""
    found = Section("learning", "Learning curves and pretrained models")
    curves = families(results)
    if not curves:
        found.blocks.append("The study has no data sets that are parts of each other, so no learning curve.")
    for whole, members in curves.items():
        for index, algorithms in enumerate(batches(list(results.study.algorithms))):
            figure = _figure(results, whole, numbered(whole, index), members, algorithms)
            if figure:
                found.blocks.append(figure)
    if any(choice.pretrained for choice in results.study.algorithms.values()):
        found.blocks.append(_pretrained(results))
    return found


def families(results: Results) -> dict[str, list[str]]:
    """Return each data set that has parts, and the fitted sets that its learning curve runs over."""
    found: dict[str, list[str]] = {}
    fitted = results.data_names()
    for name, data in results.study.data.items():
        if data.whole is not None and name in fitted:
            found.setdefault(data.whole, [data.whole] if data.whole in fitted else []).append(name)
    return found


def force_error(fit: FitRecord) -> float | None:
    """Return the force error that says most of a liquid: between molecules where it is known, else in all; meV/A."""
    known = fixed_set_errors(fit.errors)
    return known.get("force, intermolecular", known.get("force"))


def _score(results: Results, data: str, algorithm: str) -> tuple[float, float | None] | None:
    done = together(results.runs_of((data, algorithm), results.is_target))
    return (done["score"], done["uncertainty"]) if done else None


def _error(results: Results, data: str, algorithm: str) -> tuple[float, float | None] | None:
    values = [one for fit in results.fits_of((data, algorithm)) if (one := force_error(fit)) is not None]
    if not values:
        return None
    error = pooled([Quantity(value) for value in values])
    return error.value, error.uncertainty


def frames_of(results: Results, data: str, algorithm: str) -> int | None:
    """Return the number of training frames of a potential."""
    counts = [fit.train_frames for fit in results.fits_of((data, algorithm)) if fit.train_frames]
    return counts[0] if counts else results.sets[data].frames


def _curve(results: Results, members: Sequence[str], algorithm: str, measure: Measure) -> list[Point]:
    points = []
    for data in members:
        found, frames = measure(results, data, algorithm), frames_of(results, data, algorithm)
        if found is not None and frames:
            points.append((float(frames), *found))
    return sorted(points)


def _figure(
    results: Results, whole: str, file: str, members: Sequence[str], algorithms: Sequence[str]
) -> Figure | None:
    styles = looks(algorithms)
    measures: dict[str, tuple[str, Measure]] = {
        "score": ("score", _score),
        "force_rmse_meV_per_A": ("force RMSE (meV/Å)", _error),
    }
    rows: list[Row] = []
    panels: list[Panel] = []
    shown: dict[str, None] = {}
    for name, (label, measure) in measures.items():
        curves = {algorithm: _curve(results, members, algorithm, measure) for algorithm in styles}
        curves = {algorithm: points for algorithm, points in curves.items() if points}
        flat = {name: value for name in styles if (value := measure(results, ZERO, name)) is not None}
        if not curves:
            continue
        shown |= dict.fromkeys([*curves, *flat])
        level: dict[str, list[Point]] = {one: [(0, *value)] for one, value in flat.items()}
        rows += [
            {"algorithm": one, "train_frames": frames, "quantity": name, "value": value, "uncertainty": error}
            for one, points in [*curves.items(), *level.items()]
            for frames, value, error in points
        ]
        panels.append(_panel(f"{whole}: {label.split(' (')[0]}", label, curves, flat, styles))
    if not panels:
        return None
    return Figure(
        panels,
        f"Parts of {whole}: how score and force error (between molecules where it is known) change with the number of "
        "training frames. Bands: one standard error over seeds. Level lines: a pretrained model as it is.",
        Data(f"learning_{file}", rows),
        [styles[name].key(name) for name in shown],
    )


def _panel(
    title: str,
    label: str,
    curves: Mapping[str, Sequence[Point]],
    flat: Mapping[str, tuple[float, float | None]],
    styles: Mapping[str, Look],
) -> Panel:
    def draw(axes: Axes) -> None:
        for name, points in curves.items():
            frames, values, errors = (np.array(column, dtype=float) for column in zip(*points, strict=True))
            look, spread = styles[name], np.nan_to_num(errors)
            axes.fill_between(frames, values - spread, values + spread, color=look.colour, alpha=0.18, lw=0)
            axes.plot(frames, values, color=look.colour, linestyle=look.line, marker=look.marker, markersize=5)
        for name, (value, error) in flat.items():
            look = styles[name]
            axes.axhline(value, color=look.colour, linestyle=look.line, linewidth=1.2)
            if error:
                axes.axhspan(value - error, value + error, color=look.colour, alpha=0.1, lw=0)
        _count_axis(axes, sorted({point[0] for points in curves.values() for point in points}))
        axes.set_ylabel(label)
        if label == "score":
            axes.set_ylim(0, 1.02)
        else:
            axes.set_ylim(bottom=0)

    told = [f"{name} from {points[0][1]:.3g} to {points[-1][1]:.3g}" for name, points in curves.items()]
    return panel(title, f"{label} over training frames: {'; '.join(told)}", draw)


def _count_axis(axes: Axes, counts: Sequence[float]) -> None:
    """Make the x axis one of numbers of frames, on a logarithmic scale."""
    from matplotlib.ticker import NullLocator

    axes.set_xscale("log")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(counts, [f"{count:g}" for count in counts])
    axes.set_xlim(counts[0] / 1.2, counts[-1] * 1.2)
    axes.set_xlabel("training frames")


def scratch_of(results: Results, algorithm: str, data: str) -> str | None:
    """Return the algorithm that trains the same kind of potential from scratch on a data set."""
    kind = results.study.algorithms[algorithm].algorithm
    for name, choice in results.study.algorithms.items():
        if choice.pretrained is None and choice.algorithm == kind and (data, name) in results.pairs():
            return name
    return None


def zero_shot_of(results: Results, algorithm: str) -> str | None:
    """Return the algorithm that takes the same pretrained model as it is."""
    origin = results.study.algorithms[algorithm].pretrained
    for name, choice in results.study.algorithms.items():
        if choice.strategy == "zero-shot" and choice.pretrained == origin:
            return name
    return None


def _pretrained(results: Results) -> Table:
    """Return fine-tuned models beside the pretrained ones as they are and potentials from scratch."""
    rows: list[list[Cell | str]] = []
    data_rows: list[Row] = []
    notes = Notes()
    for algorithm, choice in results.study.algorithms.items():
        if choice.pretrained is None or choice.strategy == "zero-shot":
            continue
        others = {"as it is": (ZERO, zero_shot_of(results, algorithm))}
        for data in results.data_names():
            pair = (data, algorithm)
            if pair not in results.pairs():
                continue
            others["from scratch"] = (data, scratch_of(results, algorithm, data))
            tuned = results.runs_of(pair, results.is_target)
            sides = [results.runs_of((d, a), results.is_target) if a else [] for d, a in others.values()]
            frames = frames_of(results, data, algorithm)
            rows.append(
                [
                    f"{algorithm} ({choice.strategy})",
                    data,
                    number(frames, digits=6),
                    score_cell(tuned, notes),
                    *(score_cell(side, notes) for side in sides),
                    *(gain_cell(tuned, side) for side in sides),
                ]
            )
            done = [together(runs) or {} for runs in (tuned, *sides)]
            data_rows.append(
                {"algorithm": algorithm, "strategy": choice.strategy, "data": data, "train_frames": frames}
                | {
                    f"{name}{end}": one.get(key)
                    for name, one in zip(("fine_tuned", "zero_shot", "scratch"), done, strict=True)
                    for end, key in (("", "score"), ("_uncertainty", "uncertainty"))
                }
            )
    return Table(
        [
            "pretrained", "data set", "frames", "fine-tuned", "as it is", "from scratch",
            "fine-tuned over as it is", "fine-tuned over from scratch",
        ],
        rows,
        "Scores on the liquids that the data are about: a pretrained model fine-tuned to a set, the same model as it "
        "is, and a potential of the same algorithm trained from scratch on the same set.",
        Data("pretrained", data_rows),
        left=2,
        notes=notes.texts,
    )  # fmt: skip
