"""Settings of a simulation, before LAMMPS starts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from decant.errors import InputError
from decant.molecules import parse_liquid
from decant.run import Run, is_locked, locked
from decant.simulate import Protocol, connectivity, intervals, mixture_density, parse_length, simulate


@pytest.mark.parametrize(
    ("text", "ps"), [("20ps", 20.0), ("1.5 ns", 1500.0), ("500fs", 0.5), (".5ps", 0.5), (" 2 ps ", 2.0)]
)
def test_a_length_is_read_with_its_unit(text, ps):
    assert parse_length(text) == pytest.approx(ps)


@pytest.mark.parametrize("text", ["20", "ps", "-1ps", "0ps", "20 us", "1e3ps"])
def test_a_length_without_unit_or_sense_is_refused(text):
    with pytest.raises(InputError, match="expected a positive number with unit fs, ps or ns"):
        parse_length(text)


@given(st.integers(1, 10**8), st.sampled_from([0.1, 0.25, 0.5, 1.0, 2.0]))
def test_restarts_fall_on_frames(steps, timestep_fs):
    frame, row, restart = intervals(steps, timestep_fs)
    assert restart % frame == 0
    assert 1 <= row <= frame <= restart


def test_the_start_density_is_that_of_the_mixed_solvents():
    density = mixture_density(parse_liquid("EC:4,EMC:8"))
    assert mixture_density(parse_liquid("EMC:1")) < density < mixture_density(parse_liquid("EC:1"))


def test_bonds_stay_within_molecules():
    liquid = parse_liquid("EC:2,EMC:3")
    bonds, mol_id = connectivity(liquid)
    assert len(mol_id) == 2 * 10 + 3 * 15
    assert np.all(mol_id[bonds[:, 0]] == mol_id[bonds[:, 1]])
    # a molecule of n atoms with r rings has n - 1 + r bonds
    assert np.bincount(mol_id[bonds[:, 0]]).tolist() == [10, 10, 14, 14, 14]


def test_a_directory_of_something_else_is_no_run(tmp_path):
    with pytest.raises(InputError, match="is not a run directory"):
        Run.open(tmp_path)
    with pytest.raises(InputError, match="no such directory"):
        Run.open(tmp_path / "missing")


def test_a_run_directory_has_one_user_at_a_time(tmp_path):
    assert not is_locked(tmp_path)
    with locked(tmp_path):
        assert is_locked(tmp_path)
        with pytest.raises(InputError, match="another process is simulating"), locked(tmp_path):
            pass
    assert not is_locked(tmp_path)


def test_the_lock_of_a_killed_process_lasts_as_long_as_its_children(tmp_path):
    code = """
import os, subprocess, sys
from pathlib import Path
from decant.run import locked
with locked(Path(sys.argv[1])) as lock:
    child = subprocess.Popen(["sleep", "60"], pass_fds=(lock,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    print(child.pid, flush=True)
    os._exit(9)
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False)
    assert is_locked(tmp_path)
    os.kill(int(done.stdout), signal.SIGKILL)
    deadline = time.monotonic() + 10
    while is_locked(tmp_path):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_run_whose_process_is_gone_is_interrupted(tmp_path):
    (tmp_path / "run.yaml").write_text("timestep_fs: 0.5\n")
    (tmp_path / "status.yaml").write_text("state: running\nsegment: 0\n")
    assert Run.open(tmp_path).status["state"] == "interrupted"
    with locked(tmp_path):
        assert Run.open(tmp_path).status["state"] == "running"


@pytest.mark.parametrize("ranks", [0, -1, 100000])
def test_an_impossible_rank_count_is_refused_before_anything_is_written(tmp_path, ranks):
    with pytest.raises(InputError, match="--ranks"):
        simulate(Protocol(tmp_path, "EC:1"), tmp_path / "run", ranks=ranks)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ensemble": "nph"}, "--ensemble nph"),
        ({"copies": 0}, "--copies 0"),
        ({"temperature": -1.0}, "--temperature -1.0"),
        ({"timestep_fs": float("nan")}, "--timestep nan"),
        ({"density": 0.0}, "--density 0.0"),
        ({"length_ps": 1e-5}, "shorter than one time step"),
    ],
)
def test_a_senseless_setting_is_named(tmp_path, change, message):
    with pytest.raises(InputError, match=message):
        simulate(Protocol(tmp_path, "EC:1", **change), tmp_path / "run")
