"""The split of forces into rigid-body and internal parts, and the errors built on it."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from decant.data.prediction import Prediction
from decant.foundation.errors import InputError
from decant.potentials.fit_errors import PARTS, fit_errors, force_components, split_forces

seeds = st.integers(0, 2**32 - 1)


def random_liquid(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A few molecules of 1 to 6 atoms: positions, masses, forces, molecule numbers with gaps."""
    random = np.random.default_rng(seed)
    sizes = random.integers(1, 7, size=4)
    mol_id = np.repeat([7, 0, 3, 11], sizes)
    atoms = len(mol_id)
    return random.normal(size=(atoms, 3)) * 2, random.uniform(1, 16, atoms), random.normal(size=(atoms, 3)), mol_id


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_parts_add_up_and_are_orthogonal_in_the_mass_metric(seed: int) -> None:
    positions, masses, forces, mol_id = random_liquid(seed)
    parts = split_forces(positions, masses, forces, mol_id)
    np.testing.assert_allclose(sum(getattr(parts, name) for name in PARTS), forces, atol=1e-12)
    for first, second in ((0, 1), (0, 2), (1, 2)):
        a, b = getattr(parts, PARTS[first]), getattr(parts, PARTS[second])
        assert abs(np.sum(a * b / masses[:, None])) < 1e-8


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_rigid_acceleration_has_no_vibrational_part(seed: int) -> None:
    positions, masses, _, mol_id = random_liquid(seed)
    random = np.random.default_rng(seed + 1)
    rigid, spin = np.zeros_like(positions), np.zeros_like(positions)
    for molecule in np.unique(mol_id):
        mine = mol_id == molecule
        weight = masses[mine, None]
        arm = positions[mine] - (weight * positions[mine]).sum(0) / weight.sum()
        rigid[mine] = weight * random.normal(size=3)
        spin[mine] = weight * np.cross(random.normal(size=3), arm)
    parts = split_forces(positions, masses, rigid + spin, mol_id)
    np.testing.assert_allclose(parts.translational, rigid, atol=1e-7)
    np.testing.assert_allclose(parts.rotational, spin, atol=1e-7)
    np.testing.assert_allclose(parts.vibrational, 0, atol=1e-7)


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_inner_parts_carry_no_net_force_and_vibration_no_torque(seed: int) -> None:
    positions, masses, forces, mol_id = random_liquid(seed)
    parts = split_forces(positions, masses, forces, mol_id)
    for molecule in np.unique(mol_id):
        mine = mol_id == molecule
        np.testing.assert_allclose(parts.rotational[mine].sum(0), 0, atol=1e-8)
        np.testing.assert_allclose(parts.vibrational[mine].sum(0), 0, atol=1e-8)
        np.testing.assert_allclose(np.cross(positions[mine], parts.vibrational[mine]).sum(0), 0, atol=1e-7)


@settings(max_examples=30, deadline=None)
@given(seeds)
def test_the_split_turns_with_the_liquid(seed: int) -> None:
    positions, masses, forces, mol_id = random_liquid(seed)
    turn = Rotation.random(rng=np.random.default_rng(seed)).as_matrix()
    straight = split_forces(positions, masses, forces, mol_id)
    turned = split_forces(positions @ turn.T + 5.0, masses, forces @ turn.T, mol_id)
    for name in PARTS:
        np.testing.assert_allclose(getattr(turned, name), getattr(straight, name) @ turn.T, atol=1e-7)


def test_a_diatomic_splits_as_on_paper() -> None:
    # masses 1 and 3 on x, a force (1, 1, 0) on the light atom: F/M = (1/4, 1/4, 0); about the centre of mass the
    # torque is 3/4 of unit z, I = 1 * (3/4)^2 + 3 * (1/4)^2 = 3/4, so the angular acceleration is 1
    positions = np.array([[1.0, 0, 0], [0, 0, 0]])
    parts = split_forces(positions, np.array([1.0, 3.0]), np.array([[1.0, 1, 0], [0, 0, 0]]), np.array([0, 0]))
    np.testing.assert_allclose(parts.translational, [[0.25, 0.25, 0], [0.75, 0.75, 0]], atol=1e-12)
    np.testing.assert_allclose(parts.rotational, [[0, 0.75, 0], [0, -0.75, 0]], atol=1e-12)
    np.testing.assert_allclose(parts.vibrational, [[0.75, 0, 0], [-0.75, 0, 0]], atol=1e-12)


def test_a_lone_atom_only_translates() -> None:
    position = np.array([[0.1, 0.2, 0.7]]) * 3.3
    parts = split_forces(position, np.array([15.999]), np.array([[1.0, 2, 3]]), np.array([4]))
    np.testing.assert_allclose(parts.translational, [[1, 2, 3]])
    assert not parts.rotational.any()


def labelled_water() -> Atoms:
    atoms = Atoms("OHHOHH", [[0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0], [9.7, 5, 5], [0.66, 5, 5], [9.46, 5.93, 5]])
    atoms.set_cell([10, 10, 10])
    atoms.pbc = True
    atoms.arrays["mol_id"] = np.array([0, 0, 0, 1, 1, 1])
    atoms.arrays["REF_forces"] = np.random.default_rng(3).normal(size=(6, 3))
    atoms.info.update(REF_energy=-60.0, REF_virial=np.arange(9.0))
    return atoms


def test_errors_of_a_rigidly_shifted_prediction_are_translational_only() -> None:
    atoms = labelled_water()
    shifted = atoms.arrays["REF_forces"] + 0.01 * atoms.get_masses()[:, None] * np.array([1.0, 0, 0])
    errors = fit_errors([atoms], [Prediction(-60.006, shifted, np.arange(9.0).reshape(3, 3) + 0.06)])
    force = errors["force_meV_per_A"]
    assert force["total"]["rmse"] == pytest.approx(force["translational"]["rmse"])
    assert force["total"]["rmse"] == pytest.approx(10 * np.sqrt((atoms.get_masses() ** 2).mean() / 3))
    assert force["rotational"]["rmse"] == pytest.approx(0, abs=1e-6)
    assert force["vibrational"]["rmse"] == pytest.approx(0, abs=1e-6)
    assert errors["energy_meV_per_atom"]["rmse"] == pytest.approx(1.0)
    assert errors["energy_meV_per_atom"]["ratio"] is None  # one frame has no spread to compare with
    assert errors["virial_meV_per_atom"]["mae"] == pytest.approx(10.0)
    assert (errors["frames"], errors["molecules"]) == (1, 2)


def test_a_molecule_with_a_stretched_bond_across_the_boundary_is_still_one_body() -> None:
    atoms = labelled_water()
    stretched = Atoms("OH", [[0, 5, 5], [8.6, 5, 5]], cell=[10] * 3, pbc=True)  # 1.4 A apart, through the boundary
    stretched.arrays["mol_id"] = np.array([2, 2])
    atoms += stretched
    weight = atoms.get_masses()[:, None]
    spin = np.zeros((8, 3))
    arm = np.array([[0.0, 0, 0], [-1.4, 0, 0]]) - weight[7] * np.array([-1.4, 0, 0]) / weight[6:].sum()
    spin[6:] = weight[6:] * np.cross([0, 0, 0.1], arm)
    atoms.arrays["REF_forces"] = np.ones((8, 3))
    force = fit_errors([atoms], [Prediction(-60.0, 1.0 + spin, None)])["force_meV_per_A"]
    assert force["rotational"]["rmse"] == pytest.approx(force["total"]["rmse"])
    assert force["vibrational"]["rmse"] == pytest.approx(0, abs=1e-6)


def test_predicting_zero_has_ratio_one_in_every_part() -> None:
    atoms = labelled_water()
    errors = fit_errors([atoms], [Prediction(-60.0, np.zeros((6, 3)), None)])
    assert [numbers["ratio"] for numbers in errors["force_meV_per_A"].values()] == pytest.approx([1.0] * 4)
    assert errors["virial_meV_per_atom"] is None


def test_isolated_atoms_do_not_count() -> None:
    atoms = labelled_water()
    alone = Atoms("H", info={"config_type": "IsolatedAtom", "REF_energy": -13.6})
    exact = Prediction(-60.0, atoms.arrays["REF_forces"], None)
    errors = fit_errors([alone, atoms], [Prediction(0.0, np.zeros((1, 3)), None), exact])
    assert errors["frames"] == 1
    assert errors["energy_meV_per_atom"]["rmse"] == 0


def test_an_unlabelled_frame_and_a_broken_prediction_are_named() -> None:
    atoms, bare = labelled_water(), labelled_water()
    del bare.arrays["REF_forces"]
    good = Prediction(0.0, np.zeros((6, 3)), None)
    with pytest.raises(InputError, match="frame 1: no REF_forces"):
        fit_errors([atoms, bare], [good, good])
    with pytest.raises(InputError, match="frame 0: the predicted energy or forces are not finite"):
        fit_errors([atoms], [Prediction(0.0, np.full((6, 3), np.nan), None)])


def test_parity_has_all_parts_of_the_same_forces_that_the_errors_count() -> None:
    atoms = labelled_water()
    prediction = Prediction(-60.0, atoms.arrays["REF_forces"] * 1.1, None)
    reference, predicted = force_components([atoms], [prediction])
    force = fit_errors([atoms], [prediction])["force_meV_per_A"]
    for name in ("total", *PARTS):
        np.testing.assert_allclose(predicted[name], 1.1 * reference[name], atol=1e-9)
        assert force[name]["ratio"] == pytest.approx(0.1)


def off_by(bars: list[float], group: str) -> list[tuple[Atoms, Prediction]]:
    """Return frames with predictions whose pressure is off by so much."""
    found = []
    for value in bars:
        atoms = labelled_water()
        atoms.info["group"] = group
        virial = np.arange(9.0).reshape(3, 3) + value * 6.241509e-7 * 1000.0 * np.eye(3)  # 10 x 10 x 10 angstrom^3
        found.append((atoms, Prediction(-60.0, atoms.arrays["REF_forces"], virial)))
    return found


def test_the_pressure_is_off_by_the_mean_over_groups_of_frames() -> None:
    pairs = [*off_by([-300.0, -100.0, -200.0], "a"), *off_by([-400.0], "b")]
    pressure = fit_errors(*zip(*pairs, strict=True))["pressure_bar"]
    assert pressure == {"mean_error": pytest.approx(-300), "size": pytest.approx(300), "uncertainty": None, "groups": 2}
    more = [*pairs, *off_by([-250.0], "c"), *off_by([-350.0], "d"), *off_by([-300.0], "e")]
    spread = np.std([-200.0, -400, -250, -350, -300], ddof=1) / np.sqrt(5)
    assert fit_errors(*zip(*more, strict=True))["pressure_bar"]["uncertainty"] == pytest.approx(spread)
    assert (
        fit_errors(*zip(*[(atoms, Prediction(one.energy, one.forces, None)) for atoms, one in pairs], strict=True))[
            "pressure_bar"
        ]
        is None
    )
