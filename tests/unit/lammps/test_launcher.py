"""Which program starts the ranks of `lmp`, and the GPU that each sees."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from decant.foundation.errors import InputError
from decant.lammps.command import command
from decant.lammps.launcher import chosen, device_of, launch_words, one_gpu_a_rank


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DECANT_LAUNCHER", "SLURM_JOB_ID"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def srun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program of this name on PATH."""
    (tmp_path / "srun").write_text("#!/bin/sh\n")
    (tmp_path / "srun").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")


def test_the_mpirun_of_the_mpi_that_lammps_is_linked_to_is_the_default():
    assert launch_words(4) == [str(Path(sys.prefix) / "bin" / "mpirun"), "-np", "4"]


def test_a_slurm_job_takes_srun_and_an_option_goes_before_the_environment(srun, monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    assert launch_words(64, threads=2)[0] == "srun"
    assert {"--ntasks=64", "--cpus-per-task=2", "--mpi=pmi2"} < set(launch_words(64, threads=2))
    monkeypatch.setenv("DECANT_LAUNCHER", "mpiexec")
    assert chosen() == "mpiexec"
    assert launch_words(3, launcher="srun --mpi=pmi2 -n {ranks}") == ["srun", "--mpi=pmi2", "-n", "3"]


def test_a_job_that_spans_nodes_may_have_more_ranks_than_this_machine_has_cores(srun, monkeypatch):
    with pytest.raises(InputError, match="`ranks` 100000"):
        command([], 100_000)
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    assert "--ntasks=100000" in command([], 100_000)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("mpirum", "did you mean 'mpirun'"),
        ("srun -n 4", "a command line with {ranks}"),
        ("env -n {ranks} -c {cores}", "only {ranks} and {threads} are filled in"),
        ("no-such-launcher -n {ranks}", "no-such-launcher: no such program"),
    ],
)
def test_a_launcher_that_cannot_work_is_refused(line, message):
    with pytest.raises(InputError) as caught:
        launch_words(2, launcher=line)
    assert message in str(caught.value)


def test_each_rank_sees_one_gpu_of_those_that_the_batch_system_gave():
    show = ["/bin/sh", "-c", "echo $CUDA_VISIBLE_DEVICES"]
    for gpus, given, expected in ((2, {"CUDA_VISIBLE_DEVICES": "5,7"}, "557"), (3, {}, "012")):
        words = [*launch_words(3), *one_gpu_a_rank(gpus, given), *show]
        done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)
        assert sorted(done.stdout.split()) == sorted(expected)
    assert one_gpu_a_rank(0) == []


def test_gpus_that_were_asked_for_are_what_mace_runs_on():
    assert device_of(4, {}) == device_of(1, {"DECANT_DEVICE": "cpu"}) == {"DECANT_DEVICE": "cuda"}
    assert device_of(4, {"DECANT_DEVICE": "opencl"}) == {"DECANT_DEVICE": "opencl"}
    assert device_of(0, {"DECANT_DEVICE": "cuda"}) == {}


def test_more_gpus_than_there_are_is_refused():
    with pytest.raises(InputError, match="`gpus` 4: CUDA_VISIBLE_DEVICES=0,1 shows only 2"):
        one_gpu_a_rank(4, {"CUDA_VISIBLE_DEVICES": "0,1"})
