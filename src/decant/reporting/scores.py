"""Scores of groups of runs, by `decant.scoring.score`: what a group reaches, and gains over another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from decant.foundation.tables import number
from decant.reporting.records import RunRecord
from decant.scoring.metric import is_scored, known_parts
from decant.scoring.score import combine, gain

SIGNS = {"gain": 1, "likely gain": 1, "loss": -1, "likely loss": -1}
"""Verdicts of `decant.scoring.score.gain` that say which side is ahead; the others leave it open."""
FINEST = 0.001
"""Smallest uncertainty of a score that is written out."""


def scored(runs: Sequence[RunRecord], part: str | None = None) -> list[dict[str, Any]]:
    """Return the scores of those runs that have one, each with its potential as what is independent.

    Parameters
    ----------
    runs
        Of one data set and algorithm, or of several, whose potentials then count alike.
    part
        Of the runs that have this part; None of those that have a score.
    """
    several = len({(run.cell.fit.data, run.cell.fit.algorithm) for run in runs}) > 1
    return [
        {**run.score, "seed": run.cell.fit.name if several else run.cell.fit.seed}
        for run in runs
        if has_score(run, part)
    ]


def has_score(run: RunRecord, part: str | None = None) -> bool:
    """Return whether a run has a score, or a part of one."""
    if not run.score:
        return False
    return is_scored(run.score["parts"]) if part is None else part in known_parts(run.score["parts"])


def comparable(
    runs: Sequence[RunRecord], baseline: Sequence[RunRecord], part: str | None = None
) -> tuple[list[RunRecord], list[RunRecord]]:
    """Return the runs of two sides at the liquids and temperatures of which both have scores, or that part of them."""
    sides = [[run for run in side if has_score(run, part)] for side in (runs, baseline)]
    shared = set.intersection(*({run.condition for run in side} for side in sides))
    one, other = ([run for run in side if run.condition in shared] for side in sides)
    return one, other


def together(runs: Sequence[RunRecord], part: str | None = None) -> dict[str, Any] | None:
    """Return what `decant.scoring.score.combine` makes of the scores of some runs; None if none has a score."""
    scores = scored(runs, part)
    return combine(scores, [part] if part else None) if scores else None


def gained(
    runs: Sequence[RunRecord], baseline: Sequence[RunRecord], part: str | None = None, same: bool = True
) -> dict[str, Any] | None:
    """Return what `decant.scoring.score.gain` says of runs held against others; None where nothing compares.

    Parameters
    ----------
    runs, baseline
        The two sides.
    part
        Compare this part alone; None for the score.
    same
        Compare over the liquids and temperatures that both sides have scores of.
    """
    if same:
        runs, baseline = comparable(runs, baseline, part)
    sides = scored(runs, part), scored(baseline, part)
    return gain(*sides, [part] if part else None) if all(sides) else None


def sign(gained: Mapping[str, Any] | None) -> int:
    """Return 1 for a gain, -1 for a loss, 0 where it is not decided."""
    return SIGNS.get(gained["verdict"], 0) if gained else 0


def is_sure(gained: Mapping[str, Any]) -> bool:
    """Say whether the 95 % interval leaves out zero."""
    return gained["verdict"] in ("gain", "loss")


def with_error(value: float | None, uncertainty: float | None) -> str:
    """Format a score: with no more than three decimals, which is more than it can mean."""
    if value is not None and uncertainty and uncertainty < FINEST:
        return f"{value:.3f} ± <{FINEST:g}"
    return number(value, uncertainty, 2)


def signed(value: float, uncertainty: float | None) -> str:
    """Format a difference with its sign."""
    return f"{'−' if value < 0 else '+'}{with_error(abs(value), uncertainty)}"
