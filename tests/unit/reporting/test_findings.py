"""The sentences of a report say what the scores carry, and no more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from decant.foundation.errors import UnknownElement
from decant.foundation.page import Listing, Notes
from decant.foundation.settings import read_mapping
from decant.reporting.cells import score_cell
from decant.reporting.finding import claim
from decant.reporting.findings import find_all, progress, section
from decant.reporting.records import Results, RunRecord, SetRecord, unfinished
from decant.reporting.scores import gained, sign
from decant.scoring.predictors import Predictor
from decant.study.cells import RunCell
from decant.study.study import Study
from decant.workflow.outcome import Failure
from tests.study_folder import STUDY
from tests.unit.scored_runs import score_of

Scores = Mapping[tuple[str, str], Sequence[float]]
"""Density parts by data set and algorithm, one a seed."""


SEEDS = (1, 2, 3)


def found(scores: Scores, **changed: Any) -> Results:
    """A study of which some runs of the liquid that the data are about, one a seed, have a score."""
    study = read_mapping(Study, {**STUDY, "seeds": list(SEEDS), **changed}, "study")
    runs = [RunRecord(cell, score=given_score(cell, scores)) for cell in study.runs()]
    return Results(Path(), study, "", SetRecord("test"), {name: SetRecord(name) for name in study.data}, [], runs, [])


def given_score(cell: RunCell, scores: Scores) -> dict[str, Any]:
    values = scores.get((cell.fit.data, cell.fit.algorithm), ())
    place = SEEDS.index(cell.fit.seed)
    if cell.simulation != "emc" or cell.temperature != 298 or place >= len(values):
        return {}
    return score_of(density=values[place])


def with_fits(results: Results) -> Results:
    """The same study as its folder is read: with a record of every fit."""
    from decant.reporting.records import FitRecord

    fits = [FitRecord(cell, record={"data": {"frames": {"train": size(cell.data)}}}) for cell in results.study.fits()]
    return replace(results, fits=fits)


def size(data: str) -> int:
    return 18 if data == "liquid-20" else 54


def sentences(results: Results, judged: Sequence[Predictor] = ()) -> list[str]:
    whole = with_fits(results)
    blocks = section(whole, find_all(whole, judged)).blocks
    return [line for block in blocks if isinstance(block, Listing) for line in block.lines]


def groups(results: Results) -> dict[str, list[str]]:
    """The sentences by the heading that they stand under."""
    whole = with_fits(results)
    blocks = section(whole, find_all(whole, ())).blocks
    return {block.title: list(block.lines) for block in blocks if isinstance(block, Listing)}


def about(start: str, lines: Sequence[str]) -> str:
    matching = [line for line in lines if line.startswith(start)]
    assert len(matching) == 1, lines
    return matching[0]


def test_a_set_that_is_ahead_beyond_doubt_serves_best() -> None:
    scores = {("liquid", "mace"): (0.80, 0.81, 0.79), ("clusters", "mace"): (0.20, 0.21, 0.19)}
    line = about("mace: ", sentences(found(scores)))
    assert "“liquid” scores highest" in line
    assert "and serves best" in line
    assert "over “clusters”" in line


def test_sets_within_their_uncertainty_are_not_decided() -> None:
    scores = {("liquid", "mace"): (0.80, 0.60, 0.70), ("clusters", "mace"): (0.79, 0.71, 0.59)}
    line = about("mace: ", sentences(found(scores)))
    assert "not decided" in line
    assert "serves best" not in line


def refused(results: Results, data: str, simulation: str) -> Results:
    """The same study where the potentials of a set refuse a liquid."""
    failure = Failure("the potential knows only H, C, O", code=UnknownElement.code)
    runs = [
        replace(run, score={}, failure=failure)
        if (run.cell.fit.data, run.cell.simulation) == (data, simulation)
        else run
        for run in results.runs
    ]
    return replace(results, runs=runs)


def test_a_set_whose_potentials_refuse_a_liquid_is_not_the_best_of_all() -> None:
    scores = {
        ("liquid", "mace"): (0.80, 0.81, 0.79),
        ("clusters", "mace"): (0.20, 0.21, 0.19),
        ("by-mace", "mace"): (0.99, 0.98, 0.99),
    }
    simulations = {**STUDY["simulations"], "lithium": {"liquid": "EMC:8", "temperature": 298, "length": "4ps"}}
    results = refused(found(scores, simulations=simulations), "by-mace", "lithium")
    best, told = about("mace: ", groups(results)["Decided"]).split("; ")
    assert "“liquid” scores highest" in best and "by-mace" not in best
    assert told == "“by-mace” is no data for 1 of 2 liquids, whose elements its potentials do not know."


def test_sets_are_compared_at_the_liquids_of_which_all_have_scores() -> None:
    results = found({("liquid", "mace"): (0.80, 0.81, 0.79), ("clusters", "mace"): (0.50, 0.51, 0.49)})
    hard = [
        replace(run, score=score_of(density=0.1))
        if (run.cell.fit.data, run.cell.fit.algorithm, run.condition) == ("liquid", "mace", ("emc", 303))
        else run
        for run in results.runs
    ]
    line = about("mace: ", sentences(replace(results, runs=hard)))
    assert "“liquid” scores highest on the 1 of 2 liquids and temperatures shared by all" in line


def test_one_seed_decides_nothing() -> None:
    scores = {("liquid", "mace"): (0.9,), ("clusters", "mace"): (0.1,)}
    assert "not decided" in about("mace: ", sentences(found(scores)))


def test_without_scores_only_the_progress_is_told() -> None:
    assert sentences(found({})) == []
    assert section(found({}), []).blocks[0] == progress(found({}))
    assert progress(found({})).startswith("0 of ")


def test_what_is_decided_stands_before_what_is_likely_and_what_is_not() -> None:
    scores: Scores = {
        ("liquid", "mace"): (0.50, 0.51, 0.49), ("by-mace", "mace"): (0.90, 0.91, 0.89),
        ("liquid", "deepmd"): (0.50, 0.51, 0.49), ("by-mace", "deepmd"): (0.40, 0.61, 0.50),
        ("clusters", "deepmd"): (0.45, 0.49, 0.44),
    }  # fmt: skip
    found_groups = groups(found(scores))
    assert list(found_groups) == ["Decided", "Not decided"]
    assert "“by-mace” scores highest" in about("mace: ", found_groups["Decided"])
    assert "mace itself gains" in about("Frames that mace collected", found_groups["Decided"])
    assert "deepmd not decided" in about("Frames that mace collected", found_groups["Not decided"])


def corrections(mace: Sequence[float], deepmd: Sequence[float]) -> list[str]:
    base = (0.50, 0.51, 0.49)
    scores: Scores = {
        ("liquid", "mace"): base, ("liquid", "deepmd"): base,
        ("liquid+scan", "mace"): mace, ("liquid+scan", "deepmd"): deepmd,
    }  # fmt: skip
    return sentences(found(scores))


def test_a_correction_that_helps_both_algorithms_is_said_to() -> None:
    lines = corrections((0.90, 0.91, 0.89), (0.80, 0.81, 0.79))
    assert "1 of 1 help both algorithms, 0 harm" in about("Human-designed", lines)
    assert about("“liquid+scan” over “liquid”", lines).count("gains") == 2


def test_a_correction_that_harms_one_algorithm_is_said_to() -> None:
    lines = corrections((0.90, 0.91, 0.89), (0.10, 0.11, 0.09))
    assert "0 of 1 help both algorithms, 1 harm" in about("Human-designed", lines)
    line = about("“liquid+scan” over “liquid”", lines)
    assert "mace gains" in line
    assert "deepmd loses (−" in line


def test_a_correction_that_one_algorithm_alone_is_fitted_to_is_told_for_it() -> None:
    scores: Scores = {("liquid", "mace"): (0.50, 0.51, 0.49), ("liquid+scan", "mace"): (0.90, 0.91, 0.89)}
    lines = sentences(found(scores))
    assert "mace gains (+" in about("“liquid+scan” over “liquid”", lines)
    assert not [line for line in lines if line.startswith("Human-designed")]


def test_another_setting_of_an_algorithm_is_held_against_the_first_on_the_sets_that_both_have() -> None:
    wider = {**STUDY["algorithms"], "mace-6A": {"algorithm": "mace", "set": {"r_max": 6.0}, "data": ["liquid"]}}
    scores: Scores = {("liquid", "mace"): (0.50, 0.51, 0.49), ("liquid", "mace-6A"): (0.90, 0.91, 0.89)}
    lines = sentences(found(scores, algorithms=wider))
    assert "mace-6A gains (+" in about("mace-6A beside mace, “liquid”", lines)
    assert not [line for line in lines if line.startswith(("deepmd beside", "tuned beside"))]


def test_a_correction_lost_in_the_noise_is_not_decided() -> None:
    lines = corrections((0.50, 0.51, 0.49), (0.45, 0.60, 0.46))
    assert about("“liquid+scan” over “liquid”", lines).count("not decided") == 2


def test_collected_frames_are_told_for_their_collector_and_the_other() -> None:
    base = (0.50, 0.51, 0.49)
    scores: Scores = {
        ("liquid", "mace"): base, ("liquid", "deepmd"): base,
        ("by-mace", "mace"): (0.90, 0.91, 0.89), ("by-mace", "deepmd"): (0.40, 0.61, 0.50),
    }  # fmt: skip
    own, other = (line for line in sentences(found(scores)) if line.startswith("Frames that mace collected"))
    assert "mace itself gains" in own and "deepmd" not in own
    assert "deepmd not decided" in other


def test_fine_tuning_is_held_against_the_model_as_it_is_and_against_scratch() -> None:
    scores: Scores = {
        ("none", "ready"): (0.30,), ("liquid", "tuned"): (0.90, 0.91, 0.89), ("liquid", "mace"): (0.50, 0.51, 0.49),
    }  # fmt: skip
    scratch, ready = (line for line in sentences(found(scores)) if line.startswith("tuned, fine-tuned to “liquid” (54"))
    assert "against training from scratch on the same frames" in scratch
    assert "better (+" in scratch
    assert "as it is (0.700 ± 0.005) not decided" in ready, (
        "one run of the model as it is has no spread to compare with"
    )


def test_more_frames_are_told_from_the_fewest_to_the_most() -> None:
    scores: Scores = {("liquid", "mace"): (0.90, 0.91, 0.89), ("liquid-20", "mace"): (0.50, 0.51, 0.49)}
    assert "mace gains" in about("More frames of “liquid”", sentences(found(scores)))
    assert "from 18 to 54 frames" in about("More frames of “liquid”", sentences(found(scores)))


def lasting(stabilities: Mapping[str, Sequence[float]]) -> list[str]:
    """What is said of the stability of mace on liquids by simulation, what is decided first."""
    results = found({})
    runs = []
    for run in results.runs:
        values = stabilities.get(run.cell.simulation, ())
        if (run.cell.fit.data, run.cell.fit.algorithm) == ("liquid", "mace") and run.cell.temperature == 298 and values:
            value = values[SEEDS.index(run.cell.fit.seed)]
            runs.append(RunRecord(run.cell, score=score_of(stability=value)))
    from dataclasses import replace

    return [line for line in sentences(replace(results, runs=runs)) if line.startswith("Stability of mace, ")]


def test_stability_that_survives_shape_but_not_chemistry_is_told_so() -> None:
    chemistry, shape = lasting({"emc": (1.0, 1.0, 1.0), "dec": (1.0, 0.98, 1.0), "acetone": (0.2, 0.21, 0.19)})
    assert chemistry.startswith("Stability of mace, 1 on the data's own liquids: ")
    assert "on changed shape, not decided" in shape
    assert "on changed chemistry, lower (−0.80" in chemistry
    assert "changed chemistry against changed shape lower (−0.79" in chemistry


def test_stability_that_nothing_changes_is_no_difference() -> None:
    (line,) = lasting({"emc": (1.0, 1.0, 1.0), "dec": (1.0, 1.0, 1.0)})
    assert line.endswith("1 on changed shape, no difference.")
    assert "chemistry" not in line


def predictor(error: str, correlation: float | None, verdict: str) -> Predictor:
    return Predictor(error, "meV/A", 12, correlation, None if correlation is None else (-1.0, 0.5), 0.01, verdict)


def test_the_error_that_predicts_and_those_that_do_not_are_named() -> None:
    judged = [
        predictor("force", -0.1, "does not predict"),
        predictor("force, intermolecular", -0.9, "predicts"),
        predictor("virial", None, "not enough cells"),
    ]
    line = sentences(found({}), judged)[-1]
    assert "predicted best by the error of force, intermolecular (rank correlation −0.90" in line
    assert "not predicted by force (" in line
    assert "virial" not in line


def test_no_error_that_predicts_is_said_as_plainly() -> None:
    line = sentences(found({}), [predictor("force", -0.3, "does not predict")])[-1]
    assert line.startswith("No error on the fixed test set predicts the score")


def test_too_few_potentials_leave_the_predictors_undecided() -> None:
    assert "not decided" in sentences(found({}), [predictor("force", None, "not enough cells")])[-1]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0.0, 1.0), min_size=6, max_size=6))
def test_what_one_side_gains_the_other_loses(values: list[float]) -> None:
    results = found({("liquid", "mace"): values[:3], ("clusters", "mace"): values[3:]})
    sides = [results.runs_of((data, "mace")) for data in ("liquid", "clusters")]
    one, other = gained(*sides), gained(*reversed(sides))
    assert sign(one) == -sign(other)
    assert ("gains" in claim(one, "gains", "loses")) == ("loses" in claim(other, "gains", "loses"))


def test_a_run_without_a_density_is_no_liquid_that_both_sides_have() -> None:
    results = found({("liquid", "mace"): (0.8, 0.8), ("clusters", "mace"): (0.8, 0.8)})
    hot = [replace(run, cell=replace(run.cell, temperature=303)) for run in results.runs if run.score]
    one, other = ([run for run in [*results.runs, *hot] if run.cell.fit.data == data and run.score]
                  for data in ("liquid", "clusters"))  # fmt: skip
    one = [replace(run, score=score_of(density=0.1)) if run.cell.temperature == 303 else run for run in one]
    other = [
        replace(run, score=score_of(density=None, diffusion=None)) if run.cell.temperature == 303 else run
        for run in other
    ]
    same = gained(one, other)
    assert same is not None and same["gain"] == 0.0, "at 298 K they are alike, and at 303 K one side has no score"


def test_a_run_that_is_compared_with_nothing_is_the_reference_and_not_missing() -> None:
    results = found({("liquid", "mace"): [0.7, 0.8, 0.9]})
    first = results.runs[0]
    measured = replace(first, score={}, observables={"density": {}}, compared=False)
    assert score_cell([measured], Notes()).text == "the reference"
    assert score_cell([replace(measured, observables={})], Notes()).text == "not run yet"
    assert not list(unfinished(replace(results, runs=[measured])))
    assert list(unfinished(replace(results, runs=[replace(measured, compared=True)])))


def test_nothing_is_new_to_the_reference_method_itself() -> None:
    algorithms = {**STUDY["algorithms"], "truth": {"algorithm": "method"}}
    study = read_mapping(Study, {**STUDY, "method": "openff", "algorithms": algorithms}, "study")
    runs = [RunRecord(cell, score=score_of(stability=1.0)) for cell in study.runs() if cell.fit.algorithm == "truth"]
    sets = {name: SetRecord(name) for name in study.data}
    results = Results(Path(), study, "", SetRecord("test"), sets, [], runs, [])
    assert not [one for one in find_all(results, []) if "truth" in one.subject]
