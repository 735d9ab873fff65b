"""What is new about a liquid is told by the functional groups of what its potentials were trained on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from decant.study.checks import check_study
from decant.study.novelty import changes, changes_told, unseen
from decant.study.study import Study
from decant.study.study_file import read_study
from tests.unit.study.test_study import SMALLEST, changed, written


def study_of(folder: Path, **changes: Any) -> Study:
    return read_study(written(folder, changed(**changes)))


@pytest.mark.parametrize(("liquid", "change"), [("EC:4", "none"), ("PC:4", "shape"), ("ACN:4,EC:2", "chemistry")])
def test_a_change_that_is_left_out_follows_from_the_groups(liquid: str, change: str, tmp_path: Path) -> None:
    study = study_of(tmp_path, simulations__ec__liquid=liquid)
    assert changes(study) == {"ec": change, "dmc": "shape"}


def test_a_change_that_is_declared_counts_and_is_warned_of_where_the_groups_contradict_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    study = study_of(tmp_path, simulations__dmc__change="chemistry")
    check_study(study)
    assert changes(study)["dmc"] == "chemistry"
    assert caplog.messages == [
        "simulations: dmc: change: 'chemistry' contradicts the functional groups of DMC:4 and of what its potentials "
        "are trained on, which tell 'shape'; leave 'change' out to take that"
    ]


def test_a_change_that_the_groups_confirm_is_silent(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    check_study(read_study(written(tmp_path, SMALLEST)))
    assert caplog.messages == []


def test_what_a_potential_starts_from_and_what_it_replays_was_seen_too(tmp_path: Path) -> None:
    dmc = {"recipe": "monomer", "count": 2, "parameters": {"molecule": "DMC"}}
    before = {"data__dmc": {"recipes": [dmc]}, "algorithms__tuned__pretrained": "dmc/dp/1"}
    own = {"simulations__dmc__data": ["two"], "simulations__dmc__algorithms": ["tuned"]}
    assert changes_told(study_of(tmp_path, **own), "dmc") == ("shape",)
    assert changes_told(study_of(tmp_path, **own, **before), "dmc") == ("none",)
    replay = {"algorithms__tuned__strategy": "replay", "algorithms__tuned__replay": "dmc"}
    assert changes_told(study_of(tmp_path, **own, data__dmc=before["data__dmc"], **replay), "dmc") == ("none",)


def test_potentials_may_differ_in_what_is_new_to_them_and_the_least_counts(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    dmc = {"recipes": [{"recipe": "monomer", "count": 2, "parameters": {"molecule": "DMC"}}]}
    where = {"data__dmc": dmc, "simulations__dmc__data": ["two", "dmc"]}
    study = study_of(tmp_path, **where)
    check_study(study)
    assert changes_told(study, "dmc") == ("none", "shape") and changes(study)["dmc"] == "shape"
    assert caplog.messages == []
    content = changed(**where)
    del content["simulations"]["dmc"]["change"]
    assert changes(read_study(written(tmp_path, content)))["dmc"] == "none"


@pytest.mark.parametrize(
    "unknown",
    [
        {"data__two": {"labelled": "own.extxyz"}},
        {"algorithms__tuned__pretrained": "published"},
        {"algorithms__tuned__strategy": "replay", "algorithms__tuned__replay": "own.extxyz"},
    ],
)
def test_what_was_trained_on_unknown_molecules_is_not_judged(unknown: dict[str, Any], tmp_path: Path) -> None:
    study = study_of(tmp_path, **unknown, simulations__ec__liquid="ACN:4", simulations__dmc__data=["two"])
    assert changes_told(study, "ec") == changes_told(study, "dmc") == ()
    assert changes(study) == {"ec": "none", "dmc": "shape"}


def test_species_and_elements_that_no_data_set_has_are_told_before_anything_runs(tmp_path: Path) -> None:
    assert unseen(read_study(written(tmp_path, SMALLEST))) == ["dmc: DMC is in no data set"]
    lines = unseen(study_of(tmp_path, simulations__ec__liquid="ACN:4,EC:2"))
    assert "ec: ACN is in no data set" in lines
    assert "ec: the element N is in no data set; such runs are refused" in lines


def test_a_species_that_only_some_data_sets_have_is_told_with_the_others(tmp_path: Path) -> None:
    dmc = {"recipes": [{"recipe": "monomer", "count": 2, "parameters": {"molecule": "DMC"}}]}
    study = study_of(tmp_path, data__dmc=dmc, simulations__dmc__data=["two", "dmc"])
    assert "dmc: DMC is in none of two" in unseen(study)


def test_a_molecule_was_seen_however_it_is_written(tmp_path: Path) -> None:
    assert unseen(study_of(tmp_path, simulations__ec__liquid="C1COC(=O)O1:4")) == unseen(
        study_of(tmp_path, simulations__ec__liquid="EC:4")
    )
