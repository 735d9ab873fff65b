"""Reference methods other than tblite: CP2K, ASE calculators, exported potentials, and how each is refused."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from decant.data.frames import read_frames, write_frames
from decant.foundation.errors import InputError
from decant.labels.base import LabelError
from decant.labels.journal import label_key
from decant.labels.label import label_frames
from decant.labels.registry import labeler
from decant.potentials.potential import Potential
from tests.integration.conftest import run_decant
from tests.integration.test_label import waters

CHEAP = {"CUTOFF": 150, "REL_CUTOFF": 40, "EPS_SCF": "1.0E-7", "vacuum": 3.5}


@pytest.fixture
def cp2k() -> Any:
    if not shutil.which("cp2k"):
        pytest.skip("cp2k is not installed (Debian: apt-get install cp2k)")
    return labeler("cp2k:pbe-d3", CHEAP)


def hydrogen(length: float = 0.8, **cell: Any) -> Atoms:
    atoms = Atoms("H2", [[0, 0, 0], [0, 0, length]], **cell)
    atoms.set_array("mol_id", np.zeros(2, dtype=int))
    return atoms


def test_cp2k_force_on_hydrogen_is_the_derivative_of_its_energy(cp2k: Any) -> None:
    method, step = labeler("cp2k:pbe-d3", CHEAP | {"CUTOFF": 280, "vacuum": 3.0}), 0.02
    answer = method.label(hydrogen())
    slope = (method.label(hydrogen(0.8 + step)).energy - method.label(hydrogen(0.8 - step)).energy) / (2 * step)
    print(
        f"{cp2k.version}: H2 {answer.energy:.4f} eV, force {answer.forces[1, 2]:.4f}, from energies {-slope:.4f} eV/A"
    )
    assert answer.energy == pytest.approx(-31.5, abs=0.3)  # PBE with a complete basis: -31.7 at its minimum
    assert answer.forces[1, 2] == pytest.approx(-slope, abs=0.05)
    assert answer.forces.sum(axis=0) == pytest.approx(0, abs=1e-2)
    assert answer.virial is None


def test_cp2k_virial_in_a_cell_has_the_sign_and_size_of_the_pull_of_the_bond(cp2k: Any) -> None:
    answer = cp2k.label(hydrogen(1.0, cell=[5.0] * 3, pbc=True))
    pull = answer.forces[1, 2] * 1.0  # sum of r f; the images add little
    assert pull < -3
    assert answer.virial[2, 2] == pytest.approx(pull, rel=0.25)
    assert answer.virial == pytest.approx(answer.virial.T, abs=1e-6)


def test_cp2k_without_self_consistency_is_a_reject(cp2k: Any) -> None:
    with pytest.raises(LabelError, match="SCF did not converge"):
        labeler("cp2k:pbe-d3", CHEAP | {"MAX_SCF": 1, "OUTER_SCF": 1}).label(hydrogen())


def test_cp2k_says_what_is_wrong_with_an_element_that_it_has_no_basis_for(cp2k: Any) -> None:
    with pytest.raises(LabelError, match="CP2K failed"):
        cp2k.label(Atoms("Pu2", [[0, 0, 0], [0, 0, 3]]))


def test_a_misspelt_setting_of_the_template_is_answered_with_the_nearest() -> None:
    with pytest.raises(InputError, match=r"no setting 'CUTTOFF' \(did you mean 'CUTOFF'\?\)"):
        labeler("cp2k:pbe-d3", {"CUTTOFF": 300})
    with pytest.raises(InputError, match=r"no setting 'acuracy' \(did you mean 'accuracy'\?\)"):
        labeler("gfn2-xtb", {"acuracy": 1})


def test_what_is_not_installed_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write_frames(tmp_path / "a.extxyz", [waters(1)])
    monkeypatch.setenv("DECANT_CP2K", "no-such-cp2k")
    done = run_decant("label", tmp_path / "a.extxyz", "-o", tmp_path / "b.extxyz", "--method", "cp2k:pbe-d3", expect=2)
    assert "no program 'no-such-cp2k'; install CP2K (apt-get install cp2k" in done.stderr
    assert not (tmp_path / "b.extxyz").exists()
    with pytest.raises(InputError, match="pip install no_such_package"):
        labeler("ase:no_such_package.calculator.Best")
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setitem(sys.modules, "tblite", None)
    with pytest.raises(InputError, match="pip install tblite"):
        labeler("gfn2-xtb")


def test_a_template_of_ones_own_must_include_the_frame(tmp_path: Path) -> None:
    (tmp_path / "own.inp").write_text("&FORCE_EVAL\n&END FORCE_EVAL\n")
    with pytest.raises(InputError, match=r"own.inp: expected a CP2K input .* @INCLUDE 'frame.inp'"):
        labeler(f"cp2k:{tmp_path / 'own.inp'}")


def test_an_ase_calculator_labels_by_its_import_path(tmp_path: Path) -> None:
    from ase.calculators.emt import EMT

    copper = bulk("Cu", cubic=True) * (2, 1, 1)
    copper.rattle(0.05, seed=1)
    copper.set_array("mol_id", np.zeros(8, dtype=int))
    write_frames(tmp_path / "a.extxyz", [copper])
    run_decant(
        "label", tmp_path / "a.extxyz", "-o", tmp_path / "b.extxyz", "--method", "ase:ase.calculators.emt.EMT",
        "--jobs", 1,
    )  # fmt: skip
    frame, atom = read_frames(tmp_path / "b.extxyz")
    copper = read_frames(tmp_path / "a.extxyz", labelled=False)[0]
    copper.calc = EMT()
    assert frame.info["REF_energy"] == pytest.approx(copper.get_potential_energy(), abs=1e-9)
    np.testing.assert_allclose(frame.arrays["REF_forces"], copper.get_forces(), atol=1e-7)
    expected = -copper.get_stress(voigt=False) * copper.get_volume()
    np.testing.assert_allclose(frame.info["REF_virial"], expected, atol=1e-8)
    assert str(atom.symbols) == "Cu" and frame.info["label_version"].startswith("ase ")


def test_settings_of_an_ase_calculator_come_from_a_file_and_the_command_line(tmp_path: Path) -> None:
    argon = Atoms("Ar2", [[0, 0, 0], [0, 0, 3.8]])
    argon.set_array("mol_id", np.array([0, 1]))
    write_frames(tmp_path / "a.extxyz", [argon])
    (tmp_path / "lj.yaml").write_text("{sigma: 3.4, epsilon: 9.0, rc: 12.0}\n")
    run_decant(
        "label", tmp_path / "a.extxyz", "-o", tmp_path / "b.extxyz", "--no-atoms", "--jobs", 1,
        "--method", "ase:ase.calculators.lj.LennardJones", "--settings", tmp_path / "lj.yaml", "--set", "epsilon=0.01",
    )  # fmt: skip
    (frame,) = read_frames(tmp_path / "b.extxyz")
    shift, pair = ((3.4 / r) ** 12 - (3.4 / r) ** 6 for r in (12.0, 3.8))
    assert frame.info["REF_energy"] == pytest.approx(0.04 * (pair - shift), rel=1e-9)
    assert frame.info["label_settings"] == "epsilon=0.01,rc=12.0,sigma=3.4"


def test_an_import_path_without_a_calculator_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(InputError, match=r"no class 'ETM' in ase.calculators.emt \(did you mean 'EMT'\?\)"):
        labeler("ase:ase.calculators.emt.ETM")


def test_an_exported_potential_labels_and_its_labels_go_with_its_content(mace_potential: Path, tmp_path: Path) -> None:
    shutil.copytree(mace_potential, tmp_path / "moved" / mace_potential.name)
    method, moved = (labeler(f"potential:{p}") for p in (mace_potential, tmp_path / "moved" / mace_potential.name))
    cell = waters(2)
    cell.set_cell([8.0] * 3)
    cell.pbc = True
    assert label_key(cell, method) == label_key(cell, moved)
    (frame,) = label_frames([cell], method, tmp_path / "journal").frames
    cell.calc = Potential.open(mace_potential).calculator()
    assert frame.info["REF_energy"] == pytest.approx(cell.get_potential_energy(), abs=1e-9)
    np.testing.assert_allclose(frame.info["REF_virial"], -512 * cell.get_stress(voigt=False), atol=1e-9)


def test_evaluate_tells_the_errors_of_both_parts(mace_potential: Path, tmp_path: Path) -> None:
    molecules = waters(3)
    write_frames(tmp_path / "a.extxyz", [molecules, waters(2)])
    run_decant("label", tmp_path / "a.extxyz", "-o", tmp_path / "b.extxyz", "--molecules", "--jobs", 1)
    copy = tmp_path / "potential"
    shutil.copytree(mace_potential, copy)
    done = run_decant("evaluate", copy, tmp_path / "b.extxyz")
    assert "force, intermolecular" in done.stdout and "energy, intramolecular" in done.stdout
    molecular = Potential.open(copy).card["test_errors"]["molecular"]
    assert molecular["frames"] == 2
    assert 0 < molecular["inter"]["force_meV_per_A"]["reference_rms"] < molecular["intra"]["force_meV_per_A"]["rmse"]
