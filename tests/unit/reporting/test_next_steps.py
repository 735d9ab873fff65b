"""What a report opens and closes with: computed from the results, and silent where there is nothing to say."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from decant.foundation.page import Listing
from decant.reporting import errors
from decant.reporting.collect import collect
from decant.reporting.finding import Finding, Standing
from decant.reporting.findings import find_all
from decant.reporting.lead import SCORE, sentences
from decant.reporting.next_steps import extra_cost, section, seeds_needed
from decant.reporting.records import Results
from decant.scoring.metric import total
from decant.scoring.quantity import Quantity
from decant.scoring.replicas import pooled
from decant.workflow.outcome import Failure
from tests.study_folder import write_study
from tests.unit.reporting.test_findings import Scores, found, with_fits
from tests.unit.scored_runs import score_of


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return collect(write_study(tmp_path_factory.mktemp("study")))


@pytest.fixture(scope="module")
def findings(results: Results) -> list[Finding]:
    return find_all(results, errors.judge(results))


def steps(results: Results, findings: list[Finding] | None = None) -> list[str]:
    listing = section(results, find_all(results, ()) if findings is None else findings).blocks[0]
    return list(listing.lines) if isinstance(listing, Listing) else [str(listing)]


def about(words: str, lines: list[str]) -> str:
    matching = [line for line in lines if words in line]
    assert len(matching) == 1, lines
    return matching[0]


def compared(scores: Scores) -> tuple[Results, list[Finding]]:
    results = with_fits(found(scores))
    return results, find_all(results, ())


def test_the_lead_counts_what_is_decided_and_what_is_not(results: Results, findings: list[Finding]) -> None:
    studied, decided, undecided = sentences(results, findings)
    assert "68 runs of 4 liquids at 298 to 303 K; 64 of them have a score, 49 stayed physical" in studied
    counts = {state: sum(one.standing is state for one in findings) for state in Standing}
    assert decided.startswith(f"Decided ({counts[Standing.DECIDED]}): ")
    assert undecided.startswith(f"Not decided ({counts[Standing.OPEN]}): whether ")
    assert f"only likely ({counts[Standing.LIKELY]}): " in undecided


def test_without_scores_the_lead_says_that_nothing_is_decided() -> None:
    results, findings = compared({})
    _, decided, undecided = sentences(results, findings)
    assert decided == "Decided: nothing, since no run has a score yet."
    assert undecided == "Not decided: everything that the study asks."


def test_where_all_is_decided_the_lead_leaves_nothing_open() -> None:
    results, findings = compared({("liquid", "mace"): (0.80, 0.81, 0.79), ("clusters", "mace"): (0.20, 0.21, 0.19)})
    _, decided, undecided = sentences(results, findings)
    assert decided.startswith("Decided (1): “liquid” serves mace best (+")
    assert undecided == "Not decided: nothing that the study asks."


def test_the_score_is_told_as_it_is_computed() -> None:
    parts = {"stability": {"value": 0.5}, "density": {"value": 0.5}, "diffusion": {"value": 0.0}}
    whole = total({name: {**part, "uncertainty": None} for name, part in parts.items()})
    assert whole.value == pytest.approx(0.5 * (1 + 0.5 + 0.0) / 3), "as the sentence says"
    assert "times the mean of 1 and of how well" in SCORE and "5 % off" in SCORE and "a factor 2" in SCORE


def test_failed_jobs_are_to_be_repeated_and_refused_ones_are_not(results: Results) -> None:
    job = next(job for job in results.jobs if job.kind == "fit")
    failed = replace(job, failure=Failure("the training failed: out of memory"))
    broken = replace(results, jobs=[failed, *(one for one in results.jobs if one is not job)])
    line = about("Repeat", steps(broken))
    assert line.startswith(f"Repeat 1 failed job, {job.name},") and "out of memory (1)" in line
    assert not any("Repeat" in line for line in steps(results)), "four jobs were refused"
    assert "fec: 4 runs refused" in about("refused", steps(results))


def test_a_liquid_without_a_reference_for_its_density_is_named(results: Results) -> None:
    without = copy.deepcopy(results)
    for run in without.runs:
        if run.cell.simulation == "acetone" and run.score:
            run.score["parts"]["density"] |= {"value": None, "not_available": "no reference: acetone has none"}
    line = about("reference for the density", steps(without))
    assert "acetone at 298 K (7 runs" in line and "dec" not in line
    assert not any("reference for the density" in line for line in steps(results))


def test_runs_too_short_for_their_density_are_to_be_prolonged(results: Results) -> None:
    short = copy.deepcopy(results)
    run = next(run for run in short.runs if run.score and run.score["parts"]["stability"]["ended_by"] == "completed")
    run.score["parts"]["density"] |= {"value": None, "not_available": "too few samples"}
    assert f"density of {run.cell.simulation} is unknown in 1 run that held" in about("Prolong", steps(short))


def test_potentials_of_which_nothing_held_come_before_more_seeds(results: Results) -> None:
    lines = steps(results)
    line = about("Train longer", lines)
    assert "clusters · deepmd (4 of 4, guard 'bond')" in line and "mace" not in line
    assert lines.index(line) < next(i for i, one in enumerate(lines) if "more seed" in one)


def test_an_unfinished_study_is_to_be_finished() -> None:
    results, findings = compared({})
    assert f"Finish {len(results.runs)} runs without a score yet" in about("Finish", steps(results, findings))


def test_more_seeds_are_asked_for_where_they_would_decide() -> None:
    scores = {("liquid", "mace"): (0.60, 0.80, 0.70), ("clusters", "mace"): (0.55, 0.66, 0.69)}
    results, (finding,) = compared(scores)
    assert finding.standing is not Standing.DECIDED
    more = seeds_needed(finding)
    assert more is not None and 1 <= more <= 20
    assert f"About {more} more seed" in about("would decide", steps(results, [finding]))


@pytest.mark.parametrize("spread", [0.03, 0.05, 0.1])
def test_the_number_of_seeds_is_what_the_interval_needs(spread: float) -> None:
    _, (finding,) = compared({("liquid", "mace"): (0.60, 0.80, 0.70), ("clusters", "mace"): (0.55, 0.66, 0.69)})

    def differences(count: int) -> np.ndarray:
        values = np.arange(count) - (count - 1) / 2
        return 0.06 + spread * values / values.std(ddof=1)

    error = pooled([Quantity(value) for value in differences(3)]).uncertainty
    more = seeds_needed(replace(finding, found={"gain": 0.06, "uncertainty": error}))
    assert more
    assert stats.ttest_1samp(differences(3 + more), 0.0).pvalue < 0.05
    assert more == 1 or stats.ttest_1samp(differences(2 + more), 0.0).pvalue > 0.05


def test_runs_without_a_score_do_not_count_as_seeds() -> None:
    _, (finding,) = compared({("liquid", "mace"): (0.60, 0.80), ("clusters", "mace"): (0.55, 0.66)})
    assert finding.sides is not None
    unscored = [
        [*side, replace(side[0], cell=replace(side[0].cell, fit=replace(side[0].cell.fit, seed=3)),
                        score=score_of(density=None, diffusion=None))]
        for side in finding.sides
    ]  # fmt: skip
    assert seeds_needed(replace(finding, sides=(unscored[0], unscored[1]))) == seeds_needed(finding)


def test_a_difference_that_no_number_of_seeds_would_tell_is_left_open() -> None:
    scores = {("liquid", "mace"): (0.80, 0.60, 0.70), ("clusters", "mace"): (0.79, 0.71, 0.59)}
    results, (finding,) = compared(scores)
    assert seeds_needed(finding) == 0
    assert "not even 20 more seeds" in about("Leave open", steps(results, [finding]))


def test_one_seed_asks_for_a_second() -> None:
    results, findings = compared({("liquid", "mace"): (0.9,), ("clusters", "mace"): (0.1,)})
    assert [seeds_needed(one) for one in findings] == [None]
    assert "to learn the spread: whether “liquid” serves mace better" in about("second", steps(results, findings))


def test_the_cheapest_next_data_raised_scores_for_the_fewest_core_minutes(results: Results) -> None:
    line = about("Cheapest next data", steps(results))
    assert "“liquid+scan”" in line.split("It brought")[0] and "“by-mace”" in line.split("next comes")[1]
    assert extra_cost(results, "liquid+scan", "liquid") == pytest.approx(30 * 2.5 / 60), "the labels of the scan alone"


def test_a_study_with_everything_decided_has_nothing_left(results: Results) -> None:
    done = replace(results, runs=[run for run in results.runs if run.cell.fit.algorithm == "none of these"], jobs=[])
    assert steps(done, []) == ["Nothing is left: every run has its score, and every comparison is decided."]
