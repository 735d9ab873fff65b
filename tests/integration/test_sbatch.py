"""The batch scripts of a study run on a real Slurm in order, a failure stops what needs it, a walltime only delays.

What `decant` does in a job is of no matter here; `environment.sh`, the user's own, makes it a function of the shell.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from decant.workflow.outcome import State
from decant.workflow.sbatch import ENVIRONMENT, SUBMIT, export_study
from decant.workflow.status import Status, read_status
from tests.slurm import ask, missing, slurm

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"no Slurm on this machine: {', '.join(missing())} missing")

STUDY = Path(__file__).parents[2] / "examples" / "studies" / "tiny.yaml"
MEOH, ACN = "methanol/mace/1/methanol/100K/1", "methanol/mace/1/acetonitrile/100K/1"
DECANT = """
decant() {
  case "$*" in
    simulate*acetonitrile*) echo "decant: error: no acetonitrile"; return 2 ;;
    simulate*) if [ ! -e begun ]; then touch begun; return 75; fi ;;
  esac
  echo "$*" >> order
}
"""
PATIENCE = 240.0


@dataclass(frozen=True)
class Submitted:
    """What submitting a study twice said, what each script would get, and how the study stood in the end."""

    folder: Path
    first: list[str]
    second: list[str]
    tested: list[int]
    status: Status


@pytest.fixture(scope="module")
def submitted(tmp_path_factory: pytest.TempPathFactory) -> Submitted:
    folder = tmp_path_factory.mktemp("by hand") / "a study"
    jobs = export_study(STUDY, folder)
    (folder / ENVIRONMENT).write_text(DECANT)
    with tempfile.TemporaryDirectory(prefix="slurm") as place, slurm(Path(place)) as environment:

        def run(*words: object) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [str(word) for word in words], cwd=folder, env=environment, capture_output=True, text=True, check=False
            )

        tested = [run("sbatch", "--test-only", f"sbatch/{job.name}.sh").returncode for job in jobs]
        first = run(folder / SUBMIT, "--comment=by hand")
        assert first.returncode == 0, first.stderr
        comments = ask(environment, "squeue", "--noheader", "--format=%k").splitlines()
        assert comments and set(comments) == {"by hand"}
        second = run(folder / SUBMIT)
        end = time.monotonic() + PATIENCE
        while ask(environment, "squeue", "--noheader"):
            assert time.monotonic() < end, ask(environment, "squeue")
            time.sleep(0.5)
    return Submitted(folder, first.stdout.splitlines(), second.stdout.splitlines(), tested, read_status(folder))


def test_slurm_takes_every_script(submitted: Submitted) -> None:
    assert submitted.tested == [0] * 14


def test_jobs_run_in_order_and_what_needs_a_failed_one_is_cancelled(submitted: Submitted) -> None:
    status = submitted.status
    assert {job.name for job in status.of(State.FAILED)} == {f"simulate/{ACN}"}
    assert {job.name for job in status.of(State.WAITING)} == {f"analyze/{ACN}", f"score/{ACN}"}
    assert len(status.of(State.DONE)) == 11
    verbs = [line.split()[0] for line in (submitted.folder / "order").read_text().splitlines()]
    assert sorted(verbs[:4]) == ["build", "build", "label", "label"]
    assert verbs[4:7] == ["split", "fit", "export"] and verbs[-2:] == ["analyze", "score"]


def test_a_simulation_that_is_out_of_time_goes_on_in_the_same_job(submitted: Submitted) -> None:
    assert (submitted.folder / "begun").is_file()
    log = submitted.status.jobs[f"simulate/{MEOH}"].log
    assert log is not None and log.exit_code == 0
    assert submitted.status.jobs[f"score/{MEOH}"].state is State.DONE


def test_it_says_what_each_job_waits_for_and_submits_nothing_twice(submitted: Submitted) -> None:
    numbers = {line.split()[1].rstrip(","): line.split()[0] for line in submitted.first}
    assert len(numbers) == 14
    assert f"{numbers['label/test']} label/test, after {numbers['build/test']}" in submitted.first
    queued = [line for line in submitted.second if line.endswith("in the queue already")]
    assert len(queued) >= 12  # the first two may be done by then
    assert set(numbers.values()) >= {line.split()[0] for line in submitted.second}


def test_its_time_is_known_as_after_a_run(submitted: Submitted) -> None:
    assert all(job.seconds is not None for job in submitted.status.of(State.DONE))
    assert (submitted.folder / "jobs/fit/methanol/mace/1.tsv").read_text().startswith("s\n")
