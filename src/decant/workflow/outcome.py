"""How the jobs of a study stand: told from their markers and logs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

from decant.foundation.errors import UnknownElement
from decant.foundation.locks import is_locked
from decant.workflow.job_log import ERROR, JobLog, read_log
from decant.workflow.profile import slurms_word

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
class Failure:
    """Why a job failed.

    Attributes
    ----------
    reason
        In one line.
    words
        The last lines of its log.
    code
        A code of `decant.foundation.errors`; empty where there is none for it.
    """

    reason: str
    words: tuple[str, ...] = ()
    code: str = ""

    @property
    def is_refusal(self) -> bool:
        """Whether nothing went wrong: an element was asked for that the potential has never seen."""
        return self.code == UnknownElement.code


@dataclass(frozen=True)
class Outcome:
    """How the jobs of a study ended.

    Attributes
    ----------
    done
        Names of the jobs that are done.
    failed
        Each job that failed, by name.
    stopped
        For each job that could not be run, the name of the failed job that it needs.
    left
        Names of the jobs that are none of these: the run was ended before their turn.
    out_of_time
        Names of those of them that have begun: simulations whose time was over before their end.
    """

    done: tuple[str, ...]
    failed: Mapping[str, Failure]
    stopped: Mapping[str, str]
    left: tuple[str, ...]
    out_of_time: tuple[str, ...] = ()


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
    if log.is_out_of_time:
        return State.WAITING, log
    if log.has_failed:
        return State.FAILED, log
    # between the log and its lock, and between the end and the marker, the log alone tells too little
    is_between = log.started is None or log.exit_code == 0
    return State.RUNNING if is_between and is_locked(folder) else State.INTERRUPTED, log


def outcome(folder: Path, jobs: Sequence[Named]) -> Outcome:
    """Return how the jobs ended, once nothing runs any more."""
    done: list[str] = []
    failed: dict[str, Failure] = {}
    out_of_time: list[str] = []
    for job in jobs:
        how, log = standing(folder, job.name)
        if how is State.DONE:
            done.append(job.name)
        elif log is not None and log.is_out_of_time:
            out_of_time.append(job.name)
        elif log is not None:
            failed[job.name] = failure(folder, job.name, log)
    stopped = stopped_by(jobs, failed)
    left = tuple(job.name for job in jobs if job.name not in {*done, *failed, *stopped})
    return Outcome(tuple(done), failed, stopped, left, tuple(out_of_time))


def failure(folder: Path, name: str, log: JobLog) -> Failure:
    """Return why a job failed: its own last words, and what Slurm says where these tell of no error."""
    word = "" if log.words and log.words[-1].startswith(ERROR) else slurms_word(folder, name)
    return Failure(" | ".join(filter(None, (log.reason, word))), log.words[-WORDS:], log.code)


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
        begun = f", {len(result.out_of_time)} of them out of time" if result.out_of_time else ""
        lines.append(f"not done yet: {len(result.left)} jobs{begun}; the same command continues")
    return "\n".join(lines)


def failures(failed: Mapping[str, Failure]) -> list[str]:
    """Return lines with the reason of each failure and the end of its log; those that failed alike are one."""
    alike: dict[tuple[str, str], list[str]] = {}
    for name, one in failed.items():
        alike.setdefault((name.split("/", 1)[0], one.reason), []).append(name)
    lines = []
    for (_, reason), names in alike.items():
        lines.append(f"failed: {names[0]}{and_more(names)}: {reason}")
        words = failed[names[0]].words
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
