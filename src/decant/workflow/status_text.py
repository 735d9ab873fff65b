"""How a study stands, as text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from decant.foundation.progress import clock
from decant.foundation.tables import format_table
from decant.workflow.outcome import State, failures, obstacles
from decant.workflow.status import JobStatus, Status

FOOTNOTE = "used, left: wall times of single jobs, summed; jobs that run side by side share the clock"


def status_text(status: Status, every: bool = False) -> str:
    """Return a table by kind, what runs, what was interrupted and what failed; a line for each job if wished."""
    lines = [_headline(status), "", kind_table(status), FOOTNOTE]
    if running := status.of(State.RUNNING):
        lines += ["", "running", *(line for job in running for line in _running(job))]
    if interrupted := status.of(State.INTERRUPTED):
        lines += ["", "interrupted: began, but no process of it is left", *map(_interrupted, interrupted)]
    if status.failed:
        lines += ["", *failures(status.failed), *obstacles(status.stopped)]
    if every:
        lines += ["", job_table(list(status.jobs.values()))]
    return "\n".join(lines)


def _headline(status: Status) -> str:
    done = len(status.of(State.DONE))
    if status.is_running:
        how = "a run goes on"
    elif status.of(State.RUNNING):
        how = "jobs run that no 'decant run' waits for"
    elif done == len(status.jobs):
        how = "finished"
    else:
        how = "no run goes on; 'decant run' continues it"
    return f"{status.folder}: {done} of {len(status.jobs)} jobs done; {how}"


def kind_table(status: Status) -> str:
    """Return the jobs of each kind by how they stand, the time that they took and that they still take."""
    jobs = list(status.jobs.values())
    states = [one for one in State if one is not State.INTERRUPTED or status.of(one)]
    rows = [["", *(one.value for one in states), "used", "left"]]
    for kind in dict.fromkeys(job.kind for job in jobs):
        rows.append([kind, *_cells([job for job in jobs if job.kind == kind], states, status)])
    rows.append(["all", *_cells(jobs, states, status)])
    return format_table(rows)


def _cells(jobs: Sequence[JobStatus], states: Sequence[State], status: Status) -> list[str]:
    """Return a row without its name; empty cells mean none."""
    counts = [sum(job.state is one for job in jobs) for one in states]
    used = [job.seconds for job in jobs if job.seconds is not None]
    open_jobs = [job for job in jobs if job.state not in (State.DONE, State.FAILED) and job.name not in status.stopped]
    left = [job.left for job in open_jobs]
    more = "+" if None in left else ""
    return [
        *(str(count or "") for count in counts),
        clock(sum(used)) if used else "",
        clock(sum(seconds or 0.0 for seconds in left)) + more if left else "",
    ]


def _running(job: JobStatus) -> list[str]:
    """Return how long a job has run, of how long by the estimate, where, and its last word."""
    line = f"  {job.name}  {'?' if job.seconds is None else clock(job.seconds)}"
    line += "" if job.estimate is None else f" of about {clock(job.estimate)}"
    if job.log is None:
        return [line]
    line += f" on {job.log.host}" if job.log.host else ""
    return [f"{line}, last heard of {_ago(job.log.changed)} ago", *(f"    {word}" for word in job.log.words[-1:])]


def _interrupted(job: JobStatus) -> str:
    taken = "" if job.seconds is None else f" after {clock(job.seconds)}"
    return f"  {job.name}  ended without a word{taken}" + (f", {_ago(job.log.changed)} ago" if job.log else "")


def _ago(moment: datetime) -> str:
    return clock((datetime.now(moment.tzinfo) - moment).total_seconds())


def job_table(jobs: Sequence[JobStatus]) -> str:
    """Return how each job stands, the time that it took and its estimate."""
    rows = [["job", "state", "used", "estimate"]]
    for job in jobs:
        times = ("" if seconds is None else clock(seconds) for seconds in (job.seconds, job.estimate))
        rows.append([job.name, job.state.value, *times])
    return format_table(rows)
