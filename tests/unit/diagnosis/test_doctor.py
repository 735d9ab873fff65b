"""Findings and their report; the checks themselves are tried on a real machine in tests/integration/test_doctor.py."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from decant.diagnosis import base, machine, tools
from decant.diagnosis.base import MISSING, OK, WRONG, Finding, as_mapping, as_text, examine, runs_potentials
from decant.diagnosis.packages import requirements
from decant.foundation.errors import InputError


def test_a_line_tells_state_name_detail_and_what_mends_it() -> None:
    assert as_text(Finding("mpi", OK, "2 ranks started")).split() == ["ok", "mpi", "2", "ranks", "started"]
    first, second = as_text(Finding("gpu", MISSING, "none", "buy one", needed=False)).splitlines()
    assert first.startswith("missing") and "gpu (optional)" in first
    assert second.strip() == "mend: buy one"


def test_the_main_job_waits_for_what_it_needs_and_for_nothing_else() -> None:
    fine, optional = Finding("mpi", OK, ""), Finding("gpu", MISSING, "", needed=False)
    assert as_mapping([fine, optional])["main_job"] is True
    assert as_mapping([fine, optional, Finding("lammps", WRONG, "")])["main_job"] is False


def test_a_machine_without_extras_runs_potentials_though_not_the_main_job() -> None:
    found = [Finding(name, OK, "") for name in ("lammps", "pair_style mace", "mpi")]
    assert runs_potentials([*found, Finding("extra mace", MISSING, "")])
    assert not runs_potentials([*found[:2], Finding("mpi", WRONG, "")])


def test_a_check_that_fails_itself_is_a_finding_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken_disk() -> Iterator[Finding]:
        raise OSError("strange")
        yield

    def no_program() -> Iterator[Finding]:
        raise InputError("lmp: no such program")
        yield

    def fine() -> Iterator[Finding]:
        yield Finding("fine", OK, "")

    monkeypatch.setattr(base, "checks", lambda: [broken_disk, no_program, fine])
    found = [(finding.name, finding.state, finding.detail) for finding in examine()]
    assert found == [
        ("broken disk", WRONG, "OSError: strange"),
        ("no program", MISSING, "lmp: no such program"),
        ("fine", OK, ""),
    ]


def test_what_an_extra_asks_for_counts_and_what_other_extras_ask_for_does_not() -> None:
    names = {requirement.name.lower() for requirement in requirements("decant-mlip")}
    assert {"lammps", "mpich", "numpy"} <= names  # mpich comes by lammps[mpi] alone
    assert not {"deepmd-kit", "torch", "pytest", "cmake"} & names  # of our own extras
    deepmd = {requirement.name.lower() for requirement in requirements("decant-mlip", frozenset({"deepmd"}))}
    assert {"deepmd-kit", "torch"} <= deepmd and not {"mace-torch", "numpy"} & deepmd


def test_what_belongs_to_an_extra_that_is_not_installed_is_missing_and_not_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tools, "find_spec", lambda name: None)
    monkeypatch.setattr(machine, "find_spec", lambda name: None)
    (labels,) = tools.labels_tblite()
    assert (labels.state, labels.needed) == (MISSING, False) and "decant-mlip[labels]" in labels.mend
    assert not list(machine.cuda_runtime()), "nothing needs it"


def test_files_that_the_kernel_remembers_take_no_memory_from_a_job(tmp_path: Path) -> None:
    assert machine.left_to_group(tmp_path) == math.inf
    (tmp_path / "memory.max").write_text("4000000000\n")
    (tmp_path / "memory.current").write_text("3900000000\n")
    assert machine.left_to_group(tmp_path) == 100_000_000
    (tmp_path / "memory.stat").write_text("anon 400000000\nfile 3500000000\ninactive_file 3400000000\n")
    assert machine.left_to_group(tmp_path) == 3_500_000_000
    (tmp_path / "memory.max").write_text("max\n")
    assert machine.left_to_group(tmp_path) == math.inf
