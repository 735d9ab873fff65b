"""How the jobs of a study stand: told from their markers and logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from decant.run import TIME_OVER
from decant.workflow.jobs import Job
from decant.workflow.profile import slurms_word

ERROR = "decant: error: "
"""What the last line of a command begins with that failed and knows why."""


class State(Enum):
    """How a job stands."""

    DONE = "done"
    FAILED = "failed"
    RUNNING = "running"
    WAITING = "waiting"


@dataclass(frozen=True)
class Outcome:
    """How the jobs of a study ended.

    Attributes
    ----------
    done
        Names of the jobs that are done.
    failed
        Reason by name of each job that failed.
    stopped
        For each job that could not be run, the name of the failed job that it needs.
    left
        Names of the jobs that are none of these: the run was ended before their turn.
    out_of_time
        Names of those of them that have begun: simulations whose time was over before their end.
    """

    done: tuple[str, ...]
    failed: Mapping[str, str]
    stopped: Mapping[str, str]
    left: tuple[str, ...]
    out_of_time: tuple[str, ...] = ()


def state(folder: Path, job: Job) -> State:
    """Return how a job stands; one that failed without saying why looks like one that runs."""
    marker = folder / "jobs" / f"{job.name}.done"
    if marker.exists():
        return State.DONE
    log = marker.with_suffix(".log")
    if not log.exists():
        return State.WAITING
    last = last_line(log)
    if last.startswith(ERROR):
        return State.FAILED
    return State.WAITING if TIME_OVER in last else State.RUNNING


def last_line(log: Path) -> str:
    """Return the last line with words in it."""
    with log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - 4096))
        lines = stream.read().decode("utf-8", errors="replace").replace("\r", "\n").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def outcome(folder: Path, jobs: Sequence[Job]) -> Outcome:
    """Return how the jobs ended, once nothing runs any more."""
    done: list[str] = []
    left: list[str] = []
    out_of_time: list[str] = []
    failed: dict[str, str] = {}
    stopped: dict[str, str] = {}
    for job in jobs:  # each comes after those that it needs
        log = folder / "jobs" / f"{job.name}.log"
        if state(folder, job) is State.DONE:
            done.append(job.name)
        elif log.exists() and TIME_OVER in last_line(log):
            left.append(job.name)
            out_of_time.append(job.name)
        elif log.exists():
            failed[job.name] = _reason(folder, job)
        else:
            causes = [stopped.get(name, name) for name in job.inputs if name in failed or name in stopped]
            if causes:
                stopped[job.name] = causes[0]
            else:
                left.append(job.name)
    return Outcome(tuple(done), failed, stopped, tuple(left), tuple(out_of_time))


def _reason(folder: Path, job: Job) -> str:
    """Return why a job failed: its own last words, and what Slurm says where these tell of no error."""
    last = last_line(folder / "jobs" / f"{job.name}.log")
    if last.startswith(ERROR):
        return last.removeprefix(ERROR)
    word = slurms_word(folder, job.name)
    return " | ".join(filter(None, (last, word))) or "it ended without a word"


def summary(result: Outcome) -> str:
    """Return the outcome as a few lines for people; jobs that failed alike are told together."""
    total = len(result.done) + len(result.failed) + len(result.stopped) + len(result.left)
    lines = [f"done: {len(result.done)} of {total} jobs"]
    alike: dict[tuple[str, str], list[str]] = {}
    for name, reason in result.failed.items():
        alike.setdefault((name.split("/", 1)[0], reason), []).append(name)
    for (_, reason), names in alike.items():
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        lines.append(f"failed: {names[0]}{more}: {reason}")
    if result.stopped:
        causes = list(dict.fromkeys(result.stopped.values()))
        more = f" and {len(causes) - 1} more" if len(causes) > 1 else ""
        lines.append(f"not run because of {causes[0]}{more}: {len(result.stopped)} jobs")
    if result.left:
        begun = f", {len(result.out_of_time)} of them out of time" if result.out_of_time else ""
        lines.append(f"not done yet: {len(result.left)} jobs{begun}; the same command continues")
    return "\n".join(lines)
