"""Scores of seeds and replicas together, and gains between data sets."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decant.foundation.errors import InputError
from decant.scoring.quantity import Quantity
from decant.scoring.replicas import combine, gain, pooled
from tests.unit.scored_runs import score_of

shares = st.floats(0.0, 1.0)


@given(st.lists(st.tuples(shares, shares, shares, st.integers(1, 3)), min_size=1, max_size=8), st.randoms())
def test_the_order_of_seeds_and_replicas_does_not_matter(
    values: list[tuple[float, float, float, int]], order: random.Random
) -> None:
    scores = [score_of(stability, density, diffusion, seed) for stability, density, diffusion, seed in values]
    shuffled = list(scores)
    order.shuffle(shuffled)
    one, other = combine(scores), combine(shuffled)
    assert 0.0 <= one["score"] <= 1.0
    assert other["score"] == pytest.approx(one["score"])
    assert other["uncertainty"] == pytest.approx(one["uncertainty"])
    assert other["lasted"] == one["lasted"]


def test_few_values_widen_the_error_as_student_has_it() -> None:
    two, three = pooled([Quantity(0.0), Quantity(1.0)]), pooled([Quantity(0.0), Quantity(0.5), Quantity(1.0)])
    assert two.uncertainty == pytest.approx(1.84 * 0.5, rel=0.01)
    assert three.uncertainty == pytest.approx(1.32 * 0.5 / 3**0.5, rel=0.01)


def test_agreement_by_luck_does_not_go_below_the_own_errors() -> None:
    assert pooled([Quantity(1.0, 0.3), Quantity(1.0, 0.4)]).uncertainty == pytest.approx(0.25)
    assert pooled([Quantity(1.0, None)]).uncertainty is None


def test_replicas_of_one_fit_are_one_independent_value() -> None:
    copied = [score_of(share, seed=seed, error=0.0) for seed, share in ((1, 1.0), (2, 0.5)) for _ in range(10)]
    single = [score_of(1.0, seed=1, error=0.0), score_of(0.5, seed=2, error=0.0)]
    assert combine(copied)["uncertainty"] == pytest.approx(combine(single)["uncertainty"])
    assert combine(copied)["seeds"] == 2


def test_a_cell_of_one_seed_says_that_the_spread_of_fits_is_missing() -> None:
    one = combine([score_of(1.0, seed=4), score_of(0.9, seed=4)])
    assert "one seed: the spread of fits is not in the uncertainty" in one["notes"]
    assert one["uncertainty"] > 0
    assert "one run" in combine([score_of()])["notes"][0]


def test_runs_without_a_density_are_set_beside_others_by_a_part_that_all_have() -> None:
    known, unknown = [score_of(0.9, 0.9, 0.1)], [score_of(1.0, None, None)]
    for together in (lambda: combine([*known, *unknown]), lambda: gain(unknown, known), lambda: combine(unknown)):
        with pytest.raises(InputError, match="no score without a density"):
            together()
    assert combine([*known, *unknown], ["stability"])["score"] == pytest.approx(0.95)
    assert gain(unknown, known, ["stability"])["gain"] == pytest.approx(0.1)


def test_scores_are_combined_over_the_parts_that_all_have() -> None:
    both = combine([score_of(1.0, 0.9, 0.1), score_of(1.0, 0.9, None)])
    assert both["over"] == ["stability", "density"]
    assert both["score"] == pytest.approx((1.0 + 0.9) / 2.0)
    assert not both["complete"]
    assert both["parts"]["diffusion"] == {"value": 0.1, "uncertainty": 0.01, "runs": 1}
    assert "without diffusion" in both["notes"][0]
    with pytest.raises(InputError, match="no diffusion to count"):
        combine([score_of(1.0, 0.9, None)], over=["stability", "diffusion"])


def test_two_of_two_that_lasted_leave_room_for_doubt() -> None:
    lasted = combine([score_of(), score_of()])["lasted"]
    assert lasted["runs"] == 2
    assert lasted["interval"][0] < 0.75
    assert lasted["interval"][1] == pytest.approx(1.0)


def test_runs_of_different_length_are_noted() -> None:
    assert "2.5 to 10 ps" in combine([score_of(), score_of(asked=10.0)])["notes"][-1]


def test_nothing_cannot_be_combined() -> None:
    for action in (lambda: combine([]), lambda: gain([], [score_of()]), lambda: gain([score_of()], [])):
        with pytest.raises(InputError, match="no score to combine"):
            action()


def cell(stabilities: list[float], seeds: bool = True) -> list[dict]:
    return [score_of(share, 1.0, 1.0, seed if seeds else None, error=0.0) for seed, share in enumerate(stabilities)]


def test_a_gain_is_paired_by_seed_which_takes_off_what_a_seed_does_to_both() -> None:
    better, worse = [0.9, 0.5, 0.7], [0.8, 0.41, 0.6]
    paired, not_paired = gain(cell(better), cell(worse)), gain(cell(better, False), cell(worse, False))
    assert paired["paired"]
    assert not not_paired["paired"]
    assert paired["gain"] == pytest.approx(not_paired["gain"]) == pytest.approx(0.29 / 3.0)
    assert paired["uncertainty"] < 0.1 * not_paired["uncertainty"]
    assert paired["verdict"] == "gain"
    assert not_paired["verdict"] == "no difference seen"
    assert gain(cell(worse), cell(better))["verdict"] == "loss"


@given(st.lists(shares, min_size=1, max_size=4), st.lists(shares, min_size=1, max_size=4), st.booleans())
def test_a_gain_one_way_is_a_loss_the_other_way(one: list[float], other: list[float], seeds: bool) -> None:
    there, back = gain(cell(one, seeds), cell(other, seeds)), gain(cell(other, seeds), cell(one, seeds))
    assert there["gain"] == pytest.approx(-back["gain"])
    assert there["uncertainty"] == pytest.approx(back["uncertainty"])


def test_a_data_set_gains_nothing_over_itself() -> None:
    same = gain(cell([0.2, 0.8]), cell([0.2, 0.8]))
    assert same["gain"] == 0.0
    assert same["verdict"] == "no difference seen"


def test_one_run_a_side_is_not_enough() -> None:
    assert gain(cell([1.0]), cell([0.1]))["verdict"] == "not enough runs"


def test_a_gain_counts_only_parts_that_both_have() -> None:
    found = gain([score_of(1.0, 0.9, None, 1)] * 2, [score_of(1.0, 0.5, 0.0, 1)] * 2)
    assert found["over"] == ["stability", "density"]
    assert found["gain"] == pytest.approx(0.2)
    assert found["parts"]["density"]["gain"] == pytest.approx(0.4)
    assert set(found["parts"]) == {"stability", "density"}
