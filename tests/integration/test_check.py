"""LAMMPS and Python agree on exported potentials, and the check says so when they do not."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from decant.algorithms.mace.random import random_mace
from decant.data.frames import read_frames
from decant.data.prediction import Prediction, predict
from decant.foundation.files import read_yaml, sha256, write_yaml
from decant.potentials.check import TOLERANCES, difference
from decant.potentials.potential import Potential
from decant.potentials.single_point import single_point
from tests.integration.conftest import run_decant


# that a Deep Potential's passes, too, is shown in test_conformance.py
def test_the_check_passes_on_one_and_two_ranks_and_is_noted_in_the_card(
    mace_potential: Path, tiny_dataset: Path, tmp_path: Path
) -> None:
    path = tmp_path / "p"
    shutil.copytree(mace_potential, path)
    done = run_decant("check", path, tiny_dataset / "test.extxyz", "--ranks", "1,2")
    assert done.stdout.splitlines()[-1] == "PASS"
    noted = read_yaml(path / "card.yaml")["check"]
    assert noted["passed"] is True and noted["frames"] == 4
    assert set(noted["lammps_against_python"]) == {"1 ranks", "2 ranks"}
    assert 0.0 < noted["lammps_against_python"]["2 ranks"]["force"] < 1e-5


def test_forces_and_virial_of_a_turned_triclinic_cell_come_back_turned(
    mace_potential: Path, tiny_dataset: Path
) -> None:
    from scipy.spatial.transform import Rotation

    atoms = next(frame for frame in read_frames(tiny_dataset / "test.extxyz") if frame.pbc.all())
    sheared = atoms.cell.array @ np.array([[1, 0.2, 0.1], [0, 1, -0.3], [0, 0, 1.1]])
    atoms.set_cell(sheared, scale_atoms=True)
    turned = atoms.copy()
    turn = Rotation.from_euler("xyz", [0.4, 1.1, -2.0]).as_matrix()
    turned.set_cell(atoms.cell.array @ turn.T)
    turned.positions = atoms.positions @ turn.T
    potential = Potential.open(mace_potential)
    first, second = single_point(potential, [atoms, turned], ranks=2)
    assert second.energy == pytest.approx(first.energy, abs=1e-8)
    np.testing.assert_allclose(second.forces, first.forces @ turn.T, atol=1e-6)
    assert first.virial is not None and second.virial is not None
    np.testing.assert_allclose(second.virial, turn @ first.virial @ turn.T, atol=1e-5)
    python = predict(potential.reference_calculator(), [atoms, turned])
    assert difference([atoms, turned], [first, second], python).within(TOLERANCES["double"])


@pytest.mark.parametrize("ranks", [1, 2])
def test_flat_and_linear_molecules_and_lone_atoms_are_checked_like_any_other(mace_potential: Path, ranks: int) -> None:
    flat = Atoms("OH2", positions=[[0, 0, 0.12], [0, 0.76, -0.48], [0, -0.76, -0.48]])
    linear = Atoms("OCO", positions=[[0, 0, -1.16], [0, 0, 0], [0, 0, 1.16]])
    frames = [flat, linear, Atoms("C"), Atoms("H2", positions=[[0, 0, 0], [40.0, 0, 0]])]
    potential = Potential.open(mace_potential)
    lammps = single_point(potential, frames, ranks)
    python = predict(potential.reference_calculator(), frames)
    assert difference(frames, lammps, python).within(TOLERANCES["double"])


def test_the_check_fails_when_lammps_runs_another_model(
    mace_potential: Path, tiny_dataset: Path, tmp_path: Path
) -> None:
    from decant.algorithms.mace.export.weights import write_model

    path = tmp_path / "p"
    shutil.copytree(mace_potential, path)
    write_model(random_mace(hidden="8x0e+8x1o", l_max=2, correlation=2), path / "model.safetensors")
    card = read_yaml(path / "card.yaml")
    card["files"]["model.safetensors"] = sha256(path / "model.safetensors")
    write_yaml(path / "card.yaml", card)
    done = run_decant("check", path, tiny_dataset / "test.extxyz", "--ranks", "1", "--limit", "2", expect=1)
    assert "TOO LARGE" in done.stdout and done.stdout.splitlines()[-1] == "FAIL"
    assert read_yaml(path / "card.yaml")["check"]["passed"] is False


@pytest.mark.parametrize("ranks", ["0", "-1", "1000", "two"])
def test_an_impossible_number_of_ranks_is_refused(ranks: str, mace_potential: Path, tiny_dataset: Path) -> None:
    done = run_decant("check", mace_potential, tiny_dataset / "test.extxyz", f"--ranks={ranks}", expect=2)
    assert "--ranks" in done.stderr


def test_an_element_that_the_potential_does_not_know_is_refused(mace_potential: Path, tmp_path: Path) -> None:
    from decant.data.frames import write_frames

    atoms = Atoms("NN", positions=[[0, 0, 0], [0, 0, 1.1]])
    atoms.info.update(REF_energy=0.0, group="n2", recipe="monomer")
    atoms.set_array("REF_forces", np.zeros((2, 3)))
    atoms.set_array("mol_id", np.zeros(2, dtype=int))
    write_frames(tmp_path / "n2.extxyz", [atoms])
    done = run_decant("check", mace_potential, tmp_path / "n2.extxyz", expect=2)
    assert "n2.extxyz: frame 0: the potential does not know N" in done.stderr


def test_evaluating_a_potential_notes_the_errors_of_a_labelled_set(
    mace_model: Path, mace_potential: Path, tiny_dataset: Path, tmp_path: Path
) -> None:
    path = tmp_path / "p"
    shutil.copytree(mace_potential, path)
    done = run_decant("evaluate", path, tiny_dataset / "test.extxyz")
    assert "force, translational" in done.stdout
    of_potential, of_model = read_yaml(path / "card.yaml")["test_errors"], read_yaml(mace_model / "errors.yaml")
    assert of_potential["data"]["sha256"] == sha256(tiny_dataset / "test.extxyz")
    for part, numbers in of_model["force_meV_per_A"].items():
        assert of_potential["force_meV_per_A"][part]["rmse"] == pytest.approx(numbers["rmse"], rel=1e-6)


def test_a_difference_is_the_largest_over_frames_and_nan_never_passes() -> None:
    atoms = Atoms("HH")
    zero = Prediction(0.0, np.zeros((2, 3)), np.eye(3))
    far = Prediction(0.4, np.array([[0, 0, 0], [0, -0.5, 0]]), 1.2 * np.eye(3))
    found = difference([atoms, atoms], [zero, far], [zero, zero])
    assert (found.energy, found.force, found.virial) == pytest.approx((0.2, 0.5, 0.2))
    broken = Prediction(float("nan"), np.zeros((2, 3)), None)
    assert not difference([atoms], [broken], [zero]).within(TOLERANCES["single"])
