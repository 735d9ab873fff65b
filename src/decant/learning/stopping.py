"""When active learning ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from decant.learning.settings import Stop


def reason_to_stop(stop: Stop, records: Sequence[dict[str, Any]]) -> str | None:
    """Return why the last generation collects no frames and is the last one, or None.

    Parameters
    ----------
    stop
        Goals and budgets.
    records
        Those of all generations; the last one has explored and not yet labelled. See `decant.learning.generation`.
    """
    last = records[-1]
    accurate = last["accurate"] / last["explored"] if last["explored"] else 0.0
    goals = []
    if stop.accurate is not None:
        goals.append((accurate >= stop.accurate, f"{accurate:.1%} of the frames are accurate"))
    if stop.stable is not None:
        shortest = min(last["stable_ps"])
        goals.append((shortest >= stop.stable, f"every state is stable for {shortest:g} ps"))
    if goals and all(reached for reached, _ in goals):
        return "goal: " + ", ".join(words for _, words in goals)
    if len(records) >= stop.generations:
        return f"budget: {stop.generations} generations"
    if stop.frames is not None and labelled(records) >= stop.frames:
        return f"budget: {stop.frames} frames are labelled"
    if stop.time is not None and (used := total_seconds(records)) >= stop.time:
        return f"budget: {used:.0f} s of {stop.time:.0f} s are used"
    if last["candidate"] == sum(last["rejected"].values()):
        return "no plausible candidate is left to label; change the thresholds, the states or the initial data"
    return None


def frames_left(stop: Stop, records: Sequence[dict[str, Any]], most: int) -> int:
    """Return how many frames the last generation may label: `most`, or what the budget leaves."""
    return most if stop.frames is None else min(most, stop.frames - labelled(records))


def labelled(records: Sequence[dict[str, Any]]) -> int:
    """Return the number of frames labelled in all generations."""
    return sum(record.get("labelled", 0) for record in records)


def total_seconds(records: Sequence[dict[str, Any]]) -> float:
    """Return the seconds of all steps of all generations."""
    return float(sum(sum(record["seconds"].values()) for record in records))
