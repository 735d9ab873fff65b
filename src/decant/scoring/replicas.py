"""Scores of seeds and replicas together, and what one data set gains over another, with small-sample care."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from decant.foundation.errors import InputError
from decant.scoring.lifetime import COMPLETED
from decant.scoring.metric import NEEDED, PARTS, common_parts, interval, is_scored, total
from decant.scoring.quantity import Quantity

ONE_SIGMA, CERTAIN = 0.6827, 0.95


def quantile(confidence: float, freedom: int) -> float:
    """Return Student's t that encloses `confidence` on both sides, for some degrees of freedom."""
    from scipy.stats import t

    return float(t.ppf(0.5 + confidence / 2.0, freedom))


def pooled(quantities: Sequence[Quantity]) -> Quantity:
    """Return the mean of independent quantities and its uncertainty.

    The uncertainty is half the width of the 68 % confidence interval of Student's t: 1.84 standard errors for two,
    1.32 for three. It is not less than what the uncertainties of the quantities themselves give, nor known for one
    quantity without.
    """
    values = np.array([one.value for one in quantities])
    known = [one.uncertainty for one in quantities if one.uncertainty is not None]
    own = float(np.linalg.norm(known)) / len(values) if known else None
    if len(values) == 1:
        return Quantity(float(values[0]), own)
    spread = quantile(ONE_SIGMA, len(values) - 1) * float(values.std(ddof=1)) / np.sqrt(len(values)).item()
    return Quantity(float(values.mean()), max(spread, own or 0.0))


def combine(scores: Sequence[Mapping[str, Any]], over: Sequence[str] | None = None) -> dict[str, Any]:
    """Combine the scores of a cell: of several seeds of the fit and replicas of the run.

    Parameters
    ----------
    scores
        Contents of ``score.yaml``, in any order, to each of which the key ``seed`` may have been added: the seed of
        the fit. Replicas of one seed share a fit; they count as one independent value.
    over
        Parts that count; None for those that every score has, with the density among them.

    Returns
    -------
    dict
        ``score``, ``uncertainty`` (None for one run without), ``interval``; ``runs``, ``seeds`` (None if not known);
        ``over`` and ``complete``; ``parts``, each with ``value``, ``uncertainty`` and ``runs`` that have it;
        ``lasted``: how many runs were physical to their end, with the 68 % Wilson interval of that share; ``notes``.

    Raises
    ------
    InputError
        If there is no score, or a part in `over`, or without it the density, is missing in one.
    """
    from scipy.stats import binomtest

    _require_scores(scores)
    counted = _counted(scores, over)
    together = pooled(list(_independent(scores, _over(counted)).values()))
    lasted = sum(score["parts"]["stability"]["ended_by"] == COMPLETED for score in scores)
    wilson = binomtest(lasted, len(scores)).proportion_ci(ONE_SIGMA, method="wilson")
    seeds = {score.get("seed") for score in scores}
    return {
        "score": together.value,
        "uncertainty": together.uncertainty,
        "interval": interval(together),
        "runs": len(scores),
        "seeds": None if None in seeds else len(seeds),
        "over": list(counted),
        "complete": set(counted) == set(PARTS),
        "parts": {name: _combine_part(scores, name) for name in PARTS},
        "lasted": {"runs": lasted, "share": lasted / len(scores), "interval": [float(wilson.low), float(wilson.high)]},
        "notes": _notes(scores, counted),
    }


def gain(
    cell: Sequence[Mapping[str, Any]], baseline: Sequence[Mapping[str, Any]], over: Sequence[str] | None = None
) -> dict[str, Any]:
    """Return what a cell gains in score over a baseline: another data set with the same algorithm.

    Both are compared over the parts that all their scores have. Where at least two seeds are in both, the differences
    by seed count, which takes off what a seed does to both; otherwise the difference of the means.

    Parameters
    ----------
    cell, baseline, over
        As for `combine`.

    Returns
    -------
    dict
        ``gain`` (negative: loss), ``uncertainty`` (one standard error, as in `pooled`; None if not known),
        ``interval`` (95 % confidence; None where a side has one independent value); ``paired``; ``over``; ``parts``:
        gain and uncertainty of each part that all have; ``verdict``: gain or loss (the interval leaves out 0), likely
        gain or loss (beyond one standard error), no difference seen, or not enough runs; ``notes``.

    Raises
    ------
    InputError
        As for `combine`.
    """
    _require_scores(cell)
    _require_scores(baseline)
    both = [*cell, *baseline]
    over = _counted(both, over)
    difference, freedom, paired = _difference(_independent(cell, _over(over)), _independent(baseline, _over(over)))
    wide = None
    if freedom > 0 and difference.uncertainty is not None:
        half = difference.uncertainty * quantile(CERTAIN, freedom) / quantile(ONE_SIGMA, freedom)
        wide = [max(difference.value - half, -1.0), min(difference.value + half, 1.0)]
    parts = {}
    for name in over:
        one, _, _ = _difference(_independent(cell, _part(name)), _independent(baseline, _part(name)))
        parts[name] = {"gain": one.value, "uncertainty": one.uncertainty}
    return {
        "gain": difference.value,
        "uncertainty": difference.uncertainty,
        "interval": wide,
        "paired": paired,
        "over": list(over),
        "parts": parts,
        "verdict": _verdict(difference, wide),
        "notes": list(dict.fromkeys([*_notes(cell, over), *_notes(baseline, over), *_lengths(both)])),
    }


def _require_scores(scores: Sequence[Mapping[str, Any]]) -> None:
    if not scores:
        raise InputError("no score to combine; a cell needs at least one run with a score.yaml")


def _counted(scores: Sequence[Mapping[str, Any]], over: Sequence[str] | None) -> tuple[str, ...]:
    """Return the parts that count."""
    if over is not None:
        return tuple(over)
    if not all(is_scored(score["parts"]) for score in scores):
        raise InputError(
            f"no score without a {NEEDED}, which not every run has; name the parts that shall count: `over`"
        )
    return common_parts(scores)


def _over(parts: Sequence[str]) -> Callable[[Mapping[str, Any]], Quantity]:
    """Return a reader of the score over some parts."""
    return lambda score: total(score["parts"], parts)


def _part(name: str) -> Callable[[Mapping[str, Any]], Quantity]:
    """Return a reader of one part."""
    return lambda score: Quantity(score["parts"][name]["value"], score["parts"][name]["uncertainty"])


def _independent(
    scores: Sequence[Mapping[str, Any]], read: Callable[[Mapping[str, Any]], Quantity]
) -> dict[Hashable, Quantity]:
    """Return one quantity a seed, or one a run where all runs share a seed or none is known."""
    seeds = [score.get("seed") for score in scores]
    by_seed = None not in seeds and (len(set(seeds)) > 1 or len(seeds) == 1)
    groups: dict[Hashable, list[Quantity]] = defaultdict(list)
    for number, score in enumerate(scores):
        groups[seeds[number] if by_seed else ("run", number)].append(read(score))
    return {key: _mean_of_replicas(members) for key, members in groups.items()}


def _mean_of_replicas(members: Sequence[Quantity]) -> Quantity:
    """Return the mean within a seed with its own uncertainty; the spread of fits is seen between seeds."""
    known = [one.uncertainty for one in members if one.uncertainty is not None]
    value = float(np.mean([one.value for one in members]))
    return Quantity(value, float(np.linalg.norm(known)) / len(members) if known else None)


def _combine_part(scores: Sequence[Mapping[str, Any]], name: str) -> dict[str, Any]:
    """Return the mean of a part over the scores that have it."""
    known = [score for score in scores if score["parts"][name]["value"] is not None]
    if not known:
        return {"value": None, "uncertainty": None, "runs": 0}
    together = pooled(list(_independent(known, _part(name)).values()))
    return {"value": together.value, "uncertainty": together.uncertainty, "runs": len(known)}


def _difference(cell: Mapping[Hashable, Quantity], baseline: Mapping[Hashable, Quantity]) -> tuple[Quantity, int, bool]:
    """Return cell less baseline, the degrees of freedom of its uncertainty, and whether it was paired by seed."""
    shared = [key for key in cell if key in baseline and not isinstance(key, tuple)]
    if len(shared) >= 2:
        pairs = [_less(cell[key], baseline[key]) for key in shared]
        return pooled(pairs), len(pairs) - 1, True
    sides = [pooled(list(side.values())) for side in (cell, baseline)]
    # the smaller side's: no more than Welch's degrees of freedom
    return _less(*sides), min(len(cell), len(baseline)) - 1, False


def _less(one: Quantity, other: Quantity) -> Quantity:
    known = [side.uncertainty for side in (one, other) if side.uncertainty is not None]
    return Quantity(one.value - other.value, float(np.linalg.norm(known)) if known else None)


def _verdict(difference: Quantity, wide: Sequence[float] | None) -> str:
    if wide is None or difference.uncertainty is None:
        return "not enough runs"
    word = "gain" if difference.value > 0 else "loss"
    if wide[0] > 0 or wide[1] < 0:
        return word
    return f"likely {word}" if abs(difference.value) > difference.uncertainty else "no difference seen"


def _notes(scores: Sequence[Mapping[str, Any]], over: Sequence[str]) -> list[str]:
    """Return what a reader must know before trusting the numbers."""
    notes = []
    if missing := [name for name in PARTS if name not in over]:
        notes.append(f"without {' and '.join(missing)}, which not every run has")
    seeds = {score.get("seed") for score in scores}
    if len(scores) == 1:
        notes.append("one run: the spread of fits and of runs is not in the uncertainty")
    elif len(seeds) == 1 and None not in seeds:
        notes.append("one seed: the spread of fits is not in the uncertainty")
    return notes + _lengths(scores)


def _lengths(scores: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say so if the runs were asked to last differently long."""
    asked = sorted({round(score["parts"]["stability"]["asked_ps"], 6) for score in scores})
    if len(asked) == 1:
        return []
    return [f"the runs were asked to last {asked[0]:g} to {asked[-1]:g} ps; stability compares at one length only"]
