"""LAMMPS runs any ASE calculator by the same protocol as a potential: as ASE itself would, with the same guards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms, units
from ase.build import molecule
from ase.md.verlet import VelocityVerlet

from decant.algorithms.base import Part
from decant.data.frames import write_frames
from decant.foundation.files import read_yaml, write_yaml
from decant.labels.algorithm import TRUSTED, Description
from decant.labels.registry import labeler
from decant.lammps.command import environment
from decant.lammps.data import write_data
from decant.lammps.launch import launch, variables
from decant.potentials.check import TOLERANCES, difference
from decant.potentials.export import export
from decant.potentials.potential import Potential
from decant.potentials.single_point import single_point
from decant.simulation.run import Run
from decant.testing.derivatives import require_virial
from tests.conftest import REPOSITORY
from tests.integration.conftest import run_decant

STEPS, TIMESTEP_FS = 12, 0.5
NVE = f"""
units metal
atom_style molecular
newton on
bond_style zero nocoeff
read_data system.data
bond_coeff *
include "${{potential}}/pair.lammps"
timestep {TIMESTEP_FS / 1000}
fix integrate all nve
thermo_style custom step pe ke etotal
run 0
print "$(pe:%.12f) $(etotal:%.12f)" append energies.txt screen no
run {STEPS} every 1 &
  'print "$(pe:%.12f) $(etotal:%.12f)" append energies.txt screen no'
"""


@pytest.fixture(scope="module")
def xtb(tmp_path_factory: pytest.TempPathFactory) -> Potential:
    folder = tmp_path_factory.mktemp("xtb") / "gfn2"
    return export(Path("gfn2-xtb"), folder, part=Part(elements=("H", "C", "O")))[0]


@pytest.fixture(scope="module")
def emt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a potential of ASE's EMT, which knows H, C and O for play: fast, and no liquid survives it."""
    folder = tmp_path_factory.mktemp("emt")
    description = described(folder, "ase:ase.calculators.emt.EMT")
    export(description, folder / "emt")
    return folder / "emt"


@pytest.fixture(autouse=True)
def _environment() -> Iterator[None]:
    """What LAMMPS gets is worked out once a process: anew for each of these tests, and for those after them."""
    yield
    environment.cache_clear()


@pytest.fixture
def trusted(emt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TRUSTED, Description.read(emt / "model.yaml").fingerprint)
    environment.cache_clear()


def described(folder: Path, method: str, **settings: object) -> Path:
    path = folder / "some.yaml"
    write_yaml(path, {"method": method, "elements": ["H", "C", "O"], "settings": settings})
    return path


def waters(periodic: bool = True) -> Atoms:
    """Return two shaken molecules of water, in a skewed periodic cell or without one."""
    one, other = molecule("H2O"), molecule("H2O")
    other.rotate(70, (1, 1, 0))
    other.translate([2.9, 0.4, 0.3])
    atoms = one + other
    atoms.set_cell([[8.2, 0, 0], [0.4, 7.8, 0], [-0.3, 0.5, 8.0]])
    atoms.rattle(0.05, seed=4)
    atoms.pbc = periodic
    if not periodic:
        atoms.cell = None
    atoms.arrays["mol_id"] = np.repeat([0, 1], 3)
    return atoms


def test_it_moves_atoms_as_ase_does_with_the_same_calculator_and_keeps_the_energy(xtb: Potential, tmp_path: Path):
    atoms = waters()
    write_data(tmp_path / "system.data", atoms, xtb.elements)
    (tmp_path / "in.nve").write_text(NVE)
    (tmp_path / "potential").symlink_to(xtb.path)
    arguments = ["-in", "in.nve", "-log", "none", *variables({"potential": "potential"})]
    outcome = launch(arguments, 1, tmp_path, plugin=xtb.plugin)
    assert outcome.code == 0, outcome.reason()
    lammps = np.loadtxt(tmp_path / "energies.txt")
    moved = Atoms(atoms.symbols, positions=atoms.positions, cell=atoms.cell, pbc=True)
    moved.calc = xtb.calculator()
    dynamics, ours = VelocityVerlet(moved, TIMESTEP_FS * units.fs), []
    for _ in range(STEPS + 1):
        ours.append([moved.get_potential_energy(), moved.get_total_energy()])
        dynamics.run(1)
    assert lammps.shape == (STEPS + 1, 2)
    assert np.ptp(lammps[:, 0]) > 0.1, "nothing moved"
    np.testing.assert_allclose(lammps, ours, rtol=0, atol=1e-6)
    assert np.ptp(lammps[:, 1]) < 0.05 * np.ptp(lammps[:, 0])


def test_its_virial_in_lammps_is_the_derivative_of_its_energy(xtb: Potential):
    asked: list[Atoms] = []
    require_virial(Recorder(asked), waters(), 1e-3, np.inf)
    answers = single_point(xtb, asked, 1)  # all in one LAMMPS
    require_virial(Recorder([], answers), waters(), 1e-3, 1e-3)


class Recorder:
    """Notes what it is asked about, or gives answers that are known, one after the other."""

    def __init__(self, asked, answers=()):
        self.asked, self.answers = asked, iter(answers)

    def __call__(self, atoms):
        self.asked.append(atoms)
        return next(self.answers, None) or labeler("ase:ase.calculators.emt.EMT").label(atoms)


def test_mace_torch_in_python_and_pair_style_mace_say_the_same_of_a_model(
    mace_model: Path, mace_potential: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    model = (mace_model / read_yaml(mace_model / "fit.yaml")["model"]).resolve()
    settings = {"model_paths": str(model), "device": "cpu", "default_dtype": "float64", "keep": True}
    description = described(tmp_path, "ase:mace.calculators.MACECalculator", **settings)
    potential, _ = export(description, tmp_path / "potential")
    monkeypatch.setenv(TRUSTED, Description.read(description).fingerprint)
    environment.cache_clear()
    frames = [waters(), waters(periodic=False)]
    expected = single_point(Potential.open(mace_potential), frames, 1)
    found = difference(frames, single_point(potential, frames, 1), expected)
    assert found.within(TOLERANCES["double"]), found


def test_a_check_holds_lammps_to_the_calculator_with_and_without_a_cell(xtb: Potential, tmp_path: Path):
    write_frames(tmp_path / "frames.extxyz", [waters(), waters(periodic=False)])
    done = run_decant("check", xtb.path, tmp_path / "frames.extxyz")
    assert "LAMMPS on 1 ranks - Python" in done.stdout and "PASS" in done.stdout
    assert list(read_yaml(xtb.path / "card.yaml")["check"]["lammps_against_python"]) == ["1 ranks"]
    done = run_decant("check", xtb.path, tmp_path / "frames.extxyz", "--ranks", "1,2", expect=2)
    assert "--ranks 2: the forces of this potential are computed in Python, on one rank" in done.stderr
    assert "give data" in run_decant("check", xtb.path, expect=2).stderr


def test_errors_and_labels_are_had_of_it_as_of_any_potential(xtb: Potential, tmp_path: Path):
    write_frames(tmp_path / "frames.extxyz", [waters(periodic=False)])
    words = ("label", tmp_path / "frames.extxyz", "--jobs", "1", "-o")
    run_decant(*words, tmp_path / "own.extxyz", "--method", f"potential:{xtb.path}")
    done = run_decant("evaluate", xtb.path, tmp_path / "own.extxyz", "-o", tmp_path / "errors.yaml")
    assert "errors on" in done.stdout
    assert read_yaml(tmp_path / "errors.yaml")["force_meV_per_A"]["total"]["rmse"] < 1e-3
    run_decant("evaluate", "gfn1-xtb", tmp_path / "own.extxyz", "-o", tmp_path / "other.yaml")
    assert read_yaml(tmp_path / "other.yaml")["force_meV_per_A"]["total"]["rmse"] > 10


@pytest.mark.usefixtures("trusted")
def test_a_run_is_continued_made_longer_and_stopped_by_its_guard(emt: Path, tmp_path: Path):
    words = ("simulate", emt, "--liquid", "MeOH:2", "--ensemble", "npt", "--equilibration", "0.005ps", "-o")
    run_decant(*words, tmp_path / "run", "--length", "0.01ps")
    run = Run.open(tmp_path / "run")
    assert run.status["state"] == "completed" and run.description.end == 30
    thermo = run.thermo()
    assert np.isfinite(thermo["pressure_bar"]).all() and np.ptp(thermo["volume_A3"]) > 0
    run_decant(*words, tmp_path / "run", "--length", "2ps")
    run = Run.open(tmp_path / "run")
    assert run.status["state"] == "stopped" and run.status["guard"] in ("bond", "contact")
    assert len(run.segment_files("production", "log")) == 2 and run.status["step"] > 30


def test_what_it_cannot_be_run_for_is_refused_by_name(
    emt: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, xtb: Potential
):
    def refused(potential: Path, *words: object) -> str:
        return run_decant("simulate", potential, *words, "-o", tmp_path / "run", expect=2).stderr

    monkeypatch.delenv(TRUSTED, raising=False)
    assert f"export {TRUSTED}=" in refused(emt, "--liquid", "MeOH:2")
    assert "--ranks 2: the forces of this potential are computed in Python" in refused(
        xtb.path, "--liquid", "MeOH:2", "--ranks", 2
    )
    ion = refused(xtb.path, "--liquid", "[CH3][O-]:1,MeOH:1")
    assert "has a charge of -1 e" in ion and "computes 0; export it with charge -1" in ion
    description = described(tmp_path, "ase:tests.calculators.Stressless")
    export(description, tmp_path / "stressless")
    monkeypatch.setenv(TRUSTED, Description.read(description).fingerprint)
    told = refused(tmp_path / "stressless", "--liquid", "MeOH:2")
    assert "gives no stress, which a barostat needs; take nvt or nve" in told
    assert "gives no stress" in refused(
        tmp_path / "stressless", "--liquid", "MeOH:2", "--ensemble", "nvt", "--viscosity"
    )
    assert not (tmp_path / "run").exists()


def test_a_calculator_that_fails_for_a_periodic_box_is_not_exported(tmp_path: Path):
    description = described(tmp_path, "gfn1-xtb", iterations=1)
    done = run_decant("export", description, "-o", tmp_path / "loose", expect=2)
    assert "its calculator fails for a periodic box, as runs have: gfn1-xtb: " in done.stderr
    assert not (tmp_path / "loose").exists()


def test_nothing_runs_beside_forces_from_python(tmp_path: Path):
    done = run_decant("export", described(tmp_path, "gfn1-xtb"), "-o", tmp_path / "x", "--with", "d3:pbe", expect=2)
    assert "forces are from Python; let the calculator itself have what --with would add" in done.stderr
    assert not (tmp_path / "x").exists()


def test_a_calculator_that_fails_in_a_run_ends_it_with_its_own_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    description = described(tmp_path, "ase:tests.calculators.Failing", keep=True)
    export(description, tmp_path / "failing")
    monkeypatch.setenv(TRUSTED, Description.read(description).fingerprint)
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    environment.cache_clear()
    words = ("simulate", tmp_path / "failing", "--liquid", "MeOH:2", "--length", "0.02ps", "-o", tmp_path / "run")
    done = run_decant(*words, expect=1)
    assert "LAMMPS ended early: ase:tests.calculators.Failing: the program is out of memory" in done.stderr
    assert Run.open(tmp_path / "run").status["state"] == "interrupted"
