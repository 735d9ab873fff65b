"""A study on a real Slurm reaches its report, whatever becomes of its jobs and of the command that submits them.

One study runs once for all tests: a labelling is cancelled, the driver is killed while a fit runs, the fit that the
next call starts runs into its time limit, and a simulation is requeued.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from decant.data.frames import read_frames
from decant.foundation.files import read_yaml
from tests.slurm import ask, missing, slurm

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"no Slurm on this machine: {', '.join(missing())} missing")

LIQUID = {"liquid": "MEOH:3", "density": [0.6, 0.8], "hessian": "mmff94"}
STUDY = {
    "title": "A study on Slurm",
    "method": "gfn1-xtb",
    "cores": 1,
    "resources": {"simulate": {"ranks": 2, "memory": "1GB"}, "fit": {"time": "20min", "gpus": 1}},
    "test": [{"recipe": "liquid", "count": 3, "parameters": LIQUID}],
    "data": {"methanol": {"recipes": [{"recipe": "liquid", "count": 12, "parameters": LIQUID}]}},
    "algorithms": {
        "mace": {
            "algorithm": "mace", "preset": "quick", "max_epochs": 6,
            "set": {"hidden_irreps": "8x0e", "radial_MLP": "'[8]'"},
        },
    },
    "simulations": {
        "methanol": {"liquid": "MEOH:8", "temperature": 100, "length": "50fs", "equilibration": "10fs"},
    },
}  # fmt: skip
PROFILE = {"executor": "slurm", "jobs": 10, "retries": 1, "slurm-init-seconds-before-status-checks": 2}
PATIENCE = 1200.0
LABEL, FIT, SIMULATE = "label/methanol", "fit/methanol/mace/1", "simulate/methanol/mace/1/methanol/100K/1"


@dataclass(frozen=True)
class Story:
    """What became of the study."""

    folder: Path
    code: int
    said: str
    second: str
    restarts: int


@pytest.fixture(scope="module")
def cluster() -> Iterator[dict[str, str]]:
    """Environment of a Slurm whose node has two cores."""
    with tempfile.TemporaryDirectory(prefix="slurm") as folder, slurm(Path(folder)) as environment:
        # the `decant` of this Python, on the nodes as well
        yield {**environment, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"}


def wait(is_true: Callable[[], object], what: str, driver: subprocess.Popen[bytes] | None = None) -> None:
    limit = time.monotonic() + PATIENCE
    while not is_true():
        assert time.monotonic() < limit and (driver is None or driver.poll() is None), what
        time.sleep(0.25)


def running(cluster: dict[str, str], name: str) -> str:
    """Return the number of the Slurm job that runs a job of the study; an empty text if none does."""
    comment = f"rule_{name.replace('/', '_wildcards_', 1).replace('/', '_')}"
    lines = ask(cluster, "squeue", "--noheader", "--states=RUNNING", "--format=%i|%k").splitlines()
    return next((line.split("|")[0] for line in lines if line.endswith(f"|{comment}")), "")


def caught(cluster: dict[str, str], folder: Path, name: str, driver: subprocess.Popen[bytes]) -> str:
    """Wait until the command of a job of the study has begun on its node; return the number of its Slurm job."""
    log = folder / "jobs" / f"{name}.log"
    wait(lambda: running(cluster, name) and log.exists(), f"{name} does not run", driver)
    return running(cluster, name)


@pytest.fixture(scope="module")
def story(cluster: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Story:
    place = tmp_path_factory.mktemp("study on slurm")
    folder, profile = place / "study", place / "profile"
    profile.mkdir()
    (profile / "config.yaml").write_text(yaml.safe_dump(PROFILE))
    (place / "study.yaml").write_text(yaml.safe_dump(STUDY, sort_keys=False))
    command = ["decant", "run", str(place / "study.yaml"), "-o", str(folder), "--profile", str(profile)]

    first = subprocess.Popen(command, env=cluster, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    ask(cluster, "scancel", caught(cluster, folder, LABEL, first))
    caught(cluster, folder, FIT, first)
    first.send_signal(signal.SIGKILL)
    first.wait()

    with (place / "second.log").open("w") as log:
        second = subprocess.Popen(command, env=cluster, stdout=log, stderr=log)
    try:
        wait(lambda: "cancelled" in (place / "second.log").read_text(), "nothing was left of the first call")
        fit = caught(cluster, folder, FIT, second)
        # Slurm looks for jobs over their limit every half a minute only: the fit must not have ended by then
        ask(cluster, "scancel", "--signal=STOP", "--full", fit)
        ask(cluster, "scontrol", "update", f"JobId={fit}", "EndTime=now")
        simulate = caught(cluster, folder, SIMULATE, second)
        ask(cluster, "scontrol", "requeue", simulate)
        restarts = 0
        while second.poll() is None:
            found = re.search(r"Restarts=(\d+)", ask(cluster, "scontrol", "show", "job", simulate))
            restarts = max(restarts, int(found[1]) if found else 0)
            time.sleep(1.0)
    finally:
        second.kill()  # nothing is left where the story breaks off
    said = (folder / "snakemake.log").read_text()
    return Story(folder, second.returncode, said, (place / "second.log").read_text(), restarts)


def test_the_study_reaches_its_report(story: Story) -> None:
    assert story.code == 0, story.second[-2000:] + story.said[-4000:]
    assert "done: 11 of 11 jobs" in story.second
    assert (story.folder / "report.html").is_file()


def test_every_job_was_submitted_with_what_it_asks_for(story: Story) -> None:
    for kind, words in {
        "simulate": ("tasks=2", "cpus_per_task=1", "mem_mb=1000", "runtime=30", "mpi=srun"),
        "fit": ("cpus_per_task=1", "mem_mb=8000", "runtime=20", "gpu=1", "tasks_per_gpu=1"),
    }.items():
        asked = re.search(rf"rule {kind}:.*?resources: (.*?)\n", story.said, re.DOTALL)
        assert asked is not None and all(word in asked[1].split(", ") for word in words), kind


def test_a_simulation_knows_when_its_job_must_end(cluster: dict[str, str]) -> None:
    program = "import time; from decant.verbs.simulate import end_of_time; print(end_of_time(None) - time.time())"
    left = ask(cluster, "srun", "--time=7", "env", "--unset=SLURM_JOB_END_TIME", sys.executable, "-c", program)
    assert 0 < float(left) < 7 * 60


def test_a_cancelled_job_is_taken_up_again_and_no_frame_is_labelled_twice(story: Story) -> None:
    assert "SLURM status is: 'CANCELLED'" in story.said
    frames = read_frames(story.folder / "data" / "methanol" / "labelled.extxyz")
    boxes = [frame for frame in frames if len(frame) > 1]  # beside them, each element alone
    assert len(boxes) == len({frame.info["REF_energy"] for frame in boxes}) == 12


def test_a_job_that_runs_into_its_time_limit_is_taken_up_again(story: Story) -> None:
    assert "SLURM status is: 'TIMEOUT'" in story.said
    assert read_yaml(story.folder / "models" / "methanol" / "mace" / "1" / "fit.yaml")["state"] == "finished"


def test_a_requeued_simulation_goes_on_to_its_end(story: Story) -> None:
    assert story.restarts == 1
    run = story.folder / SIMULATE.replace("simulate", "runs", 1)
    # so few frames make a poor potential, and a run that a guard ends is a result, too
    assert read_yaml(run / "status.yaml")["state"] in ("completed", "stopped")
    assert read_yaml(run / "observables.yaml")


def test_the_next_call_says_what_it_cancels_of_a_killed_one_and_leaves_nothing_in_the_queue(
    story: Story, cluster: dict[str, str]
) -> None:
    assert "1 jobs of an earlier call are cancelled" in story.second
    assert ask(cluster, "squeue", "--noheader") == ""
