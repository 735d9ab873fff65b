"""What each job of a study asks of the machine: cores, MPI ranks, GPUs, memory and time, as the study's table says."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from decant.foundation.errors import InputError, nearest
from decant.foundation.settings import count, key, memory_MB, read_mapping, seconds, text

KINDS = ("build", "label", "learn", "select", "split", "fit", "export", "evaluate", "simulate", "analyze", "score")
"""The kinds of jobs, in the order of the flow."""
OF_AN_ALGORITHM = ("fit", "export", "evaluate", "simulate", "analyze", "score")
"""Kinds that a table may set for one algorithm alone: ``fit/deepmd``."""
MEMORY_MB = {
    "build": 2000, "label": 2000, "learn": 8000, "select": 2000, "split": 2000, "fit": 8000, "export": 4000,
    "evaluate": 4000, "simulate": 2000, "analyze": 4000, "score": 2000,
}  # fmt: skip
"""Memory of a job; that of ``label`` is for each core, that of ``simulate`` for each rank."""
MARGIN = 3.0
"""Time that is asked for, as a multiple of the estimate: nodes are slower, or shared, and estimates are wrong."""
FLOOR = 30
"""Least time that is asked for, minutes."""
UNKNOWN = 24 * 60
"""Time of a job whose duration nothing tells, minutes."""


@dataclass(frozen=True)
class Resources:
    """What a kind of jobs asks for; None leaves it to the default that follows the work.

    Attributes
    ----------
    cores
        Cores of each rank.
    ranks
        MPI ranks of a simulation.
    gpus
        GPUs of a job.
    memory
        Memory of a job on each of its nodes, MB.
    time
        Limit of the time that a job may take, s.
    partition
        Slurm's partition.
    """

    cores: int | None = key(count(1), None)
    ranks: int | None = key(count(1), None)
    gpus: int | None = key(count(0), None)
    memory: int | None = key(memory_MB, None)
    time: float | None = key(seconds, None)
    partition: str | None = key(text, None)


@dataclass(frozen=True)
class Request:
    """What one job asks for.

    Attributes
    ----------
    cores
        Cores that it keeps busy, over all its ranks.
    ranks
        MPI ranks.
    gpus
        GPUs.
    memory_MB
        Memory on each of its nodes.
    minutes
        Limit of its time.
    partition
        Slurm's partition; None for the default one.
    """

    cores: int
    ranks: int
    gpus: int
    memory_MB: int
    minutes: int
    partition: str | None

    @property
    def cores_a_rank(self) -> int:
        """Cores of each rank."""
        return self.cores // self.ranks


def table(value: Any) -> dict[str, Resources]:
    """Return the resources by ``KIND`` or ``KIND/ALGORITHM`` from a mapping of mappings."""
    if not isinstance(value, dict) or not value:
        raise InputError("expected a mapping of kinds of jobs to cores, ranks, gpus, memory, time, partition")
    found = {}
    for name, settings in value.items():
        kind, slash, _ = str(name).partition("/")
        known = OF_AN_ALGORITHM if slash else KINDS
        if kind not in known:
            what = "has jobs of an algorithm" if slash else "is a kind of jobs"
            raise InputError(f"no '{kind}' {what}{nearest(kind, known)}; expected {', '.join(known)}")
        found[str(name)] = read_mapping(Resources, settings, str(name))
        if kind != "simulate" and found[str(name)].ranks is not None:
            raise InputError(f"{name}: 'ranks' has a meaning for simulate only; give cores")
    return found


def request(
    resources: Mapping[str, Resources], kind: str, algorithm: str | None, cores: int, ranks: int, work: float | None
) -> Request:  # fmt: skip
    """Return what a job asks for.

    Parameters
    ----------
    resources
        The table of the study.
    kind
        Kind of the job.
    algorithm
        Name of the algorithm of its potential, whose own entry wins; None for a job of data.
    cores, ranks
        Cores of each rank, and ranks, where the table says nothing.
    work
        Estimated time with the cores and ranks that it gets, s; None where nothing tells.
    """
    given = chosen(resources, kind, algorithm)
    cores, ranks = given.cores or cores, given.ranks or ranks
    each = MEMORY_MB[kind] * {"label": cores, "simulate": ranks}.get(kind, 1)
    limit = None if given.time is None else math.ceil(given.time / 60)
    estimate = UNKNOWN if work is None else max(FLOOR, math.ceil(MARGIN * work / 60))
    return Request(cores * ranks, ranks, given.gpus or 0, given.memory or each, limit or estimate, given.partition)


def chosen(resources: Mapping[str, Resources], kind: str, algorithm: str | None) -> Resources:
    """Return what a table says of a kind of jobs, the entry of the algorithm before that of all."""
    given: dict[str, Any] = {}
    for name in (kind, f"{kind}/{algorithm}"):
        if name in resources:
            given |= {word: value for word, value in vars(resources[name]).items() if value is not None}
    return Resources(**given)
