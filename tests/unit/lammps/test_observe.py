"""What LAMMPS is asked to measure, and its answers as files that runs cut short leave."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from decant.foundation.errors import InputError
from decant.lammps.observe import Observation, read_blocks, read_rows, require_trajectory, types_of_elements

MOL_ID = np.repeat(np.arange(5), [2, 2, 2, 3, 3])
TYPES = ["1", "2"]
PLAIN = Observation([("[C-]#[O+]", 3), ("O=C=O", 2)], timestep_fs=0.5, dump_every=10, restart_every=40)


def lines(**more: Any) -> list[str]:
    return replace(PLAIN, **more).lines(TYPES, MOL_ID, 5.0)


def test_a_plain_run_measures_nothing_more():
    assert lines() == []


def test_species_become_groups_whatever_they_are_called():
    text = lines(trajectory="O=C=O")
    assert "group species1 molecule 1:3  # [C-]#[O+]" in text
    assert "group species2 molecule 4:5  # O=C=O" in text


@pytest.mark.parametrize(
    ("trajectory", "atoms"),
    [
        ("all", list(range(12))),
        ("centres", [1, 3, 5, 7, 10]),
        ("O=C=O", [6, 7, 8, 9, 10, 11]),
        ("[C-]#[O+]", [*range(6)]),
    ],
)
def test_the_written_atoms_are_those_of_the_group(trajectory, atoms):
    observed = replace(PLAIN, trajectory=trajectory, centre_atoms=(1, 1))
    assert observed.written_atoms(MOL_ID).tolist() == atoms
    if trajectory == "centres":
        assert "group centres id 2:6:2 8:11:3" in observed.lines(TYPES, MOL_ID, 5.0)


def test_a_longer_reach_asks_for_ghost_atoms_as_far():
    short, long = lines(trajectory="none"), lines(trajectory="none", rdf_cutoff_A=10.0)
    assert not any("cutoff" in line for line in short)
    assert any(line.startswith("comm_modify cutoff 11.0") for line in long)
    assert "compute rdf all rdf 100 1 1 1 2 2 2 cutoff 10.0" in long
    assert "compute rdf all rdf 50 1 1 1 2 2 2" in short
    assert not any("neigh_modify" in line for line in (*short, *long))
    far = lines(trajectory="none", rdf_cutoff_A=22.0)
    assert "neigh_modify one 21000 page 420000" in far, "as much as a dispersion beside the potential may need, too"


def test_types_of_an_element_are_counted_together():
    ranges = types_of_elements(np.array([1, 2, 4, 5, 2]), ["C", "C", "F", "H", "O"])
    assert ranges == ["1*2", "4", "5"], "an element that there is not has none"
    found = replace(PLAIN, trajectory="none").lines(ranges, MOL_ID, 5.0)
    assert "compute rdf all rdf 50 1*2 1*2 1*2 4 1*2 5 4 4 4 5 5 5" in found


def test_the_stress_is_averaged_over_what_lies_between_its_rows():
    (line,) = [line for line in lines(viscosity=True) if line.startswith("fix stress")]
    assert line.startswith("fix stress all ave/time 2 10 20 c_thermo_press[*]")


def test_an_unknown_choice_is_answered_with_the_nearest():
    with pytest.raises(InputError, match="did you mean 'centres'"):
        require_trajectory("centre", ["EC"])
    require_trajectory("EC", ["EC"])


def test_rows_that_a_later_segment_repeats_count_once_and_a_cut_line_not_at_all(tmp_path):
    (tmp_path / "0").write_text("# Time-averaged\n# TimeStep a\n10 1.0\n20 2.0\n30 9.0\n40 9")
    (tmp_path / "1").write_text("# Time-averaged\n# TimeStep a\n30 3.0\n40 4.0\n")
    rows = read_rows([tmp_path / "0", tmp_path / "1"])
    assert rows.tolist() == [[10, 1], [20, 2], [30, 3], [40, 4]]
    (tmp_path / "2").write_text("# Time-averaged\n")
    with pytest.raises(InputError, match="nothing was measured on the fly yet"):
        read_rows([tmp_path / "2"])


def test_a_block_that_a_kill_cut_off_does_not_count(tmp_path):
    (tmp_path / "0").write_text("# x\n100 2\n1 0.5 1.0\n2 1.5 2.0\n200 2\n1 0.5 7.0\n2 1.5")
    (tmp_path / "1").write_text("# x\n200 2\n1 0.5 3.0\n2 1.5 4.0\n")
    steps, blocks = read_blocks([tmp_path / "0", tmp_path / "1"])
    assert steps.tolist() == [100, 200]
    assert blocks[:, :, 1].tolist() == [[1, 2], [3, 4]]
