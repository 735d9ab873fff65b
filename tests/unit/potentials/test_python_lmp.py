"""Inputs of LAMMPS are read as LAMMPS reads them, for Python to stand in for `lmp`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from decant.lammps.inputs import inputs_directory
from decant.potentials.python_lmp import commands


def test_a_command_goes_on_after_an_ampersand_and_within_triple_quotes():
    text = 'units metal\nthermo_style custom step &\n  temp &\n  pe\nprint """a\nb & c"""\nrun 1'
    assert list(commands(text)) == [
        "units metal",
        "thermo_style custom step    temp    pe",
        'print """a\nb & c"""',
        "run 1",
    ]


@pytest.mark.parametrize("name", sorted(file.name for file in inputs_directory().iterdir()))
def test_no_input_of_ours_jumps_within_itself(name: str):
    text = (Path(inputs_directory()) / name).read_text()
    assert not re.search(r"^\s*(jump|label|next)\b", text, re.MULTILINE)
