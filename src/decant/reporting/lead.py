"""What a report opens with: what was studied, what is decided, what is not, and what a score is."""

from __future__ import annotations

from collections.abc import Sequence

from decant.reporting.finding import Finding, Standing, shortly, summed
from decant.reporting.records import Results
from decant.reporting.scores import scored
from decant.reporting.words import counted, listed
from decant.scoring.lifetime import COMPLETED
from decant.scoring.metric import FACTORS
from decant.study.cells import ZERO

MOST = 2
"""Findings that a sentence names; it says how many more there are."""
SCORE = (
    "Score: from 0 to 1, the share of its time that a run stayed a physical liquid, times the mean of 1 and of how "
    "well its density and its diffusion agree with the reference, each one half where density is "
    f"{100 * (FACTORS['density'] - 1):.0f} % off and diffusion by a factor {FACTORS['diffusion']:g}. "
    "Decided: the 95 % interval of a difference leaves out zero."
)


def sentences(results: Results, findings: Sequence[Finding]) -> list[str]:
    """Return three sentences: what was studied, what is decided, what is not."""
    return [_studied(results), _decided(results, findings), _undecided(findings)]


def _studied(results: Results) -> str:
    study = results.study
    fitted = [name for name in results.data_names() if name != ZERO]
    temperatures = sorted({run.cell.temperature for run in results.runs})
    span = " to ".join(f"{one:g}" for one in dict.fromkeys([*temperatures[:1], *temperatures[-1:]]))
    names = [name for name, choice in study.algorithms.items() if not choice.is_method]
    beside = f", beside runs of {study.method_in_words} itself" if len(names) < len(study.algorithms) else ""
    ended = [run for run in results.runs if run.score]
    lasted = sum(run.score["parts"]["stability"]["ended_by"] == COMPLETED for run in ended)
    return (
        f"Studied: {counted(len(fitted), 'data set')} for {counted(len(names), 'algorithm')} "
        f"({listed(names)}) with {counted(len(study.seeds), 'seed')}{beside}, in "
        f"{counted(len(results.runs), 'run')} of {counted(len(study.simulations), 'liquid')}"
        f"{f' at {span} K' if span else ''}; {len(scored(ended))} of them have a score, {lasted} stayed physical to "
        "their end."
    )


def _decided(results: Results, findings: Sequence[Finding]) -> str:
    known = [one for one in findings if one.standing is Standing.DECIDED]
    if known:
        return f"Decided ({len(known)}): {shortly(known, MOST)}."
    if not findings:
        done = any(run.score for run in results.runs)
        return f"Decided: nothing, since {'no two potentials compare' if done else 'no run has a score yet'}."
    seeds = results.study.seeds
    reason = " with one seed, which tells nothing of the spread of fits" if len(seeds) == 1 else ""
    return f"Decided: nothing of {summed(findings)}{reason}."


def _undecided(findings: Sequence[Finding]) -> str:
    likely = [one for one in findings if one.standing is Standing.LIKELY]
    unknown = [one for one in findings if one.standing is Standing.OPEN]
    if not findings:
        return "Not decided: everything that the study asks."
    if not likely and not unknown:
        return "Not decided: nothing that the study asks."
    told = f"Not decided ({len(unknown)}): {shortly(unknown, MOST, 'whether ')}" if unknown else ""
    if likely:
        start = "; only likely" if unknown else "Not decided, but likely"
        told += f"{start} ({len(likely)}): {shortly(likely, 1)}"
    return f"{told}."
