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

from decant.cli.simulate import copies_of_box
from decant.foundation.errors import InputError
from decant.foundation.files import write_yaml
from decant.foundation.locks import is_locked, locked
from decant.foundation.units import parse_length
from decant.molecules.liquid import parse_liquid
from decant.potentials.potential import Potential
from decant.simulation.protocol import Protocol, describe, intervals, mixture_density
from decant.simulation.run import Run
from decant.simulation.segment import Resources
from decant.simulation.simulate import link_potential, simulate
from decant.simulation.start import connectivity
from decant.verbs.simulate import end_of_time
from tests.descriptions import described


@pytest.mark.parametrize(
    ("text", "ps"), [("20ps", 20.0), ("1.5 ns", 1500.0), ("500fs", 0.5), (".5ps", 0.5), (" 2 ps ", 2.0)]
)
def test_a_length_is_read_with_its_unit(text, ps):
    assert parse_length(text) == pytest.approx(ps)


@pytest.mark.parametrize("text", ["20", "ps", "-1ps", "0ps", "20 us", "1e3ps"])
def test_a_length_without_unit_or_sense_is_refused(text):
    with pytest.raises(InputError, match="expected a positive number with unit fs, ps or ns"):
        parse_length(text)


def test_a_length_of_zero_is_allowed_only_where_asked_for():
    assert parse_length("0 ps", or_zero=True) == 0.0
    for text in ("", "ps", "0"):
        with pytest.raises(InputError):
            parse_length(text, or_zero=True)


@given(st.integers(1, 10**8), st.sampled_from([0.1, 0.25, 0.5, 1.0, 2.0]))
def test_restarts_fall_on_frames(steps, timestep_fs):
    frame, row, restart = intervals(steps, timestep_fs)
    assert restart % frame == 0
    assert 1 <= row <= frame <= restart


def test_intervals_that_are_given_are_taken():
    assert intervals(10**6, 0.5, frame_ps=10.0, row_ps=0.2, restart_ps=5.0) == (20_000, 400, 10_000)
    # the others follow the length; without need, restarts do not wait for a rare frame
    assert intervals(10**6, 0.5, frame_ps=10.0) == (20_000, 20, 2_000)


def test_a_time_step_too_long_for_the_lightest_atom_is_warned_of(tmp_path, caplog):
    card = {"format": "decant-potential-1", "algorithm": "x", "elements": ["H", "C", "O"], "files": {}}
    write_yaml(tmp_path / "card.yaml", card)
    (tmp_path / "pair.lammps").write_text("")
    for liquid, timestep, told in (("EC:1", 1.0, False), ("EC:1", 1.5, True), ("O=C=O:1", 2.0, False)):
        describe(Protocol(tmp_path, liquid, density=1.0, timestep_fs=timestep), Potential.open(tmp_path), 1, 1)
        assert ("is too long for bonds of hydrogen: 1 fs at most" in caplog.text) == told
        caplog.clear()


def test_a_charged_box_is_warned_of_and_a_neutral_one_with_ions_is_not(tmp_path, caplog):
    card = {"format": "decant-potential-1", "algorithm": "x", "elements": ["H", "Li", "C", "O", "Cl"], "files": {}}
    write_yaml(tmp_path / "card.yaml", card)
    (tmp_path / "pair.lammps").write_text("")
    for liquid, told in (("EC:4,Li+:2", True), ("EC:4,Li+:1,Cl-:1", False)):
        describe(Protocol(tmp_path, liquid, density=1.0), Potential.open(tmp_path), 1, 1)
        assert ("the box has a charge of +2 e" in caplog.text) == told
        caplog.clear()


def test_the_time_of_lammps_ends_a_tenth_before_that_of_the_command_and_at_most_five_minutes():
    assert Resources().walltime() == "off"
    now = time.time()
    for left, seconds in ((100, 90), (36_000, 35_700), (-5, 1)):
        assert int(Resources(until=now + left).walltime()) in (seconds, max(1, seconds - 1))


def test_a_slurm_job_ends_the_run_in_time(monkeypatch):
    monkeypatch.delenv("SLURM_JOB_END_TIME", raising=False)
    assert end_of_time(None) is None
    monkeypatch.setenv("SLURM_JOB_END_TIME", "1800000000")
    assert end_of_time(None) == 1_800_000_000
    assert end_of_time("1h") == pytest.approx(time.time() + 3600, abs=60)


@pytest.mark.parametrize("text", ["3", "3,3", "3,3,0", "a,b,c", ""])
def test_copies_of_a_box_are_three_numbers(text):
    with pytest.raises(InputError, match="expected three positive whole numbers"):
        copies_of_box(text)
    assert copies_of_box("[2, 3, 4]") == copies_of_box("2x3x4") == (2, 3, 4)


def test_the_start_density_is_that_of_the_mixed_solvents():
    density = mixture_density(parse_liquid("EC:4,EMC:8"))
    assert mixture_density(parse_liquid("EMC:1")) < density < mixture_density(parse_liquid("EC:1"))
    assert density == mixture_density(parse_liquid("EC:4,CCOC(=O)OC:8"))  # by its SMILES, it is the same solvent


def test_a_start_from_an_unknown_density_is_told(tmp_path, caplog):
    card = {"format": "decant-potential-1", "algorithm": "x", "elements": ["H", "C", "O"], "files": {}}
    write_yaml(tmp_path / "card.yaml", card)
    (tmp_path / "pair.lammps").write_text("")
    for liquid, density, told in (("EC:1,VC:2", None, True), ("EC:1", None, False), ("VC:2", 1.3, False)):
        describe(Protocol(tmp_path, liquid, density=density), Potential.open(tmp_path), 1, 1)
        assert ("no density is known of VC" in caplog.text) == told
        caplog.clear()


def test_the_potential_is_linked_by_a_relative_path_that_survives_a_move_of_both(tmp_path):
    study = tmp_path / "erste Versuche"
    (study / "potentials" / "MACE Ω $1").mkdir(parents=True)
    (study / "potentials" / "MACE Ω $1" / "pair.lammps").write_text("pair_style none\n")
    run = study / "runs" / "a b"
    run.mkdir(parents=True)
    for _ in range(2):
        link_potential(run, study / "potentials" / "MACE Ω $1")
    study.rename(tmp_path / "moved")
    assert (tmp_path / "moved" / "runs" / "a b" / "potential" / "pair.lammps").read_text() == "pair_style none\n"
    (tmp_path / "taken" / "potential").mkdir(parents=True)
    with pytest.raises(InputError, match="is in the way"):
        link_potential(tmp_path / "taken", study)


def test_the_speed_is_that_of_the_segments_on_the_present_ranks(tmp_path):
    for segment, seconds in ((0, 10.0), (1, 5.0)):
        rows = f"Step CPU\n0 0.0\n1000 {seconds}\nLoop time of {seconds}\n"
        (tmp_path / f"production.{segment}.log").write_text(rows)
    whole, later = described(atoms=1000), described(atoms=1000, speed_from_segment=1)
    assert Run(tmp_path, whole).performance()["katom_step_per_s"] == pytest.approx(2000 / 15)
    assert Run(tmp_path, later).performance()["katom_step_per_s"] == pytest.approx(200)


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
from decant.foundation.locks import locked
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
    described().write(tmp_path / "run.yaml")
    (tmp_path / "status.yaml").write_text("state: running\nsegment: 0\n")
    assert Run.open(tmp_path).status["state"] == "interrupted"
    with locked(tmp_path):
        assert Run.open(tmp_path).status["state"] == "running"


@pytest.mark.parametrize("ranks", [0, -1, 100000])
def test_an_impossible_rank_count_is_refused_before_anything_is_written(tmp_path, ranks):
    with pytest.raises(InputError, match="`ranks`"):
        simulate(Protocol(tmp_path, "EC:1"), tmp_path / "run", ranks=ranks)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ensemble": "nph"}, "`ensemble` nph"),
        ({"copies": 0}, "`copies` 0"),
        ({"temperature": -1.0}, "`temperature` -1.0"),
        ({"timestep_fs": float("nan")}, "`timestep_fs` nan"),
        ({"density": 0.0}, "`density` 0.0"),
        ({"length_ps": 1e-5}, "shorter than one time step"),
        ({"length_ps": float("nan")}, "`length_ps` nan"),
        ({"pressure": float("inf")}, "`pressure` inf"),
        ({"replicate": (2, 0, 1)}, "`replicate`"),
        ({"rdf_cutoff": 10.0}, "with `trajectory` none"),
        ({"viscosity": True}, "`viscosity` with `ensemble` npt"),
        ({"ion_charge_scale": 0.8}, "`ion_charge_scale`: is of a `method`"),
    ],
)
def test_a_senseless_setting_is_named(tmp_path, change, message):
    with pytest.raises(InputError, match=message):
        simulate(Protocol(tmp_path, "EC:1", **change), tmp_path / "run")
