"""A run that goes on after read_restart is the run that was not interrupted, once the pair lines are given again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from decant.algorithms.mace.export.weights import write_model
from decant.algorithms.mace.random import random_mace
from decant.lammps.data import write_data
from tests.integration.test_pair_mace import liquid
from tests.lammps_runs import ELEMENTS, run_lmp, system

PAIR = "pair_style mace\npair_coeff * * model.safetensors H C O\nneighbor 1.0 bin\n"
# a run that writes restart files builds its neighbor lists on those steps, as the continued run does
DYNAMICS = (
    "timestep 0.0002\nfix 1 all nve\nrestart 10 restart.*\n"
    "dump d all custom 20 {name}.dump id x y z vx vy vz fx fy fz\ndump_modify d sort id format float %.17g\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the liquid and a model for it."""
    write_model(random_mace(hidden="8x0e+8x1o", l_max=2, correlation=2), tmp_path / "model.safetensors")
    write_data(tmp_path / "system.data", liquid(), ELEMENTS)
    return tmp_path


def run(folder: Path, script: str, ranks: int) -> str:
    done = run_lmp(folder, script, ranks, timeout=300)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def last_state(folder: Path, name: str) -> np.ndarray:
    lines = (folder / f"{name}.dump").read_text().splitlines()[-len(liquid()) :]
    return np.array([line.split() for line in lines], dtype=float)


@pytest.mark.parametrize("ranks", [1, 2])
def test_a_continued_run_is_the_run_that_was_not_interrupted(folder: Path, ranks: int) -> None:
    start = "velocity all create 300 7\n"
    run(folder, system(liquid()) + PAIR + start + DYNAMICS.format(name="whole") + "run 20\n", ranks)
    printed = run(folder, "read_restart restart.10\n" + PAIR + DYNAMICS.format(name="continued") + "run 10\n", ranks)
    assert "pair style mace stores no restart info" in printed
    # LAMMPS orders atoms anew after read_restart and promises the same trajectory up to rounding
    assert last_state(folder, "continued") == pytest.approx(last_state(folder, "whole"), rel=1e-12, abs=1e-12)


def test_a_restart_without_the_pair_lines_does_not_run(folder: Path) -> None:
    run(folder, system(liquid()) + PAIR + DYNAMICS.format(name="whole") + "run 10\n", 1)
    done = run_lmp(folder, "read_restart restart.10\nfix 1 all nve\nrun 1\n", 2, timeout=300)
    assert done.returncode != 0
    assert "Must re-specify non-restarted pair style (mace) after read_restart" in done.stdout + done.stderr


def test_pair_style_without_pair_coeff_does_not_run_after_a_restart(folder: Path) -> None:
    run(folder, system(liquid()) + PAIR + DYNAMICS.format(name="whole") + "run 10\n", 1)
    done = run_lmp(folder, "read_restart restart.10\npair_style mace\nfix 1 all nve\nrun 1\n", 2, timeout=300)
    assert done.returncode != 0
    assert "coeffs are not set" in done.stdout + done.stderr
