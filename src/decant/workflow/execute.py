"""Running a study: its files are written into a folder, where Snakemake runs the jobs, killed and repeated at will."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from decant.foundation.directories import require_own, wait_until_free
from decant.foundation.errors import InputError, ProgramFailed
from decant.foundation.files import as_yaml, is_current, write_beside
from decant.foundation.locks import locked
from decant.foundation.progress import Progress, clock
from decant.foundation.settings import read_mapping
from decant.study.checks import check_study
from decant.study.study import Study
from decant.study.study_file import study_values
from decant.workflow.jobs import Job, study_inputs, study_jobs
from decant.workflow.outcome import Outcome, State, outcome, state
from decant.workflow.profile import Profile, cancel_jobs
from decant.workflow.status import JOBS, STUDY
from decant.workflow.supervisor import GRACE

LOG = "snakemake.log"
A_STUDY = "the folder of a study"
INTERVAL = 2.0
"""Seconds between two looks at the markers."""


def load(path: Path) -> tuple[dict[str, Any], Study]:
    """Return the content of a study file with absolute paths, and the checked study.

    Raises
    ------
    InputError
        If something in it is wrong.
    """
    values = study_values(path)
    study = read_mapping(Study, values, str(path))
    try:
        check_study(study)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    return values, study


def run_study(path: Path, folder: Path, profile: Profile) -> Outcome:
    """Run what is left of a study.

    Parameters
    ----------
    path
        The study file.
    folder
        The study's folder, made if missing.
    profile
        Where the jobs run.

    Returns
    -------
    Outcome
        Which jobs are done, failed or could not be run.

    Raises
    ------
    InputError
        If the study is wrong, the folder holds something else or is in use, or there is no Slurm where it is wanted.
    ProgramFailed
        If Snakemake failed without that a job did.
    """
    values, study = load(path)
    folder, words = Path(folder), profile.words()
    require_own(folder, STUDY, A_STUDY)
    wait_until_free(folder, GRACE + 4.0)  # the jobs of a call that was killed take some seconds to end
    with locked(folder, "running a study") as lock:
        jobs = study_jobs(study)
        if profile.is_slurm and (number := cancel_jobs(folder)):
            print(f"{folder}: {number} jobs of an earlier call are cancelled, to be continued", file=sys.stderr)
        write_inputs(folder, values, study, jobs)
        for job in jobs:
            if state(folder, job) is not State.DONE:
                _log(folder, job).unlink(missing_ok=True)  # of an earlier attempt, which is about to be repeated
        try:
            code = _snakemake(folder, jobs, profile.cores, words, lock)
        finally:
            if profile.is_slurm:
                cancel_jobs(folder)  # none is left, unless this call was interrupted
    result = outcome(folder, jobs)
    if code and not result.failed and not result.out_of_time:
        lines = (folder / LOG).read_text(encoding="utf-8", errors="replace").split("\n")
        last = " | ".join(line.strip() for line in lines if line.strip())[-400:]
        raise ProgramFailed(f"{folder}: Snakemake ended with code {code}; its log is {folder / LOG}: {last}")
    return result


def write_inputs(folder: Path, values: dict[str, Any], study: Study, jobs: list[Job]) -> None:
    """Write the files of the folder that the commands and the readers of a study need, where they are not as before."""
    _write(folder / STUDY, as_yaml(values))  # first: it makes the folder a study's
    for name, content in study_inputs(study).items():
        _write(folder / name, as_yaml(content))
    _write(folder / JOBS, json.dumps([job.record() for job in jobs], indent=1) + "\n")


def is_reported(folder: Path, report: Path) -> bool:
    """Return whether a report is younger than the study in a folder, all its jobs and what they found."""
    logs = (path for path in (folder / "jobs").rglob("*") if path.is_file())
    return is_current(report, [folder / JOBS, *logs, *folder.rglob("*.yaml")])


def _write(path: Path, text: str) -> None:
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        with write_beside(path) as temporary:
            temporary.write_text(text, encoding="utf-8")


def _snakemake(folder: Path, jobs: list[Job], cores: int | None, words: list[str], lock: int) -> int:
    """Run Snakemake in the folder until it ends, with one line on how far it is; return its exit code."""
    command = [
        sys.executable, "-m", "decant.workflow.supervisor", sys.executable, "-m", "snakemake",
        "--snakefile", str(Path(__file__).with_name("Snakefile")), *words, "--keep-going",
        "--rerun-incomplete", "--rerun-triggers", "mtime", "params", "input", "--scheduler", "greedy", "--nocolor",
        # by default it looks for work once a second for each job that has ended; a timer of this span ends last
        "--max-jobs-per-timespan", "100/1s",
        "--nolock",  # the folder is locked by us, in a way that no kill leaves behind
    ]  # fmt: skip
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"  # the `decant` of this Python
    with (folder / LOG).open("ab") as log:
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, "PATH": path}, stdin=subprocess.PIPE, stdout=log, stderr=log,
            start_new_session=True, pass_fds=(lock,),
        )  # fmt: skip
    assert process.stdin is not None  # a pipe was asked for
    try:
        _follow(process, folder, jobs, cores)
    finally:
        process.stdin.close()  # the end of this pipe ends the supervisor and all jobs
        code = process.wait()
    return code


def _follow(process: subprocess.Popen[bytes], folder: Path, jobs: list[Job], cores: int | None) -> None:
    """Show how many jobs are done until the process ends."""
    done = sum(state(folder, job) is State.DONE for job in jobs)
    with Progress("run", len(jobs), "jobs", done=done) as progress:
        while process.poll() is None:
            states = {job: state(folder, job) for job in jobs}
            rest = sum(job.seconds or 0.0 for job, one in states.items() if one not in (State.DONE, State.FAILED))
            left = f"; at least {clock(rest / cores)} by the estimate" if cores else ""  # a queue's length nobody knows
            counts = {kind: sum(one is kind for one in states.values()) for kind in State}
            failed = f", {counts[State.FAILED]} failed" if counts[State.FAILED] else ""
            note = f"{counts[State.RUNNING]} running{failed}{left}"
            progress.update(counts[State.DONE], note)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(INTERVAL)
        progress.update(sum(state(folder, job) is State.DONE for job in jobs))


def _log(folder: Path, job: Job) -> Path:
    return folder / "jobs" / f"{job.name}.log"
