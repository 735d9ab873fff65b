"""Diffusion of walkers whose coefficient is known."""

from __future__ import annotations

import numpy as np
import pytest
from MDAnalysis import Universe

from decant.analysis import diffusion as module
from decant.analysis.diffusion import (
    Diffusion,
    SelfDiffusion,
    fit_window,
    mean_square_displacement,
    remove_box_scaling,
    yeh_hummer,
)
from decant.analysis.frames import alone
from decant.foundation.errors import InputError
from tests.unit.universes import random_walkers, universe


def diffusion(made: Universe, **options: float) -> list[Diffusion]:
    return alone(made, SelfDiffusion(made, **options))


def test_the_mean_square_displacement_is_the_average_over_all_time_origins() -> None:
    paths = np.cumsum(np.random.default_rng(2).normal(size=(57, 6, 3)), axis=0) + 800
    lags = [((paths[lag:] - paths[: len(paths) - lag]) ** 2).sum(axis=2).mean(axis=0) for lag in range(57)]
    np.testing.assert_allclose(mean_square_displacement(paths), lags, rtol=1e-9, atol=1e-9)


def test_molecules_taken_in_blocks_diffuse_as_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = diffusion(random_walkers(30, 60, 0.1, 1.0, seed=3))
    monkeypatch.setattr(module, "BLOCK_NUMBERS", 60 * 3 * 4)
    for one, other in zip(whole, diffusion(random_walkers(30, 60, 0.1, 1.0, seed=3)), strict=True):
        assert (one.value, one.uncertainty) == pytest.approx((other.value, other.uncertainty), rel=1e-9)
        np.testing.assert_allclose(one.msd_A2, other.msd_A2, rtol=1e-9, atol=1e-9)


def test_a_large_system_gives_fewer_frames_and_the_same_diffusion(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = diffusion(random_walkers(100, 240, 0.1, 1.0, seed=3))
    monkeypatch.setattr(module, "MOST_CENTRES", 100 * 120)
    for one, other in zip(whole, diffusion(random_walkers(100, 240, 0.1, 1.0, seed=3)), strict=True):
        assert len(other.lag_ps) == 120
        np.testing.assert_allclose(other.msd_A2, one.msd_A2[::2], rtol=0.1, atol=0.1)
        assert other.uncertainty is not None
        assert abs(one.value - other.value) < other.uncertainty


def test_random_walkers_diffuse_as_they_were_told_to() -> None:
    # 0.05 A^2/ps = 0.5e-5 cm2/s
    for one in diffusion(random_walkers(400, 200, 0.05, 0.5, seed=5)):
        assert one.uncertainty is not None
        assert abs(one.value - 0.5) < 3 * one.uncertainty
        assert one.uncertainty < 0.1
        assert one.slope == pytest.approx(1.0, abs=0.15)
        assert one.molecules == 200
        assert one.window_ps == pytest.approx((20.0, 59.5), abs=0.6)


def test_the_uncertainty_is_the_spread_of_repeated_runs() -> None:
    runs = [diffusion(random_walkers(40, 100, 0.1, 1.0, seed=seed))[0] for seed in range(25)]
    stated = np.mean([one.uncertainty for one in runs])
    assert 0.7 < stated / np.std([one.value for one in runs]) < 1.4


def test_a_drift_of_the_whole_liquid_is_not_diffusion() -> None:
    drifting = random_walkers(100, 100, 0.05, 1.0, seed=1)
    still = diffusion(random_walkers(100, 100, 0.05, 1.0, seed=1))
    frames = drifting.trajectory.get_array()
    drifting.trajectory.set_array(frames + np.arange(100)[:, None, None] * np.array([0.5, 0, 0]), order="fac")
    for one, other in zip(still, diffusion(drifting), strict=True):
        assert other.value == pytest.approx(one.value, rel=1e-3)


def test_what_some_of_the_molecules_do_together_is_no_drift() -> None:
    """A trajectory of one species: the system rests, of which it holds a third."""
    steps = np.random.default_rng(4).normal(scale=0.3, size=(200, 12, 3))
    paths, names = np.cumsum(steps - steps.mean(axis=1, keepdims=True), axis=0), ["A"] * 4 + ["B"] * 8
    every, some = (
        universe(paths[:, :count], ["C"] * count, list(range(count)), names[:count], np.array(20.0), dt=0.1)
        for count in (12, 4)
    )
    expected, found = alone(every, SelfDiffusion(every))[0], alone(some, SelfDiffusion(some, whole=False))[0]
    assert found.species == "A" and found.value == pytest.approx(expected.value, rel=1e-5)
    assert alone(some, SelfDiffusion(some))[0].value < 0.95 * expected.value, "what it would be about their own centre"


def test_a_breathing_box_does_not_make_distant_molecules_diffuse() -> None:
    # molecules at rest in the box, hundreds of images away, as after a long run: image * change of box is no motion
    random = np.random.default_rng(0)
    boxes = 20.0 + 0.2 * random.normal(size=120)
    inside, images = random.uniform(0.1, 0.9, size=(10, 3)), random.integers(-300, 300, size=(10, 3))
    positions = (inside + images) * boxes[:, None, None]
    resting = universe(positions, ["C"] * 10, list(range(10)), ["A"] * 10, boxes)
    assert np.abs(np.diff(positions, axis=0)).max() > 50
    assert diffusion(resting)[0].msd_A2.max() < 1.0


def test_unwrapping_again_changes_nothing_in_a_fixed_box() -> None:
    walk = np.cumsum(np.random.default_rng(3).normal(scale=0.5, size=(200, 5, 3)), axis=0) - 50
    cell = np.array([[12.0, 0, 0], [3.0, 11, 0], [1.0, -2, 13]])
    np.testing.assert_allclose(remove_box_scaling(walk, np.tile(cell, (200, 1, 1))), walk, atol=1e-9)


def test_yeh_hummer_correction_as_computed_by_hand() -> None:
    # 2.837297 * 1.380649e-23 * 298 / (6 pi * 1e-3 * 2e-9) = 3.0965e-10 m2/s = 0.30965e-5 cm2/s
    assert yeh_hummer(298.0, 20.0, 1.0) == pytest.approx(0.30965, rel=1e-4)
    assert yeh_hummer(298.0, 40.0, 2.0) == pytest.approx(0.30965 / 4, rel=1e-4)


def test_a_viscosity_corrects_the_value_and_without_one_only_the_law_is_given() -> None:
    walkers = random_walkers(40, 60, 0.05, 1.0, seed=5)
    law = diffusion(walkers, temperature=298.0)[0].summary()
    assert law["yeh_hummer_correction_at_1_mPa_s_1e-5_cm2_s"] == pytest.approx(0.30965, rel=1e-4)
    assert "diffusion_corrected_1e-5_cm2_s" not in law
    full = diffusion(random_walkers(40, 60, 0.05, 1.0, seed=5), temperature=298.0, viscosity_mPa_s=2.0)[0].summary()
    assert full["diffusion_corrected_1e-5_cm2_s"] - full["diffusion_1e-5_cm2_s"] == pytest.approx(0.30965 / 2, rel=1e-4)


def test_few_molecules_get_no_uncertainty_and_caged_ones_a_warning() -> None:
    one = diffusion(random_walkers(4, 60, 0.05, 1.0, seed=5))[0]
    assert one.uncertainty is None
    assert "no uncertainty from 2 molecules" in one.summary()["note"]
    caged = np.random.default_rng(0).normal(scale=0.3, size=(60, 20, 3)) + 5
    still = universe(caged, ["C"] * 20, list(range(20)), ["A"] * 20, np.array(20.0))
    assert "not diffusive yet" in diffusion(still)[0].summary()["note"]


def test_too_few_frames_are_refused() -> None:
    with pytest.raises(InputError, match="lag times to fit"):
        fit_window(np.arange(6.0))
    with pytest.raises(InputError, match="too few for diffusion"):
        diffusion(random_walkers(4, 2, 0.05, 1.0, seed=5))
