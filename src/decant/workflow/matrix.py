"""A study at a glance: what it varies, how many potentials and runs that makes, its graph, and what each kind costs."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from decant.foundation.progress import clock, span
from decant.foundation.tables import format_table
from decant.study.novelty import changes, unseen
from decant.study.resources import KINDS
from decant.study.simulation import CHANGES
from decant.study.study import Study
from decant.workflow.jobs import Job
from decant.workflow.outcome import and_more


def matrix(study: Study) -> str:
    """Return the data sets, the potentials of each algorithm and the runs of each liquid as text."""
    fits, runs = list(study.fits()), list(study.runs())
    lines = [study.title, "", f"data sets: {len(study.data)}, labelled with {study.level}"]
    for name, data in study.data.items():
        use = "" if any(fit.data == name for fit in fits) else "; no fit"
        kind = f" [{data.kind}]" if data.kind else ""
        lines.append(f"  {name:20s} {data.size(study):20s} {data.describe()}{kind}{use}")
    lines.append(f"potentials: {len(fits)}")
    for name, choice in study.algorithms.items():
        own = [fit for fit in fits if fit.algorithm == name]
        start = f", {choice.strategy} from {choice.pretrained}" if choice.pretrained else ""
        preset = f" {choice.used_preset}" if choice.is_fitted else ""
        kind = study.method if choice.is_method else choice.algorithm
        sets, seeds = len({fit.data for fit in own}), len({fit.seed for fit in own})
        how = f"{sets} data sets x {seeds} seeds" if choice.is_fitted else "as it is"
        lines.append(f"  {name:20s} {len(own):4d} = {how:24s} {kind}{preset}{start}")
    lines.append(f"runs: {len(runs)}")
    for name, simulation in study.simulations.items():
        own_runs = [run for run in runs if run.simulation == name]
        replicas = [study.replicas(run.fit.algorithm, name) for run in own_runs] or [simulation.replicas]
        states = f"{len(simulation.temperature)} temperatures x {_span([min(replicas), max(replicas)])} replicas"
        potentials = len({run.fit for run in own_runs})
        change = changes(study)[name]
        new = "" if change == CHANGES[0] else f" [new {change}]"
        lines.append(f"  {name:20s} {len(own_runs):4d} = {potentials} potentials x {states}; {simulation.liquid}{new}")
    if news := unseen(study):
        lines += ["not trained on:", *(f"  {line}" for line in news)]
    return "\n".join(lines)


def graph(jobs: Sequence[Job], left: Collection[str], cores: int) -> str:
    """Return the graph of jobs by kind: how many are left, what each waits for, and what those left cost.

    Parameters
    ----------
    jobs
        All jobs of the study.
    left
        Names of those that are not done.
    cores
        Cores that are kept busy.
    """
    rows = [["", "jobs", "left", "each takes", f"time on {cores} cores", "each waits for"]]
    for kind in KINDS:
        own = [job for job in jobs if job.kind == kind]
        todo = [job for job in own if job.name in left]
        if own:
            times = [job.seconds for job in own if job.seconds is not None]
            takes = _span([clock(seconds) for seconds in (min(times), max(times))]) if times else "?"
            rows.append([kind, str(len(own)), str(len(todo)), takes, _time(todo, cores), _waits(own)])
    todo = [job for job in jobs if job.name in left]
    rows.append(["all", str(len(jobs)), str(len(todo)), "", _time(todo, cores), ""])
    width = max(len(row[-1]) for row in rows)
    table = format_table([[*row[:-1], row[-1].ljust(width)] for row in rows])
    return "\n".join([table, *uncounted(todo)])


def _waits(jobs: Sequence[Job]) -> str:
    """Return of how many jobs of each kind one of these reads the output: the fewest and the most."""
    counts = [[sum(name.startswith(f"{kind}/") for name in job.inputs) for job in jobs] for kind in KINDS]
    found = zip(KINDS, counts, strict=True)
    return ", ".join(f"{_span([min(each), max(each)])} {kind}" for kind, each in found if max(each)) or "nothing"


def _span(ends: Sequence[object]) -> str:
    return f"{ends[0]}" if ends[0] == ends[1] else f"{ends[0]}-{ends[1]}"


def cost_table(jobs: Sequence[Job], cores: int) -> str:
    """Return jobs and estimated time of each kind, and of all, on a number of cores that is kept busy."""
    lines = [f"{'kind':10s} {'jobs':>5s} {'time on ' + str(cores) + ' cores':>18s}"]
    for kind in KINDS:
        own = [job for job in jobs if job.kind == kind]
        if own:
            lines.append(f"{kind:10s} {len(own):5d} {_time(own, cores):>18s}")
    lines.append(f"{'all':10s} {len(jobs):5d} {_time(jobs, cores):>18s}")
    return "\n".join([*lines, *uncounted(jobs)])


def uncounted(jobs: Sequence[Job]) -> list[str]:
    """Return at most one line, which names the jobs whose cost nothing tells."""
    unknown = [job.name for job in jobs if job.seconds is None]
    return [f"not counted, since nothing tells what they take: {unknown[0]}{and_more(unknown)}"] if unknown else []


def _time(jobs: Sequence[Job], cores: int) -> str:
    """Return core time divided by the cores; jobs of one core are taken to run side by side."""
    known = [job.seconds * min(job.cores, cores) for job in jobs if job.seconds is not None]
    if jobs and not known:
        return "?"
    return f"{span(sum(known) / cores)}{'+' if len(known) < len(jobs) else ''}"
