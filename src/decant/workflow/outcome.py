"""How the jobs of a study stand: told from their markers and logs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

from decant.run import is_locked
from decant.workflow.job_log import JobLog, read_log

WORDS = 5
"""Lines of its own log that are shown of a job that failed."""


class State(Enum):
    """How a job stands; `INTERRUPTED`: it began, and its processes are gone without a word."""

    DONE = "done"
    RUNNING = "running"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    WAITING = "waiting"


class Named(Protocol):
    """What the order of the jobs is told from."""

    @property
    def name(self) -> str:
        """Name of a job."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the jobs that it needs."""


@dataclass(frozen=True)
class Outcome:
    """How the jobs of a study ended.

    Attributes
    ----------
    done
        Names of the jobs that are done.
    failed
        Log by name of each job that failed.
    stopped
        For each job that could not be run, the name of the failed job that it needs.
    left
        Names of the jobs that are none of these: the run was ended before their turn.
    """

    done: tuple[str, ...]
    failed: Mapping[str, JobLog]
    stopped: Mapping[str, str]
    left: tuple[str, ...]


def state(folder: Path, job: Named) -> State:
    """Return how a job stands."""
    return State.DONE if is_done(folder, job.name) else standing(folder, job.name)[0]


def is_done(folder: Path, name: str) -> bool:
    """Return whether a job has its marker."""
    return (folder / "jobs" / f"{name}.done").exists()


def standing(folder: Path, name: str) -> tuple[State, JobLog | None]:
    """Return how a job stands, and what its log says."""
    log = read_log(folder / "jobs" / f"{name}.log")
    if is_done(folder, name):
        return State.DONE, log
    if log is None:
        return State.WAITING, None
    if log.is_held:
        return State.RUNNING, log
    if log.has_failed:
        return State.FAILED, log
    # between the log and its lock, and between the end and the marker, the log alone tells too little
    is_between = log.started is None or log.exit_code == 0
    return State.RUNNING if is_between and is_locked(folder) else State.INTERRUPTED, log


def outcome(folder: Path, jobs: Sequence[Named]) -> Outcome:
    """Return how the jobs ended, once nothing runs any more."""
    done: list[str] = []
    logs: dict[str, JobLog] = {}
    for job in jobs:
        how, log = standing(folder, job.name)
        if how is State.DONE:
            done.append(job.name)
        elif log is not None:
            logs[job.name] = log
    stopped = stopped_by(jobs, logs)
    left = tuple(job.name for job in jobs if job.name not in {*done, *logs, *stopped})
    return Outcome(tuple(done), logs, stopped, left)


def stopped_by(jobs: Iterable[Named], failed: Mapping[str, object]) -> dict[str, str]:
    """Return for each job that cannot be run the name of a failed one that it needs; jobs come after their inputs."""
    stopped: dict[str, str] = {}
    for job in jobs:
        causes = [stopped.get(name, name) for name in job.inputs if name in failed or name in stopped]
        if causes and job.name not in failed:
            stopped[job.name] = causes[0]
    return stopped


def summary(result: Outcome) -> str:
    """Return the outcome as a few lines for people."""
    total = len(result.done) + len(result.failed) + len(result.stopped) + len(result.left)
    lines = [f"done: {len(result.done)} of {total} jobs", *failures(result.failed), *obstacles(result.stopped)]
    if result.left:
        lines.append(f"not run yet: {len(result.left)} jobs; the same command continues")
    return "\n".join(lines)


def failures(failed: Mapping[str, JobLog]) -> list[str]:
    """Return lines with the reason of each failure and the end of its log; those that failed alike are one."""
    alike: dict[tuple[str, str], list[str]] = {}
    for name, log in failed.items():
        alike.setdefault((name.split("/", 1)[0], log.reason), []).append(name)
    lines = []
    for (_, reason), names in alike.items():
        lines.append(f"failed: {names[0]}{and_more(names)}: {reason}")
        words = failed[names[0]].words[-WORDS:]
        if len(words) > 1:  # more than the reason
            lines += [f"  its log, jobs/{names[0]}.log, ends with", *(f"    {word}" for word in words)]
    return lines


def obstacles(stopped: Mapping[str, str]) -> list[str]:
    """Return at most one line, which says how many jobs cannot be run and because of which."""
    causes = list(dict.fromkeys(stopped.values()))
    return [f"not run because of {causes[0]}{and_more(causes)}: {len(stopped)} jobs"] if causes else []


def and_more(names: Sequence[str]) -> str:
    """Return how many names follow the first, in words."""
    return f" and {len(names) - 1} more" if len(names) > 1 else ""
