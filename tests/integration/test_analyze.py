"""Analysis and comparison of real LAMMPS runs of a small liquid."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from ase import Atoms

from decant.analysis.analyze import analyze
from decant.analysis.compare import compare
from decant.analysis.table import as_text
from decant.foundation.errors import InputError
from decant.lammps.command import command, environment
from decant.lammps.data import write_data
from decant.lammps.inputs import inputs_directory
from decant.simulation.run import Run
from tests.descriptions import described

# Lennard-Jones carbon monoxide: a deep, short well between C and O stands for the bond
PAIR = """pair_style lj/cut 7.0
pair_coeff 1 1 0.004 3.4
pair_coeff 2 2 0.004 3.2
pair_coeff 1 2 3.0 1.0 1.7
"""
BIN = Path(sys.executable).parent
MOLECULES, FRAMES, EVERY, EQUILIBRATION = 64, 60, 20, 200


def simulate(folder: Path, ensemble: str) -> Path:
    """Run carbon monoxide at 150 K by the plain LAMMPS inputs; make the directory that decant simulate would make."""
    folder.mkdir()
    grid = np.stack(np.meshgrid(*[np.arange(4) * 4.2] * 3), axis=-1).reshape(-1, 1, 3)
    positions = (grid + np.array([[0, 0, 0], [1.12, 0, 0]])).reshape(-1, 3)
    atoms = Atoms("CO" * MOLECULES, positions, cell=[16.8] * 3, pbc=True)
    bonds = np.arange(2 * MOLECULES).reshape(-1, 2)
    write_data(folder / "system.data", atoms, ["C", "O"], bonds, np.repeat(np.arange(MOLECULES), 2))
    (folder / "pair.lammps").write_text(PAIR)
    for name in (f"in.{ensemble}", "setup.lammps", "production.lammps"):
        shutil.copyfile(inputs_directory() / name, folder / name)
    values = {
        "temperature": 150, "equilibration": EQUILIBRATION, "steps": FRAMES * EVERY, "thermo_every": EVERY,
        "dump_every": EVERY, "restart_every": EVERY * 10,
    }  # fmt: skip
    arguments = [word for key, value in values.items() for word in ("-var", key, str(value))]
    line = command(["-log", "none", "-in", f"in.{ensemble}", *arguments], 1)
    done = subprocess.run(line, cwd=folder, env=environment(), capture_output=True, text=True, timeout=300)
    assert (folder / "production.0.log").exists(), done.stdout + done.stderr
    described(
        potential=folder, liquid="CO:64", species=(("CO", MOLECULES),), elements=("C", "O"), atoms=2 * MOLECULES,
        ensemble=ensemble, temperature_K=150.0, equilibration_steps=EQUILIBRATION, production_steps=FRAMES * EVERY,
    ).write(folder / "run.yaml")  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    simulate(folder / "npt", "npt")
    simulate(folder / "nve", "nve")
    (folder / "npt" / "status.yaml").write_text("state: completed\n")
    (folder / "nve" / "status.yaml").write_text("state: stopped\nguard: temperature\ntime_ps: 0.6\n")
    return folder


def test_a_liquid_at_constant_pressure_is_measured(runs: Path) -> None:
    summary = analyze(runs / "npt", skip_ps=0.0, viscosity_mPa_s=0.5)
    thermo = Run.open(runs / "npt").thermo()
    assert summary["density"]["value"] == pytest.approx(thermo["density_g_cm3"].mean(), rel=1e-5)
    assert summary["bonds"]["bonds"] == MOLECULES
    assert summary["bonds"]["intact_fraction"] == 1.0
    assert summary["analysed"]["to_ps"] == pytest.approx(FRAMES * EVERY * 0.0005)
    assert summary["diffusion"]["CO"]["molecules"] == MOLECULES
    assert summary["diffusion"]["CO"]["diffusion_corrected_1e-5_cm2_s"] > 0
    assert summary["rdf"]["CO-CO"]["highest_peak_g"] > 1.2
    assert 3.0 < summary["rdf"]["CO-CO"]["highest_peak_A"] < 5.0
    assert summary["performance"]["ns_per_day"] > 0


def test_a_trajectory_that_lost_its_end_is_told(runs: Path, tmp_path: Path) -> None:
    assert "trajectory" not in analyze(runs / "npt", skip_ps=0.0)
    cut = shutil.copytree(runs / "npt", tmp_path / "cut") / "trajectory.0.dcd"
    with cut.open("r+b") as file:
        file.truncate(cut.stat().st_size // 2)
    assert re.search("frames from [0-9.]+ ps on are lost", as_text(analyze(tmp_path / "cut", skip_ps=0.0)))


def test_a_run_cannot_be_skipped_to_its_end(runs: Path) -> None:
    before = (runs / "npt" / "observables.yaml").read_bytes()
    with pytest.raises(InputError, match=r"`skip_ps` 99 ps leaves nothing of its [\d.]+ ps"):
        analyze(runs / "npt", skip_ps=99.0)
    assert (runs / "npt" / "observables.yaml").read_bytes() == before
    assert "density" in analyze(runs / "nve", skip_ps=99.0), "a guard stopped it before: that is a result"


@pytest.mark.parametrize("launcher, jobs", [((), "2"), ((str(BIN / "mpirun"), "-np", "2"), "0")])
def test_two_processes_and_two_ranks_measure_what_one_does(
    runs: Path, tmp_path: Path, launcher: tuple[str, ...], jobs: str
) -> None:
    expected = analyze(runs / "npt", skip_ps=0.0)
    shutil.copytree(runs / "npt", tmp_path / "npt", ignore=shutil.ignore_patterns("*.csv", "*.png", "observables.yaml"))
    code = "from decant.cli.main import main; main()"
    line = [*launcher, sys.executable, "-c", code, "analyze", "npt", "--skip", "0ps", "--jobs", jobs]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("npt: completed") == 1  # one rank alone writes
    frames = len(Run.open(runs / "npt").universe().trajectory)
    assert f"{frames}/{frames} frames 100%" in done.stderr
    assert yaml.safe_load((tmp_path / "npt" / "observables.yaml").read_text()) == expected
    for name in ("rdf.csv", "msd.csv"):
        assert (tmp_path / "npt" / name).read_bytes() == (runs / "npt" / name).read_bytes()


def test_constant_energy_is_conserved_and_a_stop_is_told(runs: Path) -> None:
    summary = analyze(runs / "nve")
    assert abs(summary["energy_drift"]["value"]) < 1.0
    assert summary["energy_drift"]["unit"] == "meV/atom/ps"
    assert next(iter(summary)) == "run"
    assert summary["status"]["guard"] == "temperature"


def test_runs_are_compared(runs: Path, tmp_path: Path) -> None:
    for name in ("npt", "nve"):
        analyze(runs / name)
    entries = compare([runs / "npt", runs / "nve"], tmp_path)
    assert [entry.name for entry in entries] == ["npt", "nve"]
    assert (tmp_path / "summary.html").stat().st_size > 50_000


def test_a_run_stopped_before_its_first_frame_is_a_result_and_one_cut_short_is_not(runs: Path, tmp_path: Path) -> None:
    early = tmp_path / "early"
    shutil.copytree(runs / "npt", early, ignore=shutil.ignore_patterns("production.*", "*.dcd", "*.csv", "*.png"))
    (early / "status.yaml").write_text("state: stopped\nguard: bond\ntime_ps: -0.05\n")
    assert "stopped before its first frame" in analyze(early)["production"]["not_available"]
    compare([early], tmp_path / "page")
    assert "stopped: bond" in (tmp_path / "page" / "summary.html").read_text(encoding="utf-8")
    (early / "status.yaml").write_text("state: interrupted\n")
    with pytest.raises(InputError, match="no production frames"):
        analyze(early)
