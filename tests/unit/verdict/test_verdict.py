"""The verdict: what is worse is never judged better, and the home liquid is its measure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from decant.verdict.verdict import LIMITS, PARTS, Grade, Measured, grade_of, judge

QUANTITIES = [name for part in LIMITS.values() for name in part]
HOME = Measured(0.08, 0.25, 0.25, 0.30, -0.6, asked_ps=0.6, lasted_ps=0.6, deviation_eV_per_A=0.1)

errors = st.one_of(st.none(), st.floats(0, 2))
measures = st.builds(
    Measured,
    molecule=errors,
    pair=errors,
    translation=errors,
    rotation=errors,
    pressure_kbar=st.one_of(st.none(), st.floats(-10, 10)),
    stopped=st.sampled_from(["", "bond: too long"]),
    deviation_eV_per_A=errors,
)


UNMEASURED = Measured(None, None, None, None, None, deviation_eV_per_A=2.0)


@given(measures, measures, st.sampled_from([*QUANTITIES, "deviation_eV_per_A"]), st.floats(1, 10))
@example(UNMEASURED, UNMEASURED, "deviation_eV_per_A", 2.0)
def test_a_larger_error_never_gives_a_better_verdict(
    liquid: Measured, home: Measured, name: str, factor: float
) -> None:
    if getattr(liquid, name) is None:
        return
    before, after = judge(liquid, home), judge(replace(liquid, **{name: getattr(liquid, name) * factor}), home)
    assert after.grade >= before.grade
    for part in PARTS:
        assert (after.parts[part] is None) == (before.parts[part] is None)
        assert (after.parts[part] or Grade.SOUND) >= (before.parts[part] or Grade.SOUND)


@given(measures, measures)
def test_a_stopped_run_never_gives_a_better_verdict(liquid: Measured, home: Measured) -> None:
    calm, stopped = replace(liquid, stopped=""), replace(liquid, stopped="bond: too long")
    assert judge(stopped, home).grade is Grade.WRONG >= judge(calm, home).grade


@given(measures)
def test_the_home_liquid_itself_is_sound_or_hopeless(home: Measured) -> None:
    verdict = judge(home, home)
    assert verdict.home in (Grade.SOUND, Grade.WRONG)
    unjudged = Grade.DOUBTFUL if None in verdict.parts.values() else Grade.SOUND
    assert verdict.grade == max(verdict.home, unjudged)


@given(measures, measures, st.sampled_from(PARTS))
def test_a_part_that_nobody_measured_is_never_sound(liquid: Measured, home: Measured, part: str) -> None:
    unknown = replace(liquid, stopped="", deviation_eV_per_A=None, **dict.fromkeys(LIMITS[part]))
    verdict = judge(unknown, home)
    assert verdict.parts[part] is None
    assert verdict.grade > Grade.SOUND


def test_a_liquid_that_is_as_good_as_at_home_is_trusted() -> None:
    assert judge(HOME, HOME).grade is Grade.SOUND
    assert judge(replace(HOME, molecule=0.11, pressure_kbar=0.8), HOME).grade is Grade.SOUND


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"molecule": 0.28}, "molecule"),
        ({"pair": 0.76}, "pairs"),
        ({"rotation": 0.9}, "liquid"),
        ({"pressure_kbar": -3.0}, "liquid"),
        ({"stopped": "bond: a bond broke", "lasted_ps": 0.1}, "liquid"),
    ],
)
def test_the_part_that_is_wrong_is_named(change: dict[str, object], part: str) -> None:
    verdict = judge(replace(HOME, **change), HOME)
    assert verdict.grade is Grade.WRONG
    assert [name for name, grade in verdict.parts.items() if grade > Grade.SOUND] == [part]


def test_twice_the_error_of_home_is_a_doubt() -> None:
    assert judge(replace(HOME, molecule=0.16), HOME).parts["molecule"] is Grade.DOUBTFUL


def test_a_home_better_than_good_makes_no_stricter_judge() -> None:
    best = replace(HOME, molecule=0.001)
    assert grade_of("molecule", replace(HOME, molecule=0.05), best) is Grade.SOUND


def test_as_bad_as_at_home_is_not_trusted_where_home_is_hopeless() -> None:
    poor = replace(HOME, translation=0.8)
    verdict = judge(HOME, poor)
    assert verdict.home is Grade.WRONG
    assert verdict.grade is Grade.DOUBTFUL
    assert judge(poor, poor).grade is Grade.WRONG


def test_a_committee_doubts_and_proves_nothing() -> None:
    assert judge(replace(HOME, deviation_eV_per_A=0.14), HOME).grade is Grade.SOUND
    assert judge(replace(HOME, deviation_eV_per_A=5.0), HOME).parts["liquid"] is Grade.DOUBTFUL


@pytest.mark.parametrize("name", QUANTITIES)
def test_no_number_is_hopeless(name: str) -> None:
    assert grade_of(name, replace(HOME, **{name: np.nan}), HOME) is Grade.WRONG
