"""Correlated motion of ions whose motion is known: alone, in pairs that walk together, dragged by the solvent."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decant.analysis.conductivity import Conductivity, IonicConductivity
from decant.analysis.diffusion import Diffusion, SelfDiffusion
from decant.analysis.frames import alone
from decant.analysis.onsager import MASS, SOLVENT, Onsager, onsager
from decant.analysis.table import rows
from decant.foundation.errors import InputError
from tests.unit.universes import universe

EDGE, KELVIN = 25.0, 300.0


def liquid(names: list[str], D: dict[str, float], frames: int = 2000, seed: int = 1, together: bool = False):
    """Lone carbon atoms that walk with D (angstrom^2/ps) by name; with `together` an anion steps as the one before."""
    random = np.random.default_rng(seed)
    scale = np.sqrt([2 * D[name] for name in names])[:, None]
    steps = random.normal(size=(frames, len(names), 3)) * scale
    if together:
        for k, name in enumerate(names):
            if name == "PF6-":
                steps[:, k] = steps[:, k - 1]
    start = random.uniform(0, EDGE, size=(len(names), 3))
    atoms = list(range(len(names)))
    return universe(start + np.cumsum(steps, axis=0), ["C"] * len(names), atoms, names, np.array(EDGE))


def measured(made) -> tuple[Onsager, float, dict[str, float]]:
    conductivity = alone(made, IonicConductivity(made, 0.0, KELVIN))
    diffusions = alone(made, SelfDiffusion(made))
    alone_ = {name: one.value for name, one in conductivity.nernst_einstein(diffusions).items()}
    return onsager(conductivity, diffusions), conductivity.einstein.value, alone_


SALT = ["Li+", "PF6-"] * 15 + ["EC"] * 120


@settings(max_examples=8)
@given(seed=st.integers(0, 10_000), fast=st.floats(0.02, 0.2))
def test_the_parts_add_up_to_the_conductivity_in_either_frame(seed: int, fast: float) -> None:
    found, whole, _ = measured(liquid(SALT, {"Li+": 0.05, "PF6-": fast, "EC": 0.1}, 300, seed))
    assert sum(one.value for one in found.parts.values()) == pytest.approx(whole, rel=1e-6)
    assert set(found.transference) == {SOLVENT, MASS}
    for frame, whole in found.transference.items():
        assert found.running[frame][-1] == pytest.approx(whole.value, rel=1e-9, abs=1e-12)


def test_ions_that_walk_alone_have_no_distinct_part_and_share_by_their_diffusion() -> None:
    found, _, alone_ = measured(liquid(SALT, {"Li+": 0.04, "PF6-": 0.12, "EC": 0.0}))
    cross = found.parts["Li+", "PF6-"]
    assert cross.uncertainty is not None and abs(cross.value) < 3 * cross.uncertainty
    for name in ("Li+", "PF6-"):
        distinct = found.summary()["distinct"][name]
        assert abs(distinct["value"]) < 3.5 * distinct["uncertainty"]
        assert found.own[name].value == pytest.approx(alone_[name])
    share = found.transference[SOLVENT]
    assert share.uncertainty is not None and 0 < share.uncertainty < 0.15
    assert abs(share.value - 0.25) < 4 * share.uncertainty


def test_pairs_that_walk_together_cancel_each_other() -> None:
    found, whole, alone_ = measured(liquid(SALT, {"Li+": 0.05, "PF6-": 0.05, "EC": 0.0}, together=True))
    assert abs(whole) < 1e-6 * sum(alone_.values())
    both = found.parts["Li+", "Li+"].value + found.parts["PF6-", "PF6-"].value
    assert found.parts["Li+", "PF6-"].value == pytest.approx(-both, rel=1e-6)
    assert "uncertainty of the transference number" in found.note or found.transference[SOLVENT].uncertainty is None


def test_what_the_solvent_carries_along_is_no_motion_of_its_own() -> None:
    made = liquid(SALT, {"Li+": 0.05, "PF6-": 0.05, "EC": 0.0})
    still = measured(made)[0]
    common = np.cumsum(np.random.default_rng(5).normal(scale=0.3, size=(2000, 1, 3)), axis=0)
    positions = made.trajectory.coordinate_array
    positions += common  # the whole box drifts
    moved = measured(made)[0]
    for frame in (SOLVENT, MASS):
        assert moved.transference[frame].value == pytest.approx(still.transference[frame].value, abs=1e-3)


def test_a_melt_has_no_solvent_and_one_kind_of_charge_no_transference() -> None:
    found, _, _ = measured(liquid(["Li+", "PF6-"] * 10, {"Li+": 0.05, "PF6-": 0.05}, 400))
    assert set(found.transference) == {MASS}
    made = liquid(SALT, {"Li+": 0.05, "PF6-": 0.05, "EC": 0.1}, 300)
    conductivity, diffusions = alone(made, IonicConductivity(made, 0.0, KELVIN)), alone(made, SelfDiffusion(made))
    with pytest.raises(InputError, match="one kind of charge only"):
        onsager(conductivity, [one for one in diffusions if one.species != "PF6-"])


def as_if_diffusive(made) -> tuple[Conductivity, list[Diffusion]]:
    """What is measured of walkers, with the slope that they have over many of their walks."""
    found = alone(made, IonicConductivity(made, 0.0, KELVIN)), alone(made, SelfDiffusion(made))
    return replace(found[0], slope=1.0), [replace(one, slope=1.0) for one in found[1]]


def test_numbers_of_a_motion_that_has_a_note_have_one() -> None:
    conductivity, diffusions = as_if_diffusive(liquid(SALT, {"Li+": 0.001, "PF6-": 0.001, "EC": 0.001}, 200))
    assert "ions moved 0.26 A by the end of the fit window, 1.4 A expected" in conductivity.note
    found = onsager(conductivity, diffusions).summary()
    assert "the conductivity, of the same motion, has a note" in found["note"]
    assert "moved" in found["self"]["Li+"]["note"]
    apart = conductivity.summary(diffusions)["nernst_einstein"]
    assert "diffusion of Li+: moved" in apart["note"] and "diffusion of PF6-: moved" in apart["note"]
    noted = {"conductivity": conductivity.summary(diffusions), "onsager": found}
    assert all(value.endswith("*") for _, value, _ in rows(noted)[1:])


def test_numbers_of_ions_that_diffuse_have_no_note() -> None:
    conductivity, diffusions = as_if_diffusive(liquid(SALT, {"Li+": 0.05, "PF6-": 0.05, "EC": 0.1}, 2000))
    assert not conductivity.note and not onsager(conductivity, diffusions).note
    assert "note" not in conductivity.summary(diffusions)["nernst_einstein"]
