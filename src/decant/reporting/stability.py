"""Stability timelines: how far every run came, and what ended it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from decant.foundation.page import Data, Figure, Key, Listing, Panel, Row, Section
from decant.foundation.svg import panel
from decant.lammps.guards import MEANING
from decant.reporting.cells import pair_title
from decant.reporting.records import Results, RunRecord
from decant.scoring.lifetime import COMPLETED

WHOLE, CUT, EQUILIBRATION, END = "#8fb9d6", "#e2b382", "#dfe4e8", "#a33c00"
ROW, MARGIN = 0.21, 0.75
"""Height of a row and of what stands around them, inch."""
FINEST_PS = 6
"""Decimals of times in the table: differences of times have noise beyond, some 1e-17 where they are 0."""


@dataclass(frozen=True)
class Bar:
    """How far a run came.

    Attributes
    ----------
    begin_ps
        Where the equilibration begins; production begins at 0.
    reached_ps, asked_ps
        End of what was physical, and of what was asked for.
    ended_by
        ``completed``, or what ended it.
    """

    begin_ps: float
    reached_ps: float
    asked_ps: float
    ended_by: str

    @property
    def is_whole(self) -> bool:
        """Whether it lasted to its end."""
        return self.ended_by == COMPLETED


def section(results: Results) -> Section:
    """Return the section."""
    found = Section("stability", "Stability: how far each run came")
    panels: list[Panel] = []
    rows: list[Row] = []
    for name in results.study.simulations:
        bars = [(run, bar) for run in results.runs if run.cell.simulation == name and (bar := bar_of(run))]
        if bars:
            panels.append(_panel(name, results, bars))
            rows += [_row(run, bar) for run, bar in bars]
    if not panels:
        found.blocks.append("No run has begun yet.")
        return found
    found.blocks.append(
        Figure(
            panels,
            "Every run from its packed start: grey its equilibration, then production. A bar that ends at a cross was "
            "ended by what is written beside it: a guard of LAMMPS, a bond that broke, or the density leaving that of "
            "the liquid.",
            Data("stability", rows),
            [
                Key("lasted to its end", WHOLE, marker="■"),
                Key("ended early", CUT, marker="■"),
                Key("what ended it", END, marker="✖"),
            ],
        )
    )
    guards = sorted({str(run.status["guard"]) for run in results.runs if run.status.get("guard")})
    if guards:
        found.blocks.append(Listing([f"Guard {name}: {MEANING.get(name, 'of another version')}." for name in guards]))
    return found


def bar_of(run: RunRecord) -> Bar | None:
    """Return how far a run came, as its score has it where there is one; None if it has not begun or goes on."""
    state = run.status.get("state")
    if run.description is None or state not in ("completed", "stopped"):
        return None
    before, asked = run.description.equilibration_ps, run.description.production_ps
    life = run.score.get("parts", {}).get("stability", {})
    if life.get("physical_ps") is not None:
        return Bar(-before, life["physical_ps"] - before, asked, str(life["ended_by"]))
    if state == "stopped":
        return Bar(
            -before, run.description.stopped_ps(run.status) - before, asked, f"guard '{run.status.get('guard', '?')}'"
        )
    return Bar(-before, asked, asked, "completed")


def _row(run: RunRecord, bar: Bar) -> Row:
    return {
        "run": run.cell.name,
        "simulation": run.cell.simulation,
        "begin_ps": _rounded(bar.begin_ps),
        "reached_ps": _rounded(bar.reached_ps),
        "asked_ps": _rounded(bar.asked_ps),
        "ended_by": bar.ended_by,
    }


def _rounded(time_ps: float) -> float:
    return round(time_ps, FINEST_PS) + 0.0  # which makes 0 of -0


def _name(run: RunRecord, results: Results) -> str:
    """Return the name of a run on the axis: what is the same for all is left out."""
    fit, one = run.cell.fit, results.study.simulations[run.cell.simulation]
    text = f"{pair_title((fit.data, fit.algorithm))} {fit.seed}"
    text += f".{run.cell.replica}" if results.study.replicas(fit.algorithm, run.cell.simulation) > 1 else ""
    return text + (f" {run.cell.temperature:g} K" if len(one.temperature) > 1 else "")


def _panel(name: str, results: Results, bars: Sequence[tuple[RunRecord, Bar]]) -> Panel:
    def draw(axes: Axes) -> None:
        for place, (_, bar) in enumerate(bars):
            settled = min(bar.reached_ps, 0.0)
            axes.barh(place, settled - bar.begin_ps, left=bar.begin_ps, height=0.7, color=EQUILIBRATION)
            axes.barh(place, max(bar.reached_ps, 0.0), height=0.7, color=WHOLE if bar.is_whole else CUT)
            if not bar.is_whole:
                _mark(axes, place, bar)
        axes.set_yticks(range(len(bars)), [_name(run, results) for run, _ in bars], fontsize=8)
        axes.set_ylim(len(bars) - 0.4, -0.6)
        axes.set_xlim(min(bar.begin_ps for _, bar in bars), max(bar.asked_ps for _, bar in bars))
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("time (ps); production begins at 0")

    whole = sum(bar.is_whole for _, bar in bars)
    title = f"{name} ({results.study.simulations[name].liquid}): {whole} of {len(bars)} lasted"
    own = (run.failure for run in results.runs if run.cell.simulation == name)
    refused = [failure for failure in own if failure and failure.is_refusal]
    if refused:
        title += f", {len(refused)} refused"
    told = "; ".join(f"{_name(run, results)}: {bar.ended_by} at {bar.reached_ps:.3g} ps" for run, bar in bars)
    return panel(title, told, draw, MARGIN + ROW * len(bars))


def _mark(axes: Axes, place: int, bar: Bar) -> None:
    """Mark the end of a run and say what it was, on the side where there is room."""
    axes.plot(bar.reached_ps, place, marker="X", color=END, markersize=6, markeredgewidth=0, clip_on=False, zorder=4)
    text = bar.ended_by.split(",")[0].replace("the density left that of the liquid", "density left the liquid's")
    is_late = bar.reached_ps > bar.begin_ps + 0.55 * (bar.asked_ps - bar.begin_ps)
    axes.annotate(
        text, (bar.reached_ps, place), (-6 if is_late else 6, 0), textcoords="offset points", va="center",
        ha="right" if is_late else "left", fontsize=8, color=END,
    )  # fmt: skip
