"""The formula of a score: bounds, order, and what counts as agreement."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decant.foundation.errors import InputError
from decant.scoring.metric import agreement, common_parts, interval, total
from decant.scoring.quantity import Quantity
from tests.unit.scored_runs import score_of

shares = st.floats(0.0, 1.0)
positives = st.floats(1e-3, 1e3)
relatives = st.floats(0.0, 0.5)


@given(positives, positives, relatives, relatives, st.floats(1.01, 10.0))
def test_an_agreement_lies_between_0_and_1_with_its_uncertainty(
    value: float, reference: float, error: float, reference_error: float, factor: float
) -> None:
    part = agreement(Quantity(value, error * value), Quantity(reference, reference_error * reference), factor)
    assert 0.0 <= part.value <= 1.0
    assert part.uncertainty is not None
    assert 0.0 <= part.uncertainty <= 1.0


@given(st.floats(1.0, 100.0), st.floats(1.001, 2.0))
def test_an_agreement_falls_with_the_error_up_or_down(ratio: float, further: float) -> None:
    near, far = (agreement(Quantity(value), Quantity(1.0), 1.05).value for value in (ratio, ratio * further))
    assert far < near
    down = agreement(Quantity(1.0 / ratio), Quantity(1.0), 1.05).value
    assert down == pytest.approx(near)


@pytest.mark.parametrize("factor", [1.05, 2.0])
def test_being_off_by_the_factor_is_worth_half(factor: float) -> None:
    assert agreement(Quantity(1.0), Quantity(1.0), factor).value == 1.0
    for value in (factor, 1.0 / factor):
        assert agreement(Quantity(value), Quantity(1.0), factor).value == pytest.approx(0.5)


def test_a_value_within_its_noise_of_the_reference_is_near_1() -> None:
    part = agreement(Quantity(1.004, 0.004), Quantity(1.0, 0.002), 1.05)
    assert part.value > 0.99
    assert part.uncertainty is not None
    assert part.value - 2.0 * part.uncertainty < 1.0


@given(st.floats(0.9, 1.1), st.floats(0.001, 0.02), st.floats(1.2, 3.0))
def test_the_uncertainty_grows_with_that_of_the_run_and_of_the_reference(
    value: float, error: float, more: float
) -> None:
    def uncertainty(run_error: float, reference_error: float) -> float:
        return agreement(Quantity(value, run_error), Quantity(1.0, reference_error), 1.05).uncertainty or 0.0

    assert uncertainty(error * more, error) > uncertainty(error, error)
    assert uncertainty(error, error * more) > uncertainty(error, error)
    assert uncertainty(0.0, 0.0) == pytest.approx(0.0, abs=1e-12)


def test_a_lucky_hit_of_a_noisy_value_is_not_called_certain() -> None:
    assert (agreement(Quantity(1.0, 0.05), Quantity(1.0), 1.05).uncertainty or 0.0) > 0.3


@given(shares, shares, shares, shares)
def test_a_score_lies_between_0_and_the_stability_and_falls_with_each_part(
    stability: float, density: float, diffusion: float, less: float
) -> None:
    score = total(score_of(stability, density, diffusion)["parts"]).value
    assert 0.0 <= score <= stability + 1e-12
    for worse in (
        score_of(stability * less, density, diffusion),
        score_of(stability, density * less, diffusion),
        score_of(stability, density, diffusion * less),
    ):
        assert total(worse["parts"]).value <= score + 1e-12


def test_a_perfect_run_scores_1_and_one_that_only_held_a_third() -> None:
    assert total(score_of(1.0, 1.0, 1.0)["parts"]).value == 1.0
    assert total(score_of(1.0, 0.0, 0.0)["parts"]).value == pytest.approx(1.0 / 3.0)
    assert total(score_of(0.1, 0.0, 0.0)["parts"]).value == pytest.approx(0.1 / 3.0)


def test_what_has_no_value_is_left_out_and_the_rest_is_a_mean_again() -> None:
    whole = total(score_of(0.5, 0.8, None)["parts"])
    assert whole.value == pytest.approx(0.5 * (1.0 + 0.8) / 2.0)
    assert whole.uncertainty == pytest.approx(0.5 * 0.01 / 2.0)
    assert total(score_of(0.5, None, None)["parts"]) == Quantity(0.5, None)
    assert common_parts([score_of(), score_of(density=None)]) == ("stability", "diffusion")


def test_a_part_that_is_not_there_cannot_count() -> None:
    with pytest.raises(InputError, match="a score has no diffusion to count"):
        total(score_of(diffusion=None)["parts"], ["stability", "diffusion"])
    with pytest.raises(InputError, match="did you mean 'density'"):
        total(score_of()["parts"], ["densty"])


def test_an_interval_does_not_leave_0_to_1() -> None:
    assert interval(Quantity(0.95, 0.1)) == pytest.approx([0.85, 1.0])
    assert interval(Quantity(0.02, 0.1)) == pytest.approx([0.0, 0.12])
    assert interval(Quantity(1.0, None)) is None
