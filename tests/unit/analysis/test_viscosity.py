"""Green-Kubo viscosity of a stress whose correlation is known."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.signal import lfilter
from scipy.spatial.transform import Rotation

from decant.analysis.viscosity import autocorrelation, run_viscosity, shear_components, viscosity
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
