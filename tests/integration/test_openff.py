"""The force field as a reference: boxes that it equilibrates, its labels, and its own runs, from the command line."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from ase.io import read

from decant.foundation.files import read_yaml, write_yaml
from decant.lammps.observe import read_blocks
from decant.simulation.run import Run
from tests.integration.conftest import run_decant

pytestmark = pytest.mark.usefixtures("parameter_cache")

LIQUID = "water:8,ACN:2"


def recipes(path: Path, *entries: dict) -> Path:
    write_yaml(path, list(entries))
    return path


def boxes(**more: object) -> dict:
    parameters = {
        "liquid": LIQUID,
        "density": 0.7,
        "driver": "openff",
        "length": "20fs",
        "conformers": 1,
        "hessian": "mmff94",
        **more,
    }
    return {"recipe": "liquid", "count": 1, "parameters": parameters}


def test_boxes_are_brought_to_their_pressure_before_they_are_labelled(tmp_path: Path) -> None:
    entry = recipes(tmp_path / "r.yaml", boxes(pressure=5000))
    for name in ("a", "b"):
        run_decant("build", entry, "-o", tmp_path / f"{name}.extxyz", "--seed", 3)
    squeezed = read(tmp_path / "a.extxyz")
    assert squeezed.info["density_g_cm3"] > 0.7005, "a barostat at 5 kbar makes it denser"
    again = read(tmp_path / "b.extxyz")
    np.testing.assert_array_equal(squeezed.positions, again.positions, "the same seed gives the same box")
    run_decant("label", tmp_path / "a.extxyz", "-o", tmp_path / "l.extxyz", "--method", "openff", "--jobs", 1)
    labelled = read(tmp_path / "l.extxyz", 0)
    assert np.abs(labelled.arrays["REF_forces"].sum(axis=0)).max() < 1e-5
    assert "openff_unconstrained-2.2.1,charge_model=openff-gnn-am1bcc-1.0.0" in labelled.info["label_settings"]


def test_pressure_needs_a_driver_that_lammps_runs(tmp_path: Path) -> None:
    for entry, reason in (
        (boxes(pressure=1, driver="gfn2-xtb"), "expected a driver that LAMMPS runs, openff or potential:DIRECTORY"),
        (boxes(pressure="high"), "pressure: expected a number, not 'high'"),
    ):
        done = run_decant("build", recipes(tmp_path / "r.yaml", entry), "-o", tmp_path / "a.extxyz", expect=2)
        assert reason in done.stderr


def test_the_driver_has_the_settings_that_labels_will_have(tmp_path: Path) -> None:
    def frame(liquid: str, **settings: object) -> np.ndarray:
        entry = boxes(liquid=liquid, length="50fs", **settings)
        run_decant("build", recipes(tmp_path / "r.yaml", entry), "-o", tmp_path / "a.extxyz", "--seed", 3)
        return read(tmp_path / "a.extxyz").positions

    half = {"driver_settings": {"ion_charge_scale": 0.5}}
    assert abs(frame("water:4,Na+:1,Cl-:1") - frame("water:4,Na+:1,Cl-:1", **half)).max() > 1e-3
    np.testing.assert_array_equal(frame("water:4"), frame("water:4", **half), "a liquid without ions is the same")


def test_a_molecule_alone_is_driven_without_a_box(tmp_path: Path) -> None:
    entry = {"recipe": "monomer", "count": 1, "parameters": {"molecule": "water", "driver": "openff", "length": "10fs"}}
    run_decant("build", recipes(tmp_path / "r.yaml", entry), "-o", tmp_path / "a.extxyz")
    assert not read(tmp_path / "a.extxyz").pbc.any()


def simulate(output: Path, *more: object, expect: int = 0) -> str:
    done = run_decant(
        "simulate", "-o", output, "--method", "openff", "--liquid", LIQUID, "--copies", 2, "--density", 0.9,
        "--equilibration", "10fs", "--dump-every", "5fs", "--restart-every", "10fs", *more, expect=expect,
    )  # fmt: skip
    return done.stdout + done.stderr


def test_the_reference_has_a_run_of_its_own_that_goes_on_and_starts_others(tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert "completed" in simulate(run, "--length", "30fs")
    assert read_yaml(run / "run.yaml")["method"] == "openff"
    assert "kspace_style pppm" in (run / "potential" / "pair.lammps").read_text()
    assert "was made with liquid=" in simulate(run, "--length", "30fs", "--liquid", "water:3", expect=2)
    first = Run.open(run).thermo()
    assert "completed" in simulate(run, "--length", "60fs", "--ranks", 2)
    longer = Run.open(run).thermo()
    assert longer["time_ps"][-1] == pytest.approx(0.06)
    np.testing.assert_allclose(longer["potential_energy_eV"][: len(first["step"])], first["potential_energy_eV"])
    assert np.ptp(longer["conserved_energy_eV"]) < 0.02, "its forces are those of its energy"
    run_decant("analyze", run, "--skip", "0ps")
    found = read_yaml(run / "observables.yaml")
    assert found["bonds"]["intact_fraction"] == 1.0
    assert found["dielectric_constant"]["value"] > 1.0 and (run / "dielectric.png").stat().st_size > 1000
    assert longer["density_g_cm3"] == pytest.approx(0.9, abs=0.1)
    next_run = tmp_path / "next"
    run_decant(
        "simulate", "--from", run, "--ensemble", "nvt", "--length", "10fs", "--trajectory", "none", "-o", next_run
    )
    assert read_yaml(next_run / "run.yaml")["method"] == "openff"
    assert "1*" in (next_run / "observe.lammps").read_text(), "types of an element are counted together"
    block = read_blocks([next_run / "rdf.0.dat"])[1][-1]
    assert block.shape[1] == 1 + 2 * 10, "ten pairs of four elements: C, H, N, O"
    row = np.searchsorted(block[:, 0], 1.6)
    assert block[row, 2 + 2 * 2] == 0.5, "one of two carbons has the nitrogen next to it: bonded pairs count"


def test_an_electrolyte_runs_with_the_charges_of_its_ions_scaled_and_the_next_run_keeps_them(tmp_path: Path) -> None:
    run, next_run = tmp_path / "run", tmp_path / "next"
    salt = ["--liquid", "EC:1", "--salt", "LiPF6", "--molality", 1, "--molecules", 13, "--density", 1.0]
    scaled = ["--method", "openff", "--ion-charge-scale", 0.8]
    run_decant("simulate", *scaled, *salt, "--length", "10fs", "-o", run)
    rows = [line.split() for line in (run / "system.data").read_text().splitlines() if len(line.split()) == 7]
    charges = np.array([float(row[3]) for row in rows])
    assert 0.8 in charges and charges.sum() == pytest.approx(0, abs=1e-9)
    assert np.isclose(charges, 0.8 * 1.34).sum() == 1 and np.isclose(charges, -0.8 * 0.39).sum() == 6
    assert read_yaml(run / "openff" / "card.yaml")["settings"]["ion_charge_scale"] == 0.8
    nothing = ["--ensemble", "nvt", "--length", "10fs", "--trajectory", "none"]
    run_decant("simulate", "--from", run, *nothing, "-o", next_run)
    assert read_yaml(next_run / "run.yaml")["ion_charge_scale"] == 0.8
    run_decant("analyze", next_run, "--skip", "0ps")
    missing = read_yaml(next_run / "observables.yaml")
    for name in ("conductivity", "onsager", "solvation"):
        assert "the run has no trajectory" in missing[name]["not_available"]
    done = run_decant("simulate", *scaled[:2], "--ion-charge-scale", 2, *salt, "-o", tmp_path / "no", expect=2)
    assert "--ion-charge-scale 2.0: expected a number above 0, at most 1" in done.stderr


ELECTROLYTE = ["--method", "openff", "--liquid", "EC:3,EMC:7", "--by", "mass", "--molecules", 60, "--density", 1.2]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (
            ["--method", "gfn2-xtb", "--liquid", "EC:2"],
            "--method gfn2-xtb: expected openff, which LAMMPS",
        ),
        (["--method", "openff", "--liquid", "ClO4-:1,water:2"], "has no parameters for the bond O-Cl"),
        ([*ELECTROLYTE, "--salt", "LiPF7", "--molality", 1], "unknown salt 'LiPF7' (did you mean 'LiPF6'?)"),
        ([*ELECTROLYTE, "--salt", "LiPF6", "--molality", 0.05], "make it larger"),
        ([*ELECTROLYTE, "--salt", "LiClO4", "--molality", 1], "has no parameters for the bond O-Cl"),
        (["--method", "openff", "--liquid", "EC:3,Li+:1", "--molecules", 40], "have a charge of +10 e; give ions by"),
        (["here", "--ion-charge-scale", 0.8, "--liquid", "EC:2"], "--ion-charge-scale: is of a --method"),
        (["--method", "openff"], "--liquid is missing"),
        (["here", "--method", "openff", "--liquid", "EC:2"], "leave one of the two out"),
        (["--liquid", "EC:2"], "the folder of a potential, or --method openff is missing"),
    ],
)
def test_what_cannot_be_run_is_one_line_and_leaves_nothing(tmp_path: Path, arguments: list[str], reason: str) -> None:
    done = run_decant("simulate", *arguments, "-o", tmp_path / "run", expect=2)
    assert reason in done.stderr
    assert not (tmp_path / "run").exists()


def test_a_molecule_without_parameters_is_no_label_but_a_line(tmp_path: Path) -> None:
    entry = {"recipe": "monomer", "count": 1, "parameters": {"molecule": "AsF6-", "conformers": 1}}
    run_decant("build", recipes(tmp_path / "r.yaml", entry), "-o", tmp_path / "a.extxyz")
    arguments = ["-o", tmp_path / "l.extxyz", "--method", "openff", "--no-atoms", "--jobs", 1]
    done = run_decant("label", tmp_path / "a.extxyz", *arguments, expect=2)
    assert "frame 0: F[As-](F)(F)(F)(F)F: the force field openff_unconstrained-2.2.1 has no parameters" in done.stderr


def test_without_the_extra_one_line_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openff.toolkit", None)
    entry = recipes(tmp_path / "r.yaml", boxes())
    for arguments in (
        ["label", tmp_path / "none.extxyz", "-o", tmp_path / "l.extxyz", "--method", "openff"],
        ["build", entry, "-o", tmp_path / "b.extxyz"],
        ["simulate", "--method", "openff", "--liquid", "EC:2", "-o", tmp_path / "run"],
    ):
        done = run_decant(*arguments, expect=2)
        assert "run: pip install 'decant-mlip[forcefield]'" in done.stderr.splitlines()[-1]
