"""`decant doctor` on this machine as it is, and on the same machine with something really broken."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from decant.diagnosis import lammps, machine, tools
from decant.diagnosis.base import MISSING, OK, WRONG, Check, Finding
from decant.lammps.command import environment, lmp_binary
from decant.lammps.plugin import mace_directory
from tests.opencl import opencl_variables


@pytest.fixture(autouse=True)
def no_memory_of_the_environment() -> None:
    """Let each test see the environment variables that it sets."""
    environment.cache_clear()


def one(check: Check) -> Finding:
    """Return the one finding of a check."""
    (finding,) = check()
    return finding


def test_this_machine_can_run_the_main_job_and_every_finding_says_so() -> None:
    code = "from decant.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "doctor", "--json"], capture_output=True, text=True, check=False, timeout=170
    )
    report = json.loads(done.stdout)
    found = {finding["name"]: finding for finding in report["findings"]}
    assert [name for name, finding in found.items() if finding["needed"] and finding["state"] != OK] == []
    assert (done.returncode, report["main_job"]) == (0, True)
    assert "2 ranks started" in found["mpi"]["detail"] and "libmpi" in found["mpi"]["detail"]
    assert "loaded" in found["pair_style mace"]["detail"] and "loaded" in found["pair_style deepmd"]["detail"]
    for finding in found.values():  # what is not there comes with what mends it
        assert (finding["state"] == OK) != bool(finding["mend"])


def test_a_launcher_that_is_not_there_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DECANT_LAUNCHER", "/nowhere/mpirun -n {ranks}")
    finding = one(lammps.mpi)
    assert finding.state == MISSING and "/nowhere/mpirun: no such program" in finding.detail
    assert "DECANT_LAUNCHER" in finding.mend and finding.stops_the_main_job


def test_a_launcher_whose_ranks_do_not_find_each_other_is_wrong(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    launcher = tmp_path / "mpirun"  # what a launcher of another MPI family does: two processes, each alone
    launcher.write_text('#!/bin/sh\nshift 2\n"$@"\n"$@"\n')
    launcher.chmod(0o755)
    monkeypatch.setenv("DECANT_LAUNCHER", f"{launcher} -n {{ranks}}")
    finding = one(lammps.mpi)
    assert finding.state == WRONG and "each alone" in finding.detail


def test_a_level_of_instructions_that_was_not_compiled_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DECANT_SIMD", "x86-64-v9")
    finding = one(lammps.pair_style_mace)
    assert finding.state == WRONG and "this CPU (or DECANT_SIMD) allows none of them" in finding.detail


def test_devices_that_pair_style_mace_can_run_on_are_named_with_what_is_missing(tmp_path: Path) -> None:
    code = (
        "from decant.diagnosis.machine import devices_of_mace\n"
        "for one in devices_of_mace():\n    print(one.name, one.state, one.detail, one.mend, sep='|')"
    )
    without = {"OCL_ICD_VENDORS": str(tmp_path)}
    said = {}
    for case, variables in (("with", opencl_variables(tmp_path / "opencl")), ("without", without)):
        done = subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, **variables}, capture_output=True, text=True, check=True
        )
        said[case] = {line.split("|")[0]: line.split("|")[1:] for line in done.stdout.splitlines()}
    state, detail, mend = said["with"]["pair_style mace on opencl"]
    assert state == OK and detail.startswith("OpenCL, ") and "DECANT_DEVICE=opencl" in detail and not mend
    state, detail, mend = said["without"]["pair_style mace on opencl"]
    assert state == MISSING and "no OpenCL" in detail and "intel-opencl-rt" in mend
    state, detail, mend = said["without"]["pair_style mace on cuda"]
    assert (state == OK) != bool(mend), detail


def test_a_plugin_of_another_lammps_is_wrong(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    plugin = Path(mace_directory()) / "maceplugin.so"
    (tmp_path / plugin.name).write_bytes(plugin.read_bytes().replace(b"22 Jul 2025", b"29 Sep 2021"))
    monkeypatch.setattr(lammps, "mace_directory", lambda: str(tmp_path))
    finding = one(lammps.pair_style_mace)
    assert finding.state == WRONG and "compiled for another LAMMPS than" in finding.detail
    (tmp_path / plugin.name).unlink()
    assert one(lammps.pair_style_mace).state == MISSING


def test_a_lammps_that_does_not_start_is_wrong(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "lmp"
    broken.write_bytes(lmp_binary().read_bytes()[:2000])
    broken.chmod(0o755)
    monkeypatch.setenv("DECANT_LMP", str(broken))
    finding = one(lammps.lammps)
    assert finding.state == WRONG and "does not start" in finding.detail and finding.mend


def test_optional_programs_are_missed_on_an_empty_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("DECANT_CP2K", raising=False)
    for check in (tools.labels_cp2k, tools.compiler, tools.browser, tools.cluster, machine.gpu):
        finding = one(check)
        assert finding.state == MISSING and finding.mend and not finding.stops_the_main_job


def test_a_queue_that_does_not_answer_is_wrong(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in tools.SLURM:
        (tmp_path / name).write_text(
            "#!/bin/sh\necho 'slurm_load_jobs error: Unable to contact controller' >&2\nexit 1\n"
        )
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    finding = one(tools.cluster)
    assert finding.state == WRONG and "Unable to contact controller" in finding.detail


def test_a_folder_for_temporary_files_that_is_full_is_wrong(monkeypatch: pytest.MonkeyPatch, small_disk: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(small_disk))
    here, temporary = machine.disk()
    assert here.state == OK
    assert temporary.state == WRONG and f"{small_disk}: 0.0 GB free" in temporary.detail
