"""LAMMPS and Python agree on exported potentials, and the check says so when they do not."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule

from decant.algorithms.mace.random import random_mace
from decant.data.frames import read_frames, write_frames
from decant.data.prediction import Prediction, predict
from decant.foundation.errors import ProgramFailed
from decant.foundation.files import read_yaml, sha256, write_yaml
from decant.potentials.check import SMALL_VIRIAL, TOLERANCES, difference
from decant.potentials.examples import read_examples
from decant.potentials.potential import Potential
from decant.potentials.single_point import single_point, single_points
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


@pytest.mark.parametrize("algorithm", ["mace", "deepmd"])
def test_without_data_lammps_is_held_to_what_python_said_at_export(
    algorithm: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "p"
    shutil.copytree(request.getfixturevalue(f"{algorithm}_potential"), path)
    monkeypatch.setattr(Potential, "reference_calculator", lambda _: pytest.fail("it is not needed"))
    done = run_decant("check", path, "--ranks", "1,2")
    assert done.stdout.splitlines()[-1] == "PASS"
    assert read_yaml(path / "card.yaml")["check"]["frames"] == 2
    frames, said = read_examples(Potential.open(path))
    assert [atoms.pbc.all() for atoms in frames] == [True, False]
    again = predict(Potential.open(path).calculator(), frames)
    assert again[0].energy == pytest.approx(said[0].energy, abs=1e-4)
    assert said[0].virial is not None and said[1].virial is None


def test_examples_are_not_limited(mace_potential: Path) -> None:
    done = run_decant("check", mace_potential, "--limit", "1", expect=2)
    assert "--limit: is for frames of your own" in done.stderr


def test_a_potential_of_an_earlier_version_has_no_examples_and_says_so(mace_potential: Path, tmp_path: Path) -> None:
    path = tmp_path / "p"
    shutil.copytree(mace_potential, path)
    card = read_yaml(path / "card.yaml")
    del card["files"]["examples.extxyz"]
    write_yaml(path / "card.yaml", card)
    done = run_decant("check", path, expect=2)
    assert "has no examples.extxyz to check against; give data, or export it again" in done.stderr


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


def odd_frames() -> dict[str, Atoms]:
    """Return configurations that stand at an edge of what LAMMPS takes."""
    two = np.array([[0, 0, 0], [0, 0.3, 1.2]])
    methanol = molecule("CH3OH")
    methanol.rattle(0.05, seed=1)
    several = sum((shifted(methanol, number) for number in range(4)), Atoms())
    return {
        "flat": Atoms("OH2", positions=[[0, 0, 0.12], [0, 0.76, -0.48], [0, -0.76, -0.48]]),
        "linear": Atoms("OCO", positions=[[0, 0, -1.16], [0, 0, 0], [0, 0, 1.16]]),
        "an atom": Atoms("C"),
        "an atom in a wide cell": Atoms("O", cell=[30] * 3, pbc=True),
        "an atom that neighbors itself": Atoms("H", cell=[2.3, 2.4, 2.5], pbc=True),
        "out of reach": Atoms("H2", positions=[[0, 0, 0], [40.0, 0, 0]]),
        "without bins": Atoms("OHOH", positions=np.concatenate([two, two + 3e4])),
        "a cell below the cutoff": Atoms("CO", positions=two, cell=[4.0, 4.1, 4.2], pbc=True),
        "very skewed": Atoms("CO", positions=two, cell=[[3, 0, 0], [14.1, 3, 0], [7.3, -9.9, 3.2]], pbc=True),
        "left-handed": Atoms("CO", positions=two, cell=[4.3, 4.1, -4.2], pbc=True),
        "outside the cell": Atoms("CO", positions=two + np.array([50, -70, 300.0]), cell=[5, 6, 7], pbc=True),
        "a slab": placed(several, [9, 9, 9], (True, True, False)),
        "a slab without a third vector": placed(several, [[0, 0, 0], [9, 3, 0], [0, 2, 8]], (False, True, True)),
        "a slab turned": placed(several, [[4, 3, 8], [0, 0, 0], [9, 1, 0]], (True, False, True)),
        "a wire": placed(several, [[0, 0, 0], [3, 9, 2], [0, 0, 0]], (False, True, False)),
    }


def shifted(atoms: Atoms, number: int) -> Atoms:
    copied = atoms.copy()
    copied.positions += 3.7 * np.array([number % 2, number // 2, 0.3 * number])
    return copied


def placed(atoms: Atoms, cell: Any, pbc: tuple[bool, bool, bool]) -> Atoms:
    copied = atoms.copy()
    copied.set_cell(cell)
    copied.pbc = pbc
    return copied


@pytest.mark.parametrize(("algorithm", "ranks"), [("mace", 1), ("mace", 2), ("deepmd", 1)])
def test_whatever_has_an_energy_is_checked_like_any_other(
    algorithm: str, ranks: int, request: pytest.FixtureRequest
) -> None:
    potential = Potential.open(request.getfixturevalue(f"{algorithm}_potential"))
    odd = odd_frames()
    if algorithm == "deepmd":
        del odd["without bins"]  # DeePMD-kit loses digits far from the origin
    frames = list(odd.values())
    lammps = single_point(potential, frames, ranks)
    python = predict(potential.reference_calculator(), frames)
    wrong = {
        name: found
        for name, *one in zip(odd, frames, lammps, python, strict=True)
        if not (found := difference(*([part] for part in one))).within(TOLERANCES["double"])
    }
    assert not wrong


def test_a_frame_that_fails_is_told_and_the_others_are_checked(mace_potential: Path, tmp_path: Path) -> None:
    path = tmp_path / "p"
    shutil.copytree(mace_potential, path)
    water = molecule("H2O")
    on_top = Atoms("OO", positions=[[0, 0, 0], [0, 0, 0.01]])
    write_house(tmp_path / "a.extxyz", [water, on_top, molecule("PH3"), molecule("CH3OH"), on_top, molecule("CO2")])
    done = run_decant("check", path, tmp_path / "a.extxyz", "--ranks", "1", expect=1)
    lines = done.stdout.splitlines()
    assert sum("ok" in line for line in lines) == 1
    assert [line for line in lines if line.startswith("frame 1: ") and "0.01 angstrom apart" in line]
    assert [line for line in lines if line.startswith("frame 2: ") and "does not know P" in line]
    assert lines[-2:] == ["3 frames compared, 3 failed", "FAIL"]
    noted = read_yaml(path / "card.yaml")["check"]
    assert (noted["passed"], noted["frames"], list(noted["failed"])) == (False, 3, ["frame 1", "frame 2", "frame 4"])


def test_where_no_frame_can_be_compared_the_card_states_no_agreement(mace_potential: Path, tmp_path: Path) -> None:
    path = tmp_path / "p"
    shutil.copytree(mace_potential, path)
    write_house(tmp_path / "a.extxyz", [Atoms("OO", positions=[[0, 0, 0], [0, 0, 0.01]])])
    done = run_decant("check", path, tmp_path / "a.extxyz", "--ranks", "1,2", expect=1)
    assert done.stdout.splitlines()[-2:] == ["0 frames compared, 1 failed", "FAIL"]
    noted = read_yaml(path / "card.yaml")["check"]
    assert (noted["passed"], noted["frames"]) == (False, 0)
    assert noted["lammps_against_python"] == noted["lammps_against_lammps"] == {}
    # the card goes with the potential, wherever it is moved
    (why,) = noted["failed"].values()
    assert "0.01 angstrom apart" in why and str(tmp_path) not in why


def test_the_card_says_over_what_differences_of_virials_are(
    mace_potential: Path, tiny_dataset: Path, tmp_path: Path
) -> None:
    path = tmp_path / "p"
    shutil.copytree(mace_potential, path)
    run_decant("check", path, tiny_dataset / "test.extxyz", "--ranks", "1", "--limit", "1")
    assert f"or {SMALL_VIRIAL} eV for each atom" in read_yaml(path / "card.yaml")["check"]["units"]


def test_a_lammps_that_fails_after_its_last_frame_has_failed(
    mace_potential: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launcher = tmp_path / "launcher"
    launcher.write_text(f'#!/bin/sh\n"{sys.prefix}/bin/mpirun" -n "$@" && exit 3\n')
    launcher.chmod(0o755)
    monkeypatch.setenv("DECANT_LAUNCHER", f"{launcher} {{ranks}}")
    with pytest.raises(ProgramFailed, match=r"LAMMPS failed on 1 ranks: exit status 3"):
        single_points(Potential.open(mace_potential), [molecule("H2O")], 1)


def test_frames_without_labels_and_isolated_atoms_can_be_checked(mace_potential: Path, tmp_path: Path) -> None:
    path = tmp_path / "p"
    shutil.copytree(mace_potential, path)
    atom = Atoms("O")
    atom.info["config_type"] = "IsolatedAtom"
    write_house(tmp_path / "a.extxyz", [atom, molecule("H2O")])
    assert run_decant("check", path, tmp_path / "a.extxyz", "--ranks", "1").stdout.splitlines()[-1] == "PASS"
    assert read_yaml(path / "card.yaml")["check"]["frames"] == 2


def test_a_potential_that_lammps_cannot_read_fails_at_once(mace_potential: Path, tmp_path: Path) -> None:
    path = tmp_path / "p"
    shutil.copytree(mace_potential, path)
    (path / "pair.lammps").write_text("pair_style no/such\n")
    potential = Potential(path, read_yaml(path / "card.yaml"))
    with pytest.raises(ProgramFailed, match=r"LAMMPS failed on 1 ranks: .*no/such"):
        single_points(potential, [molecule("H2O")] * 3, 1)


def write_house(path: Path, frames: list[Atoms]) -> None:
    for atoms in frames:
        atoms.set_array("mol_id", np.zeros(len(atoms), dtype=int))
    write_frames(path, frames)


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
    for data in ([tiny_dataset / "test.extxyz", "--limit", "2"], []):
        done = run_decant("check", path, *data, "--ranks", "1", expect=1)
        assert "TOO LARGE" in done.stdout and done.stdout.splitlines()[-1] == "FAIL"
    assert read_yaml(path / "card.yaml")["check"]["passed"] is False


@pytest.mark.parametrize("ranks", ["0", "-1", "1000", "two"])
def test_an_impossible_number_of_ranks_is_refused(ranks: str, mace_potential: Path, tiny_dataset: Path) -> None:
    done = run_decant("check", mace_potential, tiny_dataset / "test.extxyz", f"--ranks={ranks}", expect=2)
    assert "--ranks" in done.stderr


def test_an_element_that_the_potential_does_not_know_is_refused(mace_potential: Path, tmp_path: Path) -> None:
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
