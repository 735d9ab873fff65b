"""A LAMMPS that stays: it forgets what was before, survives its own errors, and leaves no process behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from decant.foundation.errors import ProgramFailed
from decant.lammps.session import LammpsSession


def test_each_call_begins_anew_and_an_error_ends_only_its_own(tmp_path: Path) -> None:
    session = LammpsSession()
    commands = ["variable a equal 2", f'print "$(v_a*21)" file "{tmp_path / "answer"}" screen no']
    session.run(commands, tmp_path / "first")
    assert (tmp_path / "answer").read_text().strip() == "42"
    with pytest.raises(ProgramFailed, match="LAMMPS: Unknown command: nonsense"):
        session.run(["nonsense 1"], tmp_path / "second")
    session.run(["units metal", "region r block 0 1 0 1 0 1", "create_box 1 r"], tmp_path / "third")
    session.run(["units metal", "region r block 0 1 0 1 0 1", "create_box 1 r"], tmp_path / "fourth")


def test_it_ends_with_its_process_even_where_that_is_a_rank(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from decant.lammps.session import LammpsSession\n"
        "os.environ.update(PMI_RANK='3', PMI_SIZE='4', PMI_FD='99')\n"
        "session = LammpsSession(); session.run([], Path(sys.argv[1]))\n"
        "print(session._process.pid)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "done")], capture_output=True, text=True, check=True
    )
    assert not Path(f"/proc/{done.stdout.strip()}").exists()
