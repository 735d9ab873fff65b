"""A study is written as plain batch scripts that ask for what each job needs and leave the markers of a run."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from decant.foundation.errors import InputError
from decant.workflow.jobs import Job
from decant.workflow.outcome import State
from decant.workflow.sbatch import ENVIRONMENT, export_study
from decant.workflow.status import read_status
from tests.integration.conftest import run_decant
from tests.unit.study.test_study import changed, written

RESOURCES = {
    "fit": {"cores": 4, "gpus": 1, "memory": "16GB", "time": "2h", "partition": "gpu"},
    "simulate": {"ranks": 16, "cores": 2, "memory": "8GB", "time": "12h"},
}


@pytest.fixture
def study(tmp_path: Path) -> Path:
    place = tmp_path / "a study"
    place.mkdir()
    return written(place, changed(resources=RESOURCES))


@pytest.fixture
def jobs(study: Path) -> dict[str, Job]:
    return {job.name: job for job in export_study(study, study.parent / "out")}


@pytest.fixture
def folder(study: Path, jobs: dict[str, Job]) -> Path:
    return study.parent / "out"


def asked(folder: Path, name: str) -> set[str]:
    lines = (folder / "sbatch" / f"{name}.sh").read_text().splitlines()
    return {line.removeprefix("#SBATCH ") for line in lines if line.startswith("#SBATCH ")}


def test_there_is_a_script_for_each_job_with_its_command_and_every_one_is_bash(
    folder: Path, jobs: dict[str, Job]
) -> None:
    scripts = {str(path.relative_to(folder / "sbatch")): path for path in (folder / "sbatch").rglob("*.sh")}
    assert set(scripts) == {f"{name}.sh" for name in jobs}
    for name, job in jobs.items():
        text = scripts[f"{name}.sh"].read_text()
        assert job.shell in text and text.startswith("#!/bin/bash\n")
    for path in (*scripts.values(), folder / "submit.sh", folder / ENVIRONMENT):
        assert subprocess.run(["bash", "-n", path], check=False).returncode == 0, path


def test_a_script_asks_for_the_resources_of_its_job(folder: Path) -> None:
    assert asked(folder, "fit/two/dp/1") >= {
        "--ntasks=1", "--cpus-per-task=4", "--gpus=1", "--mem=16000M", "--time=120", "--partition=gpu",
    }  # fmt: skip
    simulation = asked(folder, "simulate/two/dp/1/ec/300K/1")
    assert simulation >= {"--ntasks=16", "--cpus-per-task=2", "--mem=8000M", "--time=720", "--requeue"}
    assert not any(word.startswith(("--gpus", "--partition")) for word in simulation | asked(folder, "build/test"))


@pytest.mark.parametrize(
    ("name", "cores"), [("fit/two/dp/1", 4), ("simulate/two/dp/1/ec/300K/1", 32), ("build/test", 1)]
)
def test_a_script_keeps_its_command_to_the_cores_that_it_asks_for(folder: Path, name: str, cores: int) -> None:
    lines = (folder / "sbatch" / f"{name}.sh").read_text().splitlines()
    assert lines.index(f"export DECANT_CORES={cores}") > lines.index(f". ./{ENVIRONMENT}")


def test_everything_that_the_commands_read_is_in_the_folder(folder: Path, jobs: dict[str, Job]) -> None:
    assert (folder / "study.yaml").is_file() and (folder / "inputs/data/test.yaml").is_file()
    assert [entry["name"] for entry in json.loads((folder / "jobs.json").read_text())] == list(jobs)
    status = read_status(folder)
    assert len(status.of(State.WAITING)) == len(jobs)


def test_jobs_are_submitted_after_those_that_they_need(folder: Path, jobs: dict[str, Job]) -> None:
    lines = [line.split()[1:] for line in (folder / "submit.sh").read_text().splitlines() if line.startswith("submit ")]
    assert {name: tuple(needed) for name, *needed in lines} == {name: job.inputs for name, job in jobs.items()}
    before: set[str] = set()
    for name, *needed in lines:
        assert set(needed) <= before
        before.add(name)


def test_what_the_user_wrote_into_the_environment_is_kept(study: Path, folder: Path) -> None:
    (folder / ENVIRONMENT).write_text("module load mine\n")
    said = run_decant("run", study, "-o", folder, "--export-only").stdout
    assert "submit.sh submits them in order" in said
    assert (folder / ENVIRONMENT).read_text() == "module load mine\n"


def test_a_folder_of_something_else_is_refused(study: Path) -> None:
    (study.parent / "other").mkdir()
    (study.parent / "other" / "mine.txt").touch()
    with pytest.raises(InputError, match=r"holds mine\.txt but no study\.yaml"):
        export_study(study, study.parent / "other")
    assert [path.name for path in (study.parent / "other").iterdir()] == ["mine.txt"]


def with_command(folder: Path, name: str, command: str) -> subprocess.CompletedProcess[str]:
    """Run the script of a job in which `decant` is a function of the shell."""
    (folder / ENVIRONMENT).write_text(f"decant() {{ {command}; }}\n")
    script = folder / "sbatch" / f"{name}.sh"
    return subprocess.run(["bash", script], cwd=folder, capture_output=True, text=True, check=False)


def test_a_script_leaves_what_a_run_leaves_and_does_not_repeat_what_is_done(folder: Path) -> None:
    assert with_command(folder, "build/test", "echo packed $1").returncode == 0
    job = read_status(folder).jobs["build/test"]
    assert job.state is State.DONE and job.seconds is not None
    assert job.log is not None and job.log.words == ("packed build",)
    assert with_command(folder, "build/test", "exit 9").returncode == 0, "done, so not run"
    failed = with_command(folder, "build/liquid", "echo decant: error: no room; return 2")
    assert failed.returncode == 2
    assert read_status(folder).jobs["build/liquid"].state is State.FAILED
    assert not (folder / "jobs/build/liquid.done").exists()
