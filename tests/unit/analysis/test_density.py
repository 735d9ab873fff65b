"""Density: equilibration, correlated-sample uncertainty, and silence where a run is too short."""

from __future__ import annotations

import numpy as np
import pytest

from decant.analysis.averages import average
from decant.analysis.density import density
from decant.foundation.errors import InputError


def correlated(samples: int, tau: float, seed: int) -> np.ndarray:
    """First-order autoregressive series of unit variance and correlation time `tau` samples."""
    random, memory = np.random.default_rng(seed), np.exp(-1 / tau)
    values = np.empty(samples)
    values[0] = random.normal()
    for index in range(1, samples):
        values[index] = memory * values[index - 1] + np.sqrt(1 - memory**2) * random.normal()
    return values


def test_the_uncertainty_of_a_correlated_series_is_that_of_repeated_series() -> None:
    averages = [average(np.arange(2000.0), correlated(2000, 8.0, seed), "g/cm3", detect=False) for seed in range(40)]
    spread = np.std([one.value for one in averages])
    stated = np.mean([one.uncertainty for one in averages if one.uncertainty is not None])
    assert 0.7 < stated / spread < 1.4
    # exact: g = (1 + memory) / (1 - memory) = coth(1 / (2 tau))
    exact = 1 / np.tanh(1 / 16)
    assert exact < np.mean([one.statistical_inefficiency for one in averages]) < 1.5 * exact  # the larger of two


@pytest.mark.parametrize("ringing", [0.0, 1.0])
def test_runs_not_much_longer_than_their_memory_state_what_they_repeat(ringing: float) -> None:
    """Twenty memories: the places where equilibration could end are many, and that of the smallest error is chance."""
    time = np.arange(600.0)
    averages = [
        average(time, correlated(600, 30.0, seed) + ringing * np.sin(time * 0.8 + seed), "g/cm3") for seed in range(60)
    ]
    spread = np.std([one.value for one in averages])
    known = [one.uncertainty for one in averages if one.uncertainty is not None]
    assert len(known) > 20
    assert np.sqrt(np.mean(np.square(known))) > 0.6 * spread


def test_most_runs_of_a_few_memories_get_no_uncertainty() -> None:
    averages = [average(np.arange(400.0), correlated(400, 80.0, seed), "g/cm3") for seed in range(60)]
    assert sum(one.uncertainty is None for one in averages) > 40


def test_a_run_that_drifts_for_most_of_its_time_is_told_by_its_later_half_and_without_an_error() -> None:
    time = np.arange(600.0)
    result = average(time, 0.8 - 0.2 * np.exp(-time / 150) + 0.004 * correlated(600, 4.0, 5), "g/cm3")
    assert result.uncertainty is None
    assert result.equilibrated_after_ps > 250
    assert result.value == pytest.approx(0.8, abs=0.02)


def test_a_transient_is_left_out_of_a_run_that_is_long_enough() -> None:
    time = np.arange(2000.0)
    series = [correlated(2000, 8.0, seed) + 12 * np.exp(-time / 60) for seed in range(40)]
    averages = [average(time, one, "g/cm3") for one in series]
    assert all(20 <= one.equilibrated_after_ps <= 1000 for one in averages)
    assert all(one.uncertainty is not None for one in averages)
    assert np.mean([abs(one.value) < 2 * one.uncertainty for one in averages]) > 0.8  # type: ignore[operator]


def test_equilibration_is_found_and_left_out() -> None:
    time = np.arange(3000) * 0.1
    values = 1.13 + 0.004 * correlated(3000, 5.0, 2) - 0.3 * np.exp(-time / 10.0)
    result = density({"time_ps": time, "density_g_cm3": values})
    assert 20 < result.equilibrated_after_ps < 120
    assert result.uncertainty is not None
    assert abs(result.value - 1.13) < 4 * result.uncertainty
    assert result.unit == "g/cm3"


def test_a_given_skip_is_kept_to() -> None:
    time = np.arange(200.0)
    result = density({"time_ps": time, "density_g_cm3": np.where(time < 50, 9.0, 1.0)}, skip_ps=50.0)
    assert (result.value, result.equilibrated_after_ps, result.samples) == (1.0, 50.0, 150)


def test_a_run_shorter_than_its_memory_gets_no_uncertainty() -> None:
    result = average(np.arange(100.0), correlated(100, 40.0, 4), "g/cm3", detect=False)
    assert result.uncertainty is None
    assert "too short" in result.summary()["note"]


def test_the_spread_of_a_run_that_still_drifts_is_not_that_of_its_last_moments() -> None:
    time = np.arange(160.0)
    result = average(time, 1.06 - 0.0007 * time + 0.0002 * np.sin(time), "g/cm3")
    assert result.uncertainty is None
    assert result.standard_deviation > 0.01, "half of the run fell by 0.056"


def test_a_fixed_volume_has_an_exact_density() -> None:
    result = average(np.arange(50.0), np.full(50, 1.2), "g/cm3")
    assert (result.value, result.uncertainty) == (1.2, 0.0)


def test_a_handful_of_samples_is_refused() -> None:
    with pytest.raises(InputError, match="only 3 samples"):
        density({"time_ps": np.arange(3.0), "density_g_cm3": np.array([1.0, 1.1, 1.2])})
