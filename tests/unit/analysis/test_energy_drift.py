"""Drift of a conserved energy."""

from __future__ import annotations

import numpy as np
import pytest

from decant.analysis.energy_drift import conserved_energy, energy_drift
from decant.foundation.errors import InputError


def test_a_known_drift_is_recovered_within_its_uncertainty() -> None:
    time = np.arange(400) * 0.05
    noise = np.random.default_rng(0).normal(scale=0.002, size=400)
    result = energy_drift(time, -1.0e5 + 0.016 * time + noise, atoms=160)  # 0.1 meV/atom/ps
    assert result["uncertainty"] > 0
    assert abs(result["value"] - 0.1) < 4 * result["uncertainty"]
    assert result["unit"] == "meV/atom/ps"


def test_correlated_noise_widens_the_uncertainty() -> None:
    time, random = np.arange(1000) * 0.01, np.random.default_rng(1)
    white = random.normal(size=1000)
    red = np.convolve(random.normal(size=1019), np.ones(20), mode="valid") / np.sqrt(20)
    assert energy_drift(time, red, 1)["uncertainty"] > 2 * energy_drift(time, white, 1)["uncertainty"]


def test_the_logged_conserved_quantity_wins_and_without_it_only_nve_has_one() -> None:
    total, conserved = np.arange(3.0), np.ones(3)
    assert conserved_energy({"total_energy_eV": total, "conserved_energy_eV": conserved}, "npt") is conserved
    assert conserved_energy({"total_energy_eV": total}, "nve") is total
    with pytest.raises(InputError, match="no conserved energy for ensemble npt"):
        conserved_energy({"total_energy_eV": total}, "npt")
