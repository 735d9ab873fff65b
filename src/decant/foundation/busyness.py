"""How many cores other processes kept busy while something was measured."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from decant.foundation.machine import available_cores

IDLE = (3, 4)
"""Columns of ``/proc/stat`` in which a core rests: idle, and idle until a disk answers."""
COUNTED = 8
"""Columns that do not count others a second time: guests are in user and nice already. Stolen time is others' work."""
NEAR = 0.25
"""Cores that may be missing before a measurement counts as disturbed: a daemon, and the start of programs."""


class Others:
    """What other processes than this one, and those that it started and has waited for, took.

    Attributes
    ----------
    cores
        The mean number of cores that they kept busy, beyond those that ``DECANT_CORES`` leaves to others anyway; None
        before the end, and where the system does not tell.
    """

    cores: float | None = None


@contextmanager
def others_busy() -> Iterator[Others]:
    """Measure what others take of the cores that this process may run on, while the block runs."""
    found = Others()
    began, busy, own = time.perf_counter(), _busy_s(), _own_s()
    yield found
    seconds, after = time.perf_counter() - began, _busy_s()
    if busy is not None and after is not None and seconds > 0.0:
        spare = len(os.sched_getaffinity(0)) - available_cores()  # others may be busy there, and take nothing
        found.cores = max(0.0, (after - busy - (_own_s() - own)) / seconds - spare)


def is_disturbed(wanted: int, cores: int, others: float | None) -> bool:
    """Return whether something that wanted so many of the cores must have waited for others."""
    return others is not None and wanted + others > cores + NEAR


def _own_s() -> float:
    user, system, of_children, systems_of_children, _ = os.times()
    return user + system + of_children + systems_of_children


def _busy_s() -> float | None:
    """Return the seconds that the cores of this process were busy since the machine started."""
    file, allowed = Path("/proc/stat"), os.sched_getaffinity(0)
    if not file.is_file():
        return None
    ticks = 0
    for line in file.read_text(encoding="ascii").splitlines():
        name, *values = line.split()
        if name.startswith("cpu") and name[3:].isdecimal() and int(name[3:]) in allowed:
            ticks += sum(int(value) for column, value in enumerate(values[:COUNTED]) if column not in IDLE)
    return ticks / os.sysconf("SC_CLK_TCK")
