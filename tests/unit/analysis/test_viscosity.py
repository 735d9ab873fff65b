"""Green-Kubo viscosity of a stress whose correlation is known."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.signal import lfilter
from scipy.spatial.transform import Rotation

from decant.analysis.viscosity import (
    Viscosity,
    autocorrelation,
    relative_noise,
    run_viscosity,
    running_integral,
    shear_components,
    viscosity,
)
from decant.foundation.errors import InputError

TEMPERATURE, VOLUME, STEP_PS, DECAY_PS, SIZE_BAR = 300.0, 1.0e4, 0.01, 0.5, 1000.0
# V / kT times the integral of SIZE^2 exp(-t / DECAY), in SI and then mPa s
EXPECTED = VOLUME * 1e-30 / (1.380649e-23 * TEMPERATURE) * (SIZE_BAR * 1e5) ** 2 * DECAY_PS * 1e-12 * 1e3


def stress(rows: int, seed: int) -> np.ndarray:
    """Isotropic pressure tensors whose shear parts decay exponentially: xx, yy, zz, xy, xz, yz, bar."""
    random = np.random.default_rng(seed)
    memory = np.exp(-STEP_PS / DECAY_PS)
    noise = np.sqrt(1 - memory**2) * random.normal(size=(rows, 6))
    series = SIZE_BAR * lfilter([1.0], [1.0, -memory], noise, axis=0)
    # of an isotropic fluid the diagonal of the traceless part has the variance 4/3 of that off it
    series[:, :3] = 1.0 + np.sqrt(2.0) * series[:, :3]
    return series


FAST_AND_3, FAST_AND_10 = {0.1: 0.2, 3.0: 0.8}, {0.1: 0.1, 10.0: 0.9}
"""As of a liquid: share of the viscosity by memory, ps."""


def measured(
    shares: dict[float, float], length_ps: float, seed: int, step_ps: float = 0.05, eta: float = 1.0
) -> Viscosity:
    """Viscosity as found in a run with some memories, of which the true one is `eta`, mPa s."""
    random = np.random.default_rng(seed)
    rows = round(length_ps / step_ps)
    series = np.zeros((rows, 6))
    for memory_ps, share in shares.items():
        kept = np.exp(-step_ps / memory_ps)
        noise = random.normal(size=(rows, 6)) * np.sqrt(1 - kept**2)
        noise[0] /= np.sqrt(1 - kept**2)  # in equilibrium from the first row on
        integral_ps = step_ps * (0.5 + kept / (1 - kept))  # of the correlation, by trapezia as in the analysis
        series += np.sqrt(share / integral_ps) * lfilter([1.0], [1.0, -kept], noise, axis=0)
    series[:, :3] *= np.sqrt(2.0)
    return viscosity(step_ps * np.arange(rows), series * np.sqrt(eta) * UNIT_BAR, TEMPERATURE, VOLUME)


UNIT_BAR = SIZE_BAR * np.sqrt(DECAY_PS / EXPECTED)  # stress whose integral over 1 ps is 1 mPa s


@pytest.mark.parametrize("memory_ps", [0.5, 3.0, 10.0])
@pytest.mark.parametrize("length_ps", [4.0, 10.0, 20.0, 50.0, 200.0])
def test_a_short_run_never_converges(memory_ps: float, length_ps: float):
    shares = {0.1: 0.2, memory_ps: 0.8}
    runs = [measured(shares, length_ps, seed, step_ps=0.01 if length_ps < 20 else 0.05) for seed in range(8)]
    assert not any(one.converged for one in runs)
    assert all(f"{length_ps:g} ps of stress, at least 300 ps are needed" in one.note for one in runs)


@pytest.mark.parametrize(("memory_ps", "eta"), [(30.0, 1.0), (30.0, 10.0), (100.0, 30.0), (400.0, 100.0)])
def test_a_run_of_few_memories_never_converges_however_long_it_is(memory_ps: float, eta: float):
    runs = [measured({0.3: 0.1, memory_ps: 0.9}, 400.0, seed, eta=eta) for seed in range(20)]
    assert not any(one.converged for one in runs)
    assert sum(one.rise > 2.0 for one in runs) >= 10


def test_a_viscous_liquid_needs_a_long_run():
    one = measured({1.0: 1.0}, 400.0, 0, eta=10.0)
    assert not one.converged
    assert "400 ps of stress, at least" in one.note
    assert measured({1.0: 1.0}, 2000.0, 1, eta=10.0).converged


def test_no_run_of_30_memories_converges():
    assert not any(measured(FAST_AND_10, 310.0, seed).converged for seed in range(40))


@pytest.mark.parametrize(("shares", "length_ps"), [(FAST_AND_3, 600.0), (FAST_AND_10, 2000.0), ({0.5: 1.0}, 400.0)])
def test_runs_of_200_memories_converge_and_their_error_covers_the_truth(shares: dict[float, float], length_ps: float):
    runs = [measured(shares, length_ps, seed) for seed in range(24)]
    converged = [one for one in runs if one.converged]
    assert len(converged) >= 0.75 * len(runs)
    assert np.mean([abs(one.value - 1.0) <= 2.0 * one.uncertainty for one in converged]) >= 0.9
    assert max(one.uncertainty / one.value for one in converged) <= 0.3


@pytest.mark.parametrize("shares", [FAST_AND_3, FAST_AND_10, {0.1: 0.5, 3.0: 0.5}, {0.1: 0.3, 1.0: 0.3, 10.0: 0.4}])
def test_what_converges_covers_the_truth_at_any_length(shares: dict[float, float]):
    runs = [measured(shares, length_ps, seed) for length_ps in (350.0, 500.0, 1000.0, 1500.0) for seed in range(16)]
    deviations = np.array([(one.value - 1.0) / one.uncertainty for one in runs if one.converged])
    assert len(deviations) > 20
    assert np.mean(np.abs(deviations) <= 2.0) >= 0.9
    assert np.abs(deviations).max() < 4.0


def test_long_runs_take_shorter_windows_and_know_the_viscosity_better():
    short, long = measured({0.5: 1.0}, 400.0, 1), measured({0.5: 1.0}, 4000.0, 2)
    assert short.converged
    assert long.converged
    assert long.uncertainty < 0.6 * short.uncertainty
    assert 15.0 <= long.window_ps[1] + 0.1 < 4000.0 / 20


def test_the_noise_of_a_mean_of_the_integral_is_that_of_a_gaussian_stress():
    rows, lags = 10_000, 500
    means = [running_integral(shear_components(stress(rows, seed)), lags, STEP_PS)[250:].mean() for seed in range(200)]
    # seen from a memory of 50 rows, with the early part of the walk missing
    assert np.std(means) / np.mean(means) == pytest.approx(relative_noise(lags, rows), rel=0.15)


def test_the_viscosity_of_a_known_stress_is_found_within_its_error():
    values = [viscosity(STEP_PS * np.arange(200_000), stress(200_000, seed), TEMPERATURE, VOLUME) for seed in range(4)]
    assert all(one.converged and not one.note for one in values)
    deviations = np.array([(one.value - EXPECTED) / one.uncertainty for one in values])
    assert np.abs(deviations).max() < 4
    assert np.mean([one.value for one in values]) == pytest.approx(EXPECTED, rel=0.1)
    assert values[0].window_ps[0] > 2 * DECAY_PS


def test_a_run_shorter_than_the_decay_has_not_converged():
    one = viscosity(STEP_PS * np.arange(500), stress(500, 3), TEMPERATURE, VOLUME)
    assert not one.converged
    assert "not converged" in one.summary()["note"]
    with pytest.raises(InputError, match="at least 400 are needed"):
        viscosity(STEP_PS * np.arange(50), stress(50, 3), TEMPERATURE, VOLUME)


def test_the_viscosity_does_not_depend_on_the_directions_of_the_axes():
    rows = stress(4000, 5)
    full = np.stack([rows[:, [0, 3, 4]], rows[:, [3, 1, 5]], rows[:, [4, 5, 2]]], axis=1)
    turn = Rotation.random(rng=1).as_matrix()
    turned = turn @ full @ turn.T
    again = np.stack([turned[:, i, j] for i, j in ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))], axis=1)
    one, other = (viscosity(STEP_PS * np.arange(4000), each, TEMPERATURE, VOLUME) for each in (rows, again))
    assert other.value == pytest.approx(one.value, rel=1e-9)


def test_the_correlation_by_fourier_transform_is_that_of_its_definition():
    shear = shear_components(stress(200, 8))
    direct = [np.mean((shear[: 200 - lag] * shear[lag:]).sum(axis=1)) for lag in range(50)]
    assert autocorrelation(shear, 50) == pytest.approx(np.array(direct), rel=1e-9, abs=1e-6)


def test_the_viscosity_of_a_run_is_that_from_the_time_on_and_at_the_temperature_it_had(tmp_path: Path) -> None:
    early, late = 3.0 * stress(1000, 6), stress(2000, 7)
    rows = np.concatenate([early, late])
    steps = 10 * np.arange(1, len(rows) + 1)
    np.savetxt(tmp_path / "stress.0.dat", np.column_stack([steps, rows]), fmt=["%d", *["%.10g"] * 6])
    time = 0.001 * steps
    run = SimpleNamespace(
        segment_files=lambda stem, suffix: [tmp_path / f"{stem}.0.{suffix}"],
        thermo=lambda: {
            "time_ps": time, "temperature_K": np.where(time > 10.0, 330.0, 500.0), "volume_A3": np.full(3000, VOLUME)
        },
        description=SimpleNamespace(
            time_ps=lambda step: 0.001 * step, timestep_ps=0.001, temperature_K=TEMPERATURE, ensemble="nvt"
        ),
    )  # fmt: skip
    expected = viscosity(time[1000:], late, TEMPERATURE, VOLUME)
    assert run_viscosity(run, time[1000]).value == pytest.approx(expected.value, rel=1e-6)
    run.description.ensemble = "nve"  # nobody holds its temperature
    assert run_viscosity(run, time[1000]).value == pytest.approx(expected.value * TEMPERATURE / 330.0, rel=1e-6)
    with pytest.raises(InputError, match="0 rows of stress from 40 ps on"):
        run_viscosity(run, 40.0)


def test_rows_far_apart_are_measured_too() -> None:
    stress = np.random.default_rng(0).normal(size=(2000, 6))
    found = viscosity(20.0 * np.arange(2000), stress, 300.0, 1e4)
    assert np.isfinite(found.value) and found.window_ps[1] > found.window_ps[0]
