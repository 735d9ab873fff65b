"""Cells of tables as they come again: a score as a shade, a gain, a failure with its reason, nothing yet."""

from __future__ import annotations

from collections.abc import Sequence

from decant.foundation.page import Cell, Notes
from decant.reporting.records import Pair, RunRecord
from decant.reporting.scores import gained, signed, together, with_error
from decant.study.cells import ZERO
from decant.workflow.outcome import Failure

LOW, HIGH = (0xF5, 0xF8, 0xFB), (0x6A, 0xAB, 0xD8)
LOSS, EVEN, GAIN = (0xE9, 0xA4, 0x66), (0xFF, 0xFF, 0xFF), (0x6A, 0xAB, 0xD8)
"""Shades whose order shows to the colour-blind and in grey, and on which black letters stand out."""
FULL_GAIN = 0.5
"""Gain in score that has the full colour."""
LONGEST = 70


def data_title(data: str) -> str:
    """Return the name of a data set for people."""
    return "no data (as it is)" if data == ZERO else data


def pair_title(pair: Pair) -> str:
    """Return the name of a data set and an algorithm for people."""
    data, algorithm = pair
    return f"{algorithm}, as it is" if data == ZERO else f"{data} · {algorithm}"


def _mix(low: Sequence[int], high: Sequence[int], share: float) -> str:
    share = min(max(share, 0.0), 1.0)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(low, high, strict=True))


def score_shade(score: float) -> str:
    """Return the shade of a score from 0 to 1."""
    return _mix(LOW, HIGH, score)


def short(reason: str) -> str:
    """Return a reason cut to what a cell holds."""
    return reason if len(reason) <= LONGEST else f"{reason[: LONGEST - 1]}…"


def outcome(failure: Failure) -> str:
    """Return what a failure is called."""
    return "refused" if failure.is_refusal else "failed"


def score_cell(runs: Sequence[RunRecord], notes: Notes) -> Cell:
    """Return the cell of the score of some runs, or of why there is none; long reasons go to the notes."""
    if not runs:
        return Cell("", kind="text")
    done = together(runs)
    failures = [run.failure for run in runs if run.failure]
    if done is None:
        if failures:
            return Cell(f"{outcome(failures[0])} {notes.mark(failures[0].reason)}", kind="failed")
        if held := together(runs, "stability"):
            return Cell("not scored", f"stability {with_error(held['score'], held['uncertainty'])}", kind="text")
        is_reference = all(run.observables and not run.compared for run in runs)
        return Cell("the reference" if is_reference else "not run yet", kind="text")
    # a dash and three states of a cell would be noise where every run has its score
    missing = len(runs) - done["runs"]
    small = f"{done['runs']} of {len(runs)} runs" if missing else ""
    if failures:
        small += f"; {outcome(failures[0])} {notes.mark(failures[0].reason)}"
    return Cell(with_error(done["score"], done["uncertainty"]), small, score_shade(done["score"]))


def gain_cell(runs: Sequence[RunRecord], baseline: Sequence[RunRecord]) -> Cell:
    """Return the cell of what some runs gain over others."""
    found = gained(runs, baseline)
    if found is None:
        return Cell("–", "no scores to compare")
    share = found["gain"] / FULL_GAIN
    shade = _mix(EVEN, GAIN if share > 0 else LOSS, abs(share))
    return Cell(signed(found["gain"], found["uncertainty"]), found["verdict"], shade)
