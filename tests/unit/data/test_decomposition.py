"""Molecules are taken out of a configuration whole, and the parts of energy, force and virial add up."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.lj import LennardJones
from hypothesis import given, settings
from hypothesis import strategies as st

from decant.data.decomposition import intramolecular, labelled_parts, less, molecules_alone, predict_intramolecular
from decant.data.prediction import Prediction, predict
from decant.potentials.fit_errors import molecular_errors

seeds = st.integers(0, 2**32 - 1)
EDGE = 14.0


def lennard_jones() -> LennardJones:
    """Atoms that attract each other at any distance within half the cell: neither part of anything vanishes."""
    return LennardJones(sigma=1.0, epsilon=0.3, rc=0.45 * EDGE, smooth=True)


def liquid(seed: int) -> Atoms:
    """Three compact molecules far enough apart, anywhere in a periodic cell, wrapped into it, atoms in any order."""
    random = np.random.default_rng(seed)
    sizes = random.integers(1, 5, size=3)
    mol_id = np.repeat([5, 2, 9], sizes)
    grid = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 1]], dtype=float) * 1.1
    places = [grid[:size] + random.normal(scale=0.05, size=(size, 3)) for size in sizes]
    centres = random.permutation(np.array([[0, 0, 0], [4.5, 1, 0], [1, 4.5, 3.5]])) + random.uniform(0, EDGE, 3)
    positions = np.concatenate([place + centre for place, centre in zip(places, centres, strict=True)])
    atoms = Atoms(numbers=np.full(len(positions), 6), positions=positions, cell=[EDGE] * 3, pbc=True)
    atoms.set_array("mol_id", mol_id)
    atoms.wrap()
    return atoms[random.permutation(len(atoms))]


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_molecules_come_out_whole_with_the_atoms_of_their_number(seed: int) -> None:
    atoms = liquid(seed)
    for label, molecule in zip(np.unique(atoms.arrays["mol_id"]), molecules_alone(atoms), strict=True):
        assert len(molecule) == (atoms.arrays["mol_id"] == label).sum()
        assert not molecule.pbc.any()
        assert np.ptp(molecule.positions, axis=0).max() < 2.0


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_intra_and_inter_add_up_to_the_whole(seed: int) -> None:
    atoms = liquid(seed)
    (whole,) = predict(lennard_jones(), [atoms])
    (intra,) = predict_intramolecular(lennard_jones(), [atoms])
    inter = less(whole, intra)
    assert intra.energy + inter.energy == pytest.approx(whole.energy, rel=1e-14)
    np.testing.assert_allclose(intra.forces + inter.forces, whole.forces, rtol=0, atol=1e-12)
    np.testing.assert_allclose(intra.virial + inter.virial, whole.virial, rtol=0, atol=1e-12)
    assert np.abs(inter.forces).max() > 1e-7
    for label in np.unique(atoms.arrays["mol_id"]):  # a molecule alone does not push itself
        np.testing.assert_allclose(intra.forces[atoms.arrays["mol_id"] == label].sum(axis=0), 0, atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_a_lone_molecule_has_no_intermolecular_part(seed: int) -> None:
    atoms = liquid(seed)
    atoms = atoms[atoms.arrays["mol_id"] == 5]
    (whole,) = predict(lennard_jones(), [atoms])
    (intra,) = predict_intramolecular(lennard_jones(), [atoms])
    inter = less(whole, intra)
    assert inter.energy == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose(inter.forces, 0, atol=1e-9)
    np.testing.assert_allclose(inter.virial, 0, atol=1e-9)  # its virial from forces is that from the strain of the cell


def test_the_virial_of_molecules_does_not_depend_on_where_they_are() -> None:
    atoms = liquid(3)
    moved = atoms.copy()
    moved.positions += [3.0, -8.0, 5.0]
    moved.wrap()
    first, second = (predict_intramolecular(lennard_jones(), [frame])[0] for frame in (atoms, moved))
    np.testing.assert_allclose(first.virial, second.virial, atol=1e-9)


def decomposed(seed: int) -> Atoms:
    """A frame labelled by Lennard-Jones, with its intramolecular part."""
    atoms = liquid(seed)
    (whole,) = predict(lennard_jones(), [atoms])
    (intra,) = predict_intramolecular(lennard_jones(), [atoms])
    atoms.info |= {"REF_energy": whole.energy, "REF_virial": whole.virial}
    atoms.info |= {"REF_intra_energy": intra.energy, "REF_intra_virial": intra.virial}
    atoms.set_array("REF_forces", whole.forces)
    atoms.set_array("REF_intra_forces", intra.forces)
    return atoms


def test_an_error_between_molecules_is_told_from_one_within_them() -> None:
    frames = [decomposed(seed) for seed in range(4)]
    parts = [labelled_parts(atoms) for atoms in frames]
    # 10 % too strong between molecules, right within them
    wrong = [
        Prediction(i.energy + 1.1 * b.energy, i.forces + 1.1 * b.forces, i.virial + 1.1 * b.virial) for i, b in parts
    ]
    errors = molecular_errors(frames, wrong, [intra for intra, _ in parts])
    assert errors["frames"] == 4
    assert errors["intra"]["force_meV_per_A"]["rmse"] == pytest.approx(0, abs=1e-9)
    assert errors["intra"]["energy_meV_per_atom"]["rmse"] == pytest.approx(0, abs=1e-9)
    assert errors["inter"]["force_meV_per_A"]["ratio"] == pytest.approx(0.1)
    assert errors["inter"]["virial_meV_per_atom"]["ratio"] == pytest.approx(0.1)
    assert errors["inter"]["energy_meV_per_atom"]["rmse"] > 0


def test_forces_come_back_in_the_order_of_the_atoms() -> None:
    atoms = Atoms("H3", positions=np.eye(3))
    atoms.set_array("mol_id", np.array([1, 0, 1]))
    alone = [Prediction(1.0, np.full((1, 3), 5.0), None), Prediction(2.0, np.array([[1.0] * 3, [2.0] * 3]), None)]
    intra = intramolecular(atoms, molecules_alone(atoms), alone)
    assert intra.energy == 3.0
    assert intra.forces[:, 0].tolist() == [1.0, 5.0, 2.0]
