"""Which fixed-set errors predict the score."""

from __future__ import annotations

import numpy as np
import pytest

from decant.foundation.errors import InputError
from decant.scoring.predictors import ERRORS, LEAST_CELLS, fixed_set_errors, predictors


def errors_of(total: float, translational: float) -> dict:
    return {
        "energy_meV_per_atom": {"rmse": 1.0, "rmse_shifted": None},
        "force_meV_per_A": {"total": {"rmse": total}, "translational": {"rmse": translational}},
        "virial_meV_per_atom": None,
        "molecular": {"frames": 3, "inter": {"force_meV_per_A": {"rmse": translational}, "virial_meV_per_atom": None}},
    }


def study(cells: int) -> tuple[list[dict], list[float]]:
    """Scores that fall with the translational force error, and total force errors that know nothing of them."""
    rng = np.random.default_rng(5)
    known = np.linspace(10.0, 50.0, cells)
    return [errors_of(*pair) for pair in zip(rng.permutation(known), known, strict=True)], list(np.exp(-known / 20.0))


def test_the_errors_of_a_file_are_found_by_name_and_what_is_missing_is_left_out() -> None:
    assert fixed_set_errors(errors_of(30.0, 5.0)) == {
        "energy": 1.0, "force": 30.0, "force, translational": 5.0, "force, intermolecular": 5.0,
    }  # fmt: skip
    assert fixed_set_errors({}) == {}


def test_what_orders_the_scores_predicts_and_what_does_not_does_not() -> None:
    found = {one.error: one for one in predictors(*study(12))}
    assert list(found) == [name for name in ERRORS if name in found]
    right, wrong = found["force, translational"], found["force"]
    assert right.correlation == pytest.approx(-1.0)
    assert right.verdict == "predicts"
    assert right.p_value is not None
    assert right.p_value < 0.01
    assert wrong.verdict == "does not predict"
    assert wrong.interval is not None
    assert wrong.interval[0] < 0 < wrong.interval[1]
    assert found["energy"].verdict == "not enough cells", "the same everywhere, it tells nothing"


def test_an_error_that_grows_with_the_score_does_not_predict_it() -> None:
    errors, scores = study(12)
    found = {one.error: one for one in predictors(errors, [1.0 - score for score in scores])}
    assert found["force, translational"].correlation == pytest.approx(1.0)
    assert found["force, translational"].verdict == "does not predict"


def test_few_cells_give_no_verdict() -> None:
    for one in predictors(*study(LEAST_CELLS - 1)):
        assert one.verdict == "not enough cells"
        assert one.correlation is one.interval is one.p_value is None


def test_the_same_seed_gives_the_same_numbers() -> None:
    assert predictors(*study(9), seed=3) == predictors(*study(9), seed=3)


def test_lists_of_different_length_are_refused() -> None:
    with pytest.raises(InputError, match="2 errors for 1 scores"):
        predictors([{}, {}], [0.5])
