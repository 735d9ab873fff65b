"""Conductivity of charges whose motion is known: alone, in pairs that walk together, and against each other."""

from __future__ import annotations

import numpy as np
import pytest

from decant.analysis.conductivity import (
    LEAST_FRAMES,
    Conductivity,
    IonicConductivity,
    charges_of,
    conductivity_factor,
    has_ions,
)
from decant.analysis.diffusion import Diffusion, SelfDiffusion
from decant.analysis.frames import alone
from decant.foundation.errors import InputError
from tests.unit.universes import universe

EDGE, KELVIN, D = 25.0, 300.0, 0.05


def walkers(names: list[str], together: bool = False, frames: int = 1500, seed: int = 1, drift: float = 0.0):
    """Lone carbon atoms under the names of ions that walk with D angstrom^2/ps; each second one after the first."""
    random = np.random.default_rng(seed)
    steps = random.normal(scale=np.sqrt(2 * D), size=(frames, len(names), 3)) + drift
    if together:
        steps[:, 1::2] = steps[:, ::2]
    start = random.uniform(0, EDGE, size=(len(names), 3))
    atoms = list(range(len(names)))
    return universe(start + np.cumsum(steps, axis=0), ["C"] * len(names), atoms, names, np.array(EDGE))


def measured(made) -> tuple[Conductivity, list[Diffusion]]:
    return alone(made, IonicConductivity(made, 0.0, KELVIN)), alone(made, SelfDiffusion(made))


def expected(charges: list[int]) -> float:
    return conductivity_factor(EDGE**3, KELVIN) * D * sum(charge**2 for charge in charges)


def test_a_molar_solution_of_walkers_conducts_what_the_textbook_says() -> None:
    # 1 mol/L of 1:1 salt with D = 1e-5 cm2/s of both at 298.15 K: 2 F^2 c D / (R T) = 7.51 S/m
    ions = 2 * 6.02214076e23 * 1e-27  # an angstrom^3
    assert conductivity_factor(1.0, 298.15) * ions * 0.1 == pytest.approx(75.1, rel=1e-3)


def test_ions_that_walk_alone_conduct_by_both_formulas_alike() -> None:
    conductivity, diffusions = measured(walkers(["Li+", "PF6-"] * 20))
    summary = conductivity.summary(diffusions)
    whole, alone_ = summary["einstein"], summary["nernst_einstein"]
    assert abs(whole["value"] - expected([1, -1] * 20)) < 3 * whole["uncertainty"]
    assert whole["uncertainty"] < 0.4 * whole["value"]
    assert alone_["value"] == pytest.approx(expected([1, -1] * 20), rel=0.15)
    assert summary["cation_transference_of_nernst_einstein"] == pytest.approx(0.5, abs=0.1)


def test_pairs_that_walk_together_conduct_nothing() -> None:
    conductivity, diffusions = measured(walkers(["Li+", "PF6-"] * 20, together=True))
    summary = conductivity.summary(diffusions)
    assert abs(summary["einstein"]["value"]) < 1e-6 * summary["nernst_einstein"]["value"]
    assert summary["einstein_over_nernst_einstein"] == pytest.approx(0, abs=1e-6)


def test_charges_count_by_their_square_and_the_drift_of_a_neutral_box_not_at_all() -> None:
    names = ["Mg2+", "TFSI-", "TFSI-"] * 10
    still, drifting = (measured(walkers(names, drift=drift)) for drift in (0.0, 0.5))
    assert still[0].charges == {"Mg2+": (2, 10), "TFSI-": (-1, 20)}
    assert drifting[0].einstein.value == pytest.approx(still[0].einstein.value, rel=1e-3)
    whole = still[0].einstein
    assert whole.uncertainty is not None
    assert abs(whole.value - expected([2, -1, -1] * 10)) < 3 * whole.uncertainty


def test_the_uncertainty_holds_what_it_says() -> None:
    found = [measured(walkers(["Li+", "Cl-"] * 8, frames=400, seed=seed))[0].einstein for seed in range(20)]
    off = np.array([abs(one.value - expected([1, -1] * 8)) / one.uncertainty for one in found])
    # of many more seeds 65 % are within one error and 87 % within two: fifteen slopes of few paths are no Gaussian
    assert 0.4 < np.mean(off < 1) < 0.9 and np.mean(off < 2) > 0.75 and off.max() < 6


def test_solvents_beside_the_ions_change_nothing_and_alone_have_no_conductivity() -> None:
    with_ions = walkers(["EC", "EC", "Li+", "PF6-"] * 5)
    assert set(measured(with_ions)[0].charges) == {"Li+", "PF6-"}
    assert has_ions(with_ions) and not has_ions(walkers(["EC", "EMC"], frames=2))


def test_an_ion_by_its_smiles_counts_as_by_its_name_and_a_formula_is_no_ion() -> None:
    ionic_liquid = walkers(["CCn1cc[n+](C)c1", "FC(F)(F)S(=O)(=O)[N-]S(=O)(=O)C(F)(F)F"] * 3, frames=130)
    assert charges_of(ionic_liquid).tolist() == [1, -1] * 3 and has_ions(ionic_liquid)
    assert charges_of(walkers(["F6P", "C3H4O3", "[Li+]", "Li+"], frames=2)).tolist() == [0, 0, 1, 1]


def test_the_fewest_frames_that_are_asked_for_are_enough() -> None:
    made = walkers(["Li+", "PF6-"] * 2, frames=LEAST_FRAMES)
    assert alone(made, IonicConductivity(made, 0.0, KELVIN)).einstein.uncertainty is not None


def test_a_charged_box_and_a_short_run_are_told() -> None:
    with pytest.raises(InputError, match=r"the box has a charge of \+1 e"):
        IonicConductivity(walkers(["Li+", "EC"], frames=50), 0.0, KELVIN)
    short = walkers(["Li+", "PF6-"], frames=12)
    with pytest.raises(InputError, match="12 trajectory frames; 125 at least are needed"):
        alone(short, IonicConductivity(short, 0.0, KELVIN))
    rattling = walkers(["Li+", "PF6-"] * 4, frames=150)
    positions = rattling.trajectory.coordinate_array
    positions[:] = positions[:1] + np.random.default_rng(1).normal(scale=0.1, size=positions.shape)
    conductivity = alone(rattling, IonicConductivity(rattling, 0.0, KELVIN))
    assert "too short a run" in conductivity.summary([])["note"]
