"""What the study cost: labels, training and molecular dynamics, in core-minutes."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.axes import Axes

from decant.foundation.page import Cell, Data, Figure, Key, Row, Section, Table
from decant.foundation.svg import panel
from decant.foundation.tables import number
from decant.reporting.cells import pair_title
from decant.reporting.records import FitRecord, Pair, Results, RunRecord
from decant.reporting.scores import together, with_error
from decant.study.cells import ZERO

SHADES = {"labels": "#0072B2", "collecting": "#009E73", "training": "#E69F00", "dynamics": "#999999"}
ROW, MARGIN = 0.27, 0.75
MINUTE = 60.0


@dataclass(frozen=True)
class Cost:
    """Core-minutes of a data set and an algorithm; None where they were not measured.

    Attributes
    ----------
    labels
        Of the frames of the data set.
    collecting
        Of active learning, besides its labels.
    training
        Of one fit, mean over seeds.
    dynamics
        Of one run, mean over all.
    """

    labels: float | None
    collecting: float | None
    training: float | None
    dynamics: float | None


def section(results: Results) -> Section:
    """Return the section."""
    found = Section("cost", "Cost")
    costs = {pair: cost_of(results, pair) for pair in results.pairs()}
    if all(value is None for cost in costs.values() for value in vars(cost).values()):
        found.blocks.append("Nothing tells yet what was spent.")
        return found

    def draw(axes: Axes) -> None:
        for place, cost in enumerate(costs.values()):
            left = 0.0
            for name, shade in SHADES.items():
                value = getattr(cost, name) or 0.0
                axes.barh(place, value, left=left, height=0.7, color=shade)
                left += value
        axes.set_yticks(range(len(costs)), [pair_title(pair) for pair in costs], fontsize=8)
        axes.set_ylim(len(costs) - 0.4, -0.6)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("core-minutes")

    rows: list[Row] = [
        {"data": pair[0], "algorithm": pair[1]} | {f"{name}_core_minutes": value for name, value in vars(cost).items()}
        for pair, cost in costs.items()
    ]
    picture = panel(
        "One potential and one run", "Core-minutes of labels, training and dynamics", draw, MARGIN + ROW * len(costs)
    )
    found.blocks.extend(
        [
            Figure(
                [picture],
                "What one potential of each data set and algorithm and one of its runs cost: the labels of its frames, "
                "what active learning spent besides, the mean training of a seed, the mean run.",
                Data("cost", rows),
                [Key(name, shade, marker="■") for name, shade in SHADES.items()],
            ),
            _table(results, costs),
            _total(results),
        ]
    )
    return found


def cost_of(results: Results, pair: Pair) -> Cost:
    """Return what a data set and an algorithm cost."""
    data, _ = pair
    record = results.sets.get(data)
    labels = None if record is None or record.core_seconds is None else record.core_seconds / MINUTE
    learned = _measured(results, "learn", data)
    collecting = max(learned - own_labels(results, data), 0.0) / MINUTE if learned else None
    training = [seconds for fit in results.fits_of(pair) if (seconds := fit_seconds(results, fit)) is not None]
    dynamics = [seconds for run in results.runs_of(pair) if (seconds := run_seconds(results, run)) is not None]
    means = [sum(values) / len(values) / MINUTE if values else None for values in (training, dynamics)]
    return Cost(labels, collecting, *means)


def fit_seconds(results: Results, fit: FitRecord) -> float | None:
    """Return the core-seconds of a training: as the workflow measured it, else as the fit noted."""
    if fit.cell.data == ZERO:
        return None
    noted = fit.record.get("last_session_s")
    return _measured(results, "fit", fit.cell.name) or (noted * results.study.cores if noted else None)


def run_seconds(results: Results, run: RunRecord) -> float | None:
    """Return the core-seconds of a simulation: as the workflow measured it, else from its speed and length."""
    speed, made = run.status.get("katom_step_per_s"), run.description
    noted = None
    if made and speed and run.status.get("state") == "completed":
        noted = made.end * made.atoms / (1000.0 * speed) * made.ranks
    return _measured(results, "simulate", run.cell.name) or noted


def _measured(results: Results, kind: str, cell: str) -> float | None:
    found = [job.core_seconds for job in results.jobs if job.kind == kind and job.cell == cell and job.core_seconds]
    return sum(found) or None


def _table(results: Results, costs: dict[Pair, Cost]) -> Table:
    rows: list[list[Cell | str]] = []
    for pair, cost in costs.items():
        done = together(results.runs_of(pair, results.is_target))
        score = with_error(done["score"], done["uncertainty"]) if done else "–"
        rows.append([pair_title(pair), score, *(number(value) for value in vars(cost).values())])
    return Table(
        ["data set · algorithm", "score", *(f"{name} (core-min)" for name in SHADES)],
        rows,
        "A dash: not measured, or not done yet. A wall time is one measurement; it has no uncertainty.",
    )


def _total(results: Results) -> str:
    """Say what the whole study took."""
    labels = sum(own_labels(results, name) for name in results.sets) + (results.test.core_seconds or 0.0)
    training = sum(fit_seconds(results, fit) or 0.0 for fit in results.fits)
    dynamics = sum(run_seconds(results, run) or 0.0 for run in results.runs)
    amounts = ((labels, "labels"), (training, "training"), (dynamics, "dynamics"))
    said = ", ".join(f"{seconds / MINUTE:.3g} for {name}" for seconds, name in amounts)
    return (
        f"In all, in core-minutes: {said}. Frames that several sets share count once; those of the test set count, too."
    )


def own_labels(results: Results, name: str) -> float:
    """Return the core-seconds of the labels that were made for a set, not taken from other sets."""
    data = results.study.data[name]
    if not data.makes_labels:
        return 0.0
    taken = sum(results.sets[other].core_seconds or 0.0 for other in data.needs)
    return max((results.sets[name].core_seconds or 0.0) - taken, 0.0)
