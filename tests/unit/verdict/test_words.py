"""The words of a verdict: they say what is wrong, by how much, and what it is at home."""

from __future__ import annotations

from dataclasses import asdict, replace

from decant.verdict.verdict import COLLIDED, Measured, judge, word
from decant.verdict.words import sentence, table

HOME = Measured(0.08, 0.25, 0.25, 0.30, -0.6, 0.6, 0.6, "", 1.08, 1.05, 1.0, 2.0)
TOLD = {"liquid": "DME:1", "home": "EC:2,EMC:4", "new_molecules": ["DME"], "new_groups": ["ether"]}


def said(liquid: Measured, home: Measured = HOME) -> str:
    return sentence(judge(liquid, home), liquid, home, TOLD)


def test_a_sound_liquid_is_trusted_in_one_sentence() -> None:
    words = sentence(judge(HOME, HOME), HOME, HOME, {**TOLD, "new_groups": []})
    assert words == (
        "DME: trust it: the molecule alone, pairs of molecules and the liquid are sound. DME is new to the potential,"
        " its functional groups are not."
    )


def test_what_is_wrong_is_told_with_the_number_of_home() -> None:
    words = said(replace(HOME, molecule=0.28))
    assert words.startswith(
        "DME: do not trust it: the molecule alone is wrong (force on a molecule alone 28.0% off, at home 8.0%); pairs"
        " of molecules and the liquid are sound."
    )
    assert "no molecule of the training data has: ether" in words


def test_a_stopped_run_is_told_before_errors() -> None:
    words = said(replace(HOME, stopped="bond: longest bond", lasted_ps=0.1, pressure_kbar=5.0))
    assert "the liquid is wrong (NPT was stopped after 0.1 ps by guard 'bond'; at home 0.6 ps without one)" in words


def test_molecules_that_collided_though_no_guard_saw_it_make_a_liquid_wrong() -> None:
    words = said(replace(HOME, stopped=COLLIDED, lasted_ps=0.2))
    assert (
        "the liquid is wrong (two molecules are where none can be after 0.2 ps of NPT; at home 0.6 ps without)" in words
    )


def test_a_committee_that_alone_doubts_is_told() -> None:
    words = said(replace(HOME, deviation_eV_per_A=0.5), replace(HOME, deviation_eV_per_A=0.1))
    assert "trust it with care: the liquid is doubtful (deviation of the committee 0.500 eV/A, at home 0.100)" in words


def test_a_poor_home_is_called_a_poor_measure() -> None:
    assert "EC:2,EMC:4, its own liquid, is wrong by the same limits: a poor measure" in said(
        HOME, replace(HOME, pair=0.8)
    )


def test_the_table_leaves_out_what_nobody_measured_and_says_what_mends() -> None:
    liquid = replace(HOME, molecule=0.28, pressure_kbar=None)
    home = replace(HOME, pressure_kbar=None)
    verdict = judge(liquid, home)
    text = table(
        {
            **TOLD,
            "sentence": said(liquid, home),
            "parts": {part: word(grade) for part, grade in verdict.parts.items()},
            "measured": {"liquid": asdict(liquid), "home": asdict(home)},
            "not_for": ["Other solvents."],
        }
    )
    assert "kbar" not in text and "committee" not in text
    assert "molecules alone (recipe monomer)" in text and "clusters" not in text
    assert "Its maker says it is not for: Other solvents." in text


def test_what_could_not_be_judged_is_said_and_not_called_sound() -> None:
    unknown = replace(HOME, pair=None)
    assert "pairs of molecules could not be judged" in said(unknown, HOME)
    assert "pairs of molecules and" not in said(unknown, HOME) and "pairs of molecules are sound" not in said(
        unknown, HOME
    )
    assert "its pressure could not be judged, for lack of virials" in said(replace(HOME, pressure_kbar=None), HOME)
