"""What of an analysed run counts as measured."""

from __future__ import annotations

import pytest

from decant.scoring.quantity import Quantity, density, diffusion, no_diffusion
from tests.unit.scored_runs import diffusion_entry


def test_without_a_standard_error_the_spread_of_samples_stands_for_it() -> None:
    entry = {"value": 1.05, "uncertainty": None, "standard_deviation": 0.03}
    assert density({"density": entry}) == Quantity(1.05, 0.03)
    assert density({"density": {**entry, "uncertainty": 0.01}}) == Quantity(1.05, 0.01)


def test_what_is_missing_says_why() -> None:
    assert density({"density": {"not_available": "only 3 samples"}}) == "only 3 samples"
    stopped = {"production": {"not_available": "the run was stopped before its first frame"}}
    assert density(stopped) == no_diffusion(stopped) == "the run was stopped before its first frame"
    assert diffusion(stopped, corrected=True) == {}
    assert no_diffusion({"diffusion": {"not_available": "too few frames"}}) == "too few frames"


def test_a_starred_diffusion_is_no_measurement() -> None:
    found = diffusion({"diffusion": {"A": diffusion_entry(1.0, note="not diffusive yet"),
                                     "B": diffusion_entry(-0.1)}}, corrected=False)  # fmt: skip
    assert found == {"A": "not diffusive yet", "B": "no value with an uncertainty"}


def test_the_box_is_corrected_for_where_the_viscosity_is_known_and_else_makes_it_uncertain() -> None:
    correction = {"yeh_hummer_correction_at_1_mPa_s_1e-5_cm2_s": 0.4}
    unknown = {"diffusion": {"A": diffusion_entry(1.0, 0.3, **correction)}}
    assert diffusion(unknown, corrected=True) == {"A": Quantity(1.0, pytest.approx(0.5))}
    assert diffusion(unknown, corrected=False) == {"A": Quantity(1.0, 0.3)}
    known = {"diffusion": {"A": diffusion_entry(1.0, 0.3, **correction, **{"diffusion_corrected_1e-5_cm2_s": 1.8})}}
    assert diffusion(known, corrected=True) == {"A": Quantity(1.8, 0.3)}
