"""Thermodynamic rows of LAMMPS logs."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from decant.lammps.log import join_thermo, kept_rows, read_thermo

LOG = """LAMMPS (22 Jul 2025)
   Step          Temp         Density          CPU
         0   0              1.10000000000000   0
        14   0              1.10000000000000   0.5
Loop time of 1.3 on 2 procs for 14 steps with 243 atoms
   Step          Temp         Density          CPU
         0   298.0          1.10000000000000   0
        20   301.5          1.09000000000000   0.7
WARNING: something in between
        40   nan            1.08000000000000   1.4
Loop time of 1.4 on 2 procs for 40 steps with 243 atoms
 a line with 4 words
"""


def test_rows_after_a_minimisation_replace_its_rows(tmp_path):
    (tmp_path / "x.log").write_text(LOG)
    thermo = read_thermo(tmp_path / "x.log")
    assert thermo["step"].tolist() == [0, 20, 40]
    assert thermo["temperature_K"][:2].tolist() == [298.0, 301.5]
    assert np.isnan(thermo["temperature_K"][2])
    assert set(thermo) == {"step", "temperature_K", "density_g_cm3", "cpu_s"}


def test_every_truncation_of_a_log_gives_rows_of_the_whole_log(tmp_path):
    (tmp_path / "whole.log").write_text(LOG)
    whole = LOG.split()
    for length in range(len(LOG)):
        (tmp_path / "x.log").write_text(LOG[:length])
        thermo = read_thermo(tmp_path / "x.log")
        for value in thermo.get("density_g_cm3", []):
            assert f"{value:.14f}" in whole


def test_a_log_without_rows_gives_nothing(tmp_path):
    (tmp_path / "x.log").write_text("ERROR: nothing started\n")
    assert read_thermo(tmp_path / "x.log") == {}


@given(st.lists(st.integers(0, 30), max_size=40))
def test_kept_steps_increase_and_end_at_the_last_row(steps):
    keep = kept_rows(np.array(steps, dtype=int))
    kept = np.array(steps, dtype=int)[keep]
    assert np.all(np.diff(kept) > 0)
    assert not steps or kept[-1] == steps[-1]
    # a row goes only if a later one has the same or a smaller step
    for row in np.flatnonzero(~keep):
        assert min(steps[row + 1 :]) <= steps[row]


def test_a_continuation_replaces_what_the_killed_segment_wrote_after_its_restart():
    first = {"step": np.array([0, 10, 20, 30]), "x": np.array([0.0, 1.0, 2.0, 3.0])}
    second = {"step": np.array([20, 30, 40]), "x": np.array([2.5, 3.5, 4.5])}
    joined = join_thermo([first, {}, second])
    assert joined["step"].tolist() == [0, 10, 20, 30, 40]
    assert joined["x"].tolist() == [0.0, 1.0, 2.5, 3.5, 4.5]
