"""What to do next: what failed or is missing, what more seeds would decide, what the next data would cost."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from decant.foundation.page import Listing, Section
from decant.foundation.tables import number
from decant.reporting.cells import pair_title, short
from decant.reporting.cost import cost_of, own_labels
from decant.reporting.finding import Finding, Standing
from decant.reporting.records import Pair, Results, RunRecord, unfinished
from decant.reporting.scores import comparable, gained, sign, signed
from decant.reporting.transfer import compared
from decant.reporting.words import counted, listed, quoted, shortened
from decant.scoring.lifetime import COMPLETED, kind_of_end
from decant.scoring.replicas import CERTAIN, ONE_SIGMA, quantile
from decant.study.cells import ZERO

MOST_FINDINGS = 4
MOST_SEEDS = 20
"""Where more seeds than these would be needed, the difference is not worth them."""
MINUTE = 60.0


def section(results: Results, findings: Sequence[Finding]) -> Section:
    """Return the section.

    Parameters
    ----------
    results
        The study.
    findings
        What `decant.reporting.findings.find_all` returns of it.
    """
    steps = [
        *_failed(results), *_missing(results), *_refused(results), *_without_reference(results), *_too_short(results),
        *_broken(results), *_seeds(results, findings), *_data(results),
    ]  # fmt: skip
    nothing = "Nothing is left: every run has its score, and every comparison is decided."
    return Section("next", "What to do next", [Listing(steps)] if steps else [nothing])


def _failed(results: Results) -> list[str]:
    failed = [job for job in results.jobs if job.failure and not job.failure.is_refusal]
    if not failed:
        return []
    reasons = Counter(short(job.reason) for job in failed)
    told = "; ".join(f"{reason} ({count})" for reason, count in reasons.most_common(3))
    names = shortened([job.name for job in failed], 3)
    return [
        f"Repeat {counted(len(failed), 'failed job')}, {names}, once the reason is mended: {told}. decant run does."
    ]


def _missing(results: Results) -> list[str]:
    left = len(list(unfinished(results)))
    bare = [name for name in results.study.data if results.sets[name].frames is None]
    if not left:
        return []
    labels = f", and first the labels of {shortened([quoted(name) for name in bare])}" if bare else ""
    return [f"Finish {counted(left, 'run')} without a score yet{labels}: decant run goes on where it ended."]


def _refused(results: Results) -> list[str]:
    refused = [run for run in results.runs if run.failure and run.failure.is_refusal]
    if not refused:
        return []
    names = listed(list(dict.fromkeys(run.cell.simulation for run in refused)))
    return [
        f"{names}: {counted(len(refused), 'run')} refused for an element that their data do not hold. Add "
        "molecules with it to the data, or take the liquid out of the study."
    ]


def _without_reference(results: Results) -> list[str]:
    """Name the liquids whose density or diffusion has nothing to be held against."""
    steps = []
    losses = {"density": "without it a run has no score", "diffusion": "without it a score leaves diffusion out"}
    for part, loss in losses.items():
        runs = [run for run in results.runs if _unknown(run, part).startswith("no reference")]
        if runs:
            names = dict.fromkeys(f"{run.cell.simulation} at {run.cell.temperature:g} K" for run in runs)
            steps.append(
                f"Find a reference for the {part} of {shortened(list(names))} ({counted(len(runs), 'run')}; {loss}): "
                "values with their source, or runs at the reference level (reference in the study file)."
            )
    return steps


def _too_short(results: Results) -> list[str]:
    """Name the liquids whose runs held, but were too short for what a score needs."""
    runs: dict[str, list[str]] = {}
    for run in results.runs:
        lasted = run.score and run.score["parts"]["stability"]["ended_by"] == COMPLETED
        parts = [
            part
            for part in ("density", "diffusion")
            if lasted and (reason := _unknown(run, part)) and not reason.startswith("no reference")
        ]
        if parts:
            runs.setdefault(f"{' and '.join(parts)} of {run.cell.simulation}", []).append(run.cell.name)
    return [
        f"Prolong runs: the {what} is unknown in {counted(len(own), 'run')} that held." for what, own in runs.items()
    ]


def _unknown(run: RunRecord, part: str) -> str:
    """Return why a part of a score is not known; empty if it is, or if there is no score file."""
    found = run.score.get("parts", {}).get(part, {})
    return "" if found.get("value") is not None else str(found.get("not_available", ""))


def _broken(results: Results) -> list[str]:
    """Name the potentials of which no run of the data's own liquids held: more seeds of those tell nothing new."""
    broken = []
    for pair in results.pairs():
        ends = [
            kind_of_end(run.score["parts"]["stability"]["ended_by"])
            for run in results.runs_of(pair, results.is_target)
            if run.score
        ]
        if ends and COMPLETED not in ends:
            broken.append(f"{pair_title(pair)} ({len(ends)} of {len(ends)}, {Counter(ends).most_common(1)[0][0]})")
    if not broken:
        return []
    return [f"Train longer, or on more data, before anything else: every run broke of {shortened(broken)}."]


def seeds_needed(finding: Finding) -> int | None:
    """Return about how many more seeds would decide a comparison; 0 for more than `MOST_SEEDS`.

    The difference and the spread between potentials are taken to stay as they are: the 95 % interval of Student's t
    then narrows with their number.

    Returns
    -------
    int or None
        None where a side has one potential, so that the spread is not known, or nothing compares.
    """
    if finding.sides is None or finding.found is None or not finding.found["uncertainty"]:
        return None
    fits = [{run.cell.fit for run in side} for side in comparable(*finding.sides)]
    known, size = min(map(len, fits)), abs(finding.found["gain"])
    if known < 2:
        return None
    each = max(len({(fit.data, fit.algorithm) for fit in side}) for side in fits)
    spread = finding.found["uncertainty"] * math.sqrt(known) / quantile(ONE_SIGMA, known - 1)
    for more in range(1, MOST_SEEDS + 1):
        count = known + more * each
        if quantile(CERTAIN, count - 1) * spread / math.sqrt(count) < size:
            return more
    return 0


def _seeds(results: Results, findings: Sequence[Finding]) -> list[str]:
    """Say how many seeds would decide what is not decided, the cheapest first."""
    undecided = [one for one in findings if one.standing is not Standing.DECIDED and one.sides]
    needed = [(one, seeds_needed(one)) for one in undecided if one.found]
    alone = [one for one, more in needed if more is None]
    priced = [(one, more, _price(results, one, more)) for one, more in needed if more]
    priced.sort(key=lambda entry: (entry[2] is None, entry[2] or 0.0))
    steps = [
        f"About {counted(more, 'more seed')} would decide {_question(one)}"
        f"{f', for {number(price)} core-minutes' if price else ''}, if the difference stays "
        f"{signed(one.found['gain'], one.found['uncertainty'])} and the spread as it is."
        for one, more, price in priced[:MOST_FINDINGS]
        if one.found
    ]
    if len(priced) > MOST_FINDINGS:
        steps.append(f"{len(priced) - MOST_FINDINGS} more findings would take more than these.")
    if level := [one for one, more in needed if more == 0]:
        names = shortened([_question(one) for one in level], 2)
        steps.append(f"Leave open {names}: not even {MOST_SEEDS} more seeds would tell these apart.")
    if alone:
        names = shortened([_question(one) for one in alone], 2)
        steps.append(
            f"Run a second and a third seed or replica where there is one alone, to learn the spread: {names}."
        )
    return steps


def _question(one: Finding) -> str:
    return f"whether {one.brief.split(' (')[0]}"


def _price(results: Results, one: Finding, seeds: int) -> float | None:
    """Return the core-minutes of more seeds on both sides; None where nothing tells."""
    total = 0.0
    for side in one.sides or ():
        for pair in dict.fromkeys((run.cell.fit.data, run.cell.fit.algorithm) for run in side):
            cost = cost_of(results, pair)
            if cost.dynamics is None or (cost.training is None and pair[0] != ZERO):
                return None
            own = [run for run in side if (run.cell.fit.data, run.cell.fit.algorithm) == pair]
            runs = len(own) / len({run.cell.fit.seed for run in own})
            total += seeds * ((cost.training or 0.0) + runs * cost.dynamics)
    return total


def _data(results: Results) -> list[str]:
    """Name the data that raised a score for the fewest core-minutes, and whether more frames still help."""
    gains: dict[str, tuple[float, float, list[str]]] = {}
    for data, base in compared(results).items():
        spent = extra_cost(results, data, base)
        told, total = [], 0.0
        for algorithm in results.scratch():
            pairs: list[Pair] = [(data, algorithm), (base, algorithm)]
            one, other = (results.runs_of(pair, results.is_target) for pair in pairs)
            found = gained(one, other)
            if found and sign(found) > 0:
                total += found["gain"]
                told.append(f"{algorithm} {signed(found['gain'], found['uncertainty'])}")
        if spent and told:
            gains[data] = (total / spent, spent, told)
    if not gains:
        return []
    first, *others = sorted(gains, key=lambda data: -gains[data][0])
    _, spent, told = gains[first]
    text = (
        f"Cheapest next data: more of what {quoted(first)} adds. It brought {listed(told)} for {number(spent)} "
        f"core-minutes beyond {quoted(compared(results)[first])}"
    )
    if others:
        _, spent, told = gains[others[0]]
        text += f"; next comes {quoted(others[0])}, {listed(told)} for {number(spent)}"
    return [f"{text}."]


def extra_cost(results: Results, data: str, base: str) -> float | None:
    """Return the core-minutes that the labels and the collecting of a set took beyond those of the one it extends."""
    collecting = next((cost_of(results, pair).collecting for pair in results.pairs() if pair[0] == data), None)
    choice = results.study.data[data]
    own = own_labels(results, data) + sum(own_labels(results, name) for name in choice.needs if name != base)
    return own / MINUTE + (collecting or 0.0) or None
