"""How a study stands: which of its jobs are done, run, failed or wait, and the time each took; from its files alone.

That a job runs is told by the lock that it holds on its log. It is free as soon as the last process of the job is gone,
however that ended, so a job that was killed is not taken for one that runs. Computers that share a folder see each
other's locks where its file system passes them on (NFS does; Lustre does when mounted with ``flock``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from decant.foundation.errors import InputError
from decant.foundation.locks import is_locked
from decant.workflow.job_log import JobLog
from decant.workflow.outcome import Failure, State, failure, standing, stopped_by

STUDY, JOBS = "study.yaml", "jobs.json"


@dataclass(frozen=True)
class JobStatus:
    """How one job stands.

    Attributes
    ----------
    name, kind, cell, inputs, cores
        As of `decant.workflow.jobs.Job`.
    estimate
        What it was thought to take, s; None where nothing tells.
    state
        How it stands.
    log
        What its log says; None if it has not begun.
    seconds
        Wall time that it took, or has taken so far; None where nothing tells.
    failure
        Why it failed, or what is known of one whose processes are gone; None for others.
    """

    name: str
    kind: str
    cell: str
    inputs: tuple[str, ...]
    cores: int
    estimate: float | None
    state: State
    log: JobLog | None
    seconds: float | None
    failure: Failure | None

    @property
    def reason(self) -> str:
        """Why it failed; empty if it did not."""
        return self.failure.reason if self.failure else ""

    @property
    def core_seconds(self) -> float | None:
        """Wall time multiplied by cores."""
        return None if self.seconds is None else self.seconds * self.cores

    @property
    def left(self) -> float | None:
        """What it still takes by the estimate, s; None where nothing tells."""
        if self.state is State.DONE or self.estimate is None:
            return 0.0 if self.state is State.DONE else None
        return max(self.estimate - (self.seconds or 0.0), 0.0) if self.state is State.RUNNING else self.estimate


@dataclass(frozen=True)
class Status:
    """How a study stands.

    Attributes
    ----------
    folder
        Its folder.
    is_running
        Whether a ``decant run`` holds the folder.
    jobs
        Its jobs by name, each after those that it needs.
    """

    folder: Path
    is_running: bool
    jobs: Mapping[str, JobStatus]

    def of(self, state: State) -> list[JobStatus]:
        """Return the jobs that stand so."""
        return [job for job in self.jobs.values() if job.state is state]

    @property
    def failed(self) -> dict[str, Failure]:
        """The jobs that failed, by name."""
        return {job.name: job.failure for job in self.of(State.FAILED) if job.failure}

    @property
    def stopped(self) -> dict[str, str]:
        """For each job that waits in vain, the name of the failed job that it needs."""
        return stopped_by(self.jobs.values(), self.failed)


def read_status(folder: Path) -> Status:
    """Read how a study stands; nothing in its folder is changed.

    Raises
    ------
    InputError
        If it is no study's folder, no run of it has begun, or its list of jobs cannot be read.
    """
    folder = Path(folder)
    if not (folder / STUDY).is_file():
        problem = f"has no {STUDY}" if folder.is_dir() else "no such directory"
        raise InputError(f"{folder}: {problem}; expected the folder of a study that 'decant run' has begun")
    if not (folder / JOBS).is_file():
        raise InputError(f"{folder}: has no {JOBS}; 'decant run' writes it")
    return Status(folder, is_locked(folder), read_jobs(folder))


def read_jobs(folder: Path) -> dict[str, JobStatus]:
    """Return the jobs of a study by name; empty where there is no ``jobs.json``.

    Raises
    ------
    InputError
        If ``jobs.json`` is not a list of jobs.
    """
    path = folder / JOBS
    if not path.is_file():
        return {}
    try:
        jobs = [_job(folder, entry) for entry in json.loads(path.read_text(encoding="utf-8"))]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: not a list of jobs ({error}); 'decant run' writes it anew") from error
    return {job.name: job for job in jobs}


def _job(folder: Path, entry: dict[str, Any]) -> JobStatus:
    name = str(entry["name"])
    state, log = standing(folder, name)
    has_ended_badly = log is not None and state in (State.FAILED, State.INTERRUPTED)
    return JobStatus(
        name, str(entry["kind"]), str(entry["cell"]), tuple(entry["inputs"]), int(entry["cores"]),
        entry["seconds"], state, log, _seconds(folder / "jobs" / f"{name}.tsv", state, log),
        failure(folder, name, log) if log is not None and has_ended_badly else None,
    )  # fmt: skip


def _seconds(table: Path, state: State, log: JobLog | None) -> float | None:
    """Return the wall time of the last attempt, s."""
    if state is State.DONE and (measured := measured_seconds(table)) is not None:
        return measured
    if log is None or log.started is None:
        return None
    now = datetime.now(log.started.tzinfo)
    ended = log.ended or (now if state is State.RUNNING else log.changed)
    return max((ended - log.started).total_seconds(), 0.0)


def measured_seconds(table: Path) -> float | None:
    """Return column ``s`` of the first measurement in a table of Snakemake's ``benchmark``."""
    if not table.is_file():
        return None
    rows = [line.split("\t") for line in table.read_text(encoding="utf-8").splitlines()]
    try:
        return float(rows[1][rows[0].index("s")])
    except (IndexError, ValueError):
        return None
