"""One finding: a claim, whether the scores carry it, and the two sides that it compares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from decant.reporting.records import RunRecord
from decant.reporting.scores import is_sure, sign, signed
from decant.reporting.words import counted, listed

UNDECIDED = "not decided"


class Standing(IntEnum):
    """What the scores say of a claim; a group of claims is as sure as the least sure of them."""

    OPEN = 0
    LIKELY = 1
    DECIDED = 2


@dataclass(frozen=True)
class Finding:
    """A finding.

    Attributes
    ----------
    subject
        What it is about; findings of one subject that stand alike share a line.
    told
        What is said of it, with numbers.
    standing
        Whether the scores carry it.
    brief
        The same as a clause, which stands after "that", or after "whether" where it is not decided.
    sides
        The runs on both sides; None where it is no comparison.
    found
        What `decant.scoring.score.gain` says of the sides.
    """

    subject: str
    told: str
    standing: Standing
    brief: str
    sides: tuple[Sequence[RunRecord], Sequence[RunRecord]] | None = None
    found: Mapping[str, Any] | None = None


def standing(found: Mapping[str, Any] | None) -> Standing:
    """Return what a comparison decides."""
    if found is None:
        return Standing.OPEN
    if sign(found) == 0:
        return Standing.DECIDED if is_exactly_even(found) else Standing.OPEN
    return Standing.DECIDED if is_sure(found) else Standing.LIKELY


def is_exactly_even(found: Mapping[str, Any]) -> bool:
    """Say whether neither side ever differed."""
    return bool(found["gain"] == found["uncertainty"] == 0)


def claim(found: Mapping[str, Any] | None, better: str, worse: str) -> str:
    """Return what a comparison says, with its numbers.

    Parameters
    ----------
    found
        What `decant.scoring.score.gain` returns; None where nothing compares.
    better, worse
        Verbs for a gain and for a loss.
    """
    if found is None:
        return f"{UNDECIDED}, no scores to compare"
    size = signed(found["gain"], found["uncertainty"])
    if sign(found) == 0:
        return "no difference" if is_exactly_even(found) else f"{UNDECIDED} ({size})"
    return f"{'' if is_sure(found) else 'likely '}{better if sign(found) > 0 else worse} ({size})"


def lines(findings: Sequence[Finding]) -> list[str]:
    """Return findings as sentences, a line a subject."""
    subjects: dict[str, list[str]] = {}
    for one in findings:
        subjects.setdefault(one.subject, []).append(one.told)
    return [
        f"{subject}: {'; '.join(told)}." if subject else f"{'; '.join(told)}." for subject, told in subjects.items()
    ]


def shortly(findings: Sequence[Finding], most: int, before: str = "") -> str:
    """Return the first few findings as clauses in one sentence, and how many more there are."""
    told = [f"{before}{one.brief}" for one in findings[:most]]
    more = len(findings) - len(told)
    return listed([*told, *([f"{more} more"] if more else [])], "; ")


def summed(findings: Sequence[Finding]) -> str:
    """Return the number of findings in words."""
    return counted(len(findings), "finding")
