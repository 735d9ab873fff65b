"""Starting `mpirun lmp`, following what it prints, and leaving no process behind.

Whose fault it is follows one rule for all who launch LAMMPS. What is wrong before it starts (an impossible number of
ranks, an element that the potential does not know), or with how it is started (no such launcher, one of another MPI),
is the caller's mistake: `InputError`, exit code 2. A LAMMPS that ends with an error, is killed, or does not leave what
it was to write is a program that failed: `ProgramFailed`, exit code 1, with its own words, whatever made it fail. A
guard that stops a simulation is neither: it is a result.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
import select
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from decant.foundation.errors import InputError
from decant.lammps.command import command, environment
from decant.lammps.guards import Stop, read_abort, read_error, read_halt
from decant.lammps.log import ThermoReader
from decant.lammps.wanted import plugin_of

GRACE = 5.0
"""Seconds between asking the processes to end and ending them."""
GRID = re.compile(r"^ *(\d+) by (\d+) by (\d+) MPI processor grid")
OUT_OF_TIME = "Wall time limit reached"
_SIGNAL = re.compile(r"\(signal (\d+)\)|on signal (\d+) \(")  # as MPICH and Open MPI tell of a rank


@dataclass
class Outcome:
    """How a LAMMPS process ended.

    Attributes
    ----------
    code
        Exit status of the launcher.
    stop
        The guard that fired, or None.
    error
        The last error that LAMMPS reported, or None.
    out_of_time
        Whether LAMMPS stopped at the limit of its ``timer timeout``.
    last_row
        The last thermodynamic row, by house key; empty if there was none.
    tail
        The last lines that were printed.
    """

    code: int = 0
    stop: Stop | None = None
    error: str | None = None
    out_of_time: bool = False
    last_row: dict[str, float] = field(default_factory=dict)
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=20))

    def reason(self) -> str:
        """Return one line on why the process failed."""
        said = " | ".join(line for line in self.tail if line.strip())[-300:]
        if self.error or not self.killed_by:
            return self.error or f"exit status {self.code}; last output: {said or 'none'}"
        hint = " (where memory runs out, the machine does that)" if self.killed_by == signal.SIGKILL else ""
        return f"a process was killed by {signal.Signals(self.killed_by).name}{hint}"

    @property
    def killed_by(self) -> int | None:
        """Signal that ended the launcher, or a rank by what the launcher says; None if none did."""
        told = [match for line in self.tail if (match := _SIGNAL.search(line))]
        if not told and self.code in (signal.SIGKILL, signal.SIGTERM):
            return self.code  # mpirun may end as its rank does and say nothing; LAMMPS itself ends with 0 or 1
        number = -self.code if self.code < 0 else int(told[-1][1] or told[-1][2]) if told else None
        return number if number in set(signal.Signals) else None


def variables(values: Mapping[str, object]) -> list[str]:
    """Return the ``-var`` arguments for LAMMPS variables."""
    return [word for name, value in values.items() for word in ("-var", name, str(value))]


def launch(
    arguments: Sequence[str],
    ranks: int,
    directory: Path,
    threads: int = 1,
    plugin: str | None = None,
    on_row: Callable[[dict[str, float]], None] | None = None,
    keep_open: Sequence[int] = (),
    more_environment: Mapping[str, str] | None = None,
    launcher: str | None = None,
    gpus: int = 0,
) -> Outcome:
    """Run LAMMPS in a directory and follow it until it ends.

    Parameters
    ----------
    arguments
        Arguments of `lmp`.
    ranks
        Number of MPI ranks.
    directory
        Where to run.
    threads
        OpenMP threads of each rank.
    plugin
        The only LAMMPS plugin that is needed, or `decant.lammps.command.IN_PYTHON`, see `decant.lammps.command`; or the
        name of an algorithm that has none: then the files of the run tell.
    on_row
        Called with each thermodynamic row as it is printed.
    keep_open
        File descriptors that LAMMPS inherits; a lock held by one lasts as long as LAMMPS does.
    more_environment
        Environment variables on top of those that `lmp` always gets.
    launcher, gpus
        Name or command line of the launcher, and GPUs of a node, of which each rank gets one; see
        `decant.lammps.launcher`.

    Returns
    -------
    Outcome
        How it ended; the caller decides what that means.

    Raises
    ------
    InputError
        If the rank count is impossible on this machine, LAMMPS or its launcher is missing, or the launcher started
        so many programs of one rank instead of one of so many ranks.
    KeyboardInterrupt
        If this process was interrupted or asked to terminate; LAMMPS has been ended by then.
    """
    needed = plugin_of(plugin, arguments, directory) if plugin else None
    words = command(arguments, ranks, threads, launcher, gpus, needed)
    alive, held = os.pipe()  # every rank holds one end, so the other tells when the last of them is gone
    process = subprocess.Popen(
        words,
        cwd=directory,
        env={**environment(needed), "OMP_NUM_THREADS": str(threads), **(more_environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
        pass_fds=(*keep_open, held),
    )
    os.close(held)
    outcome = Outcome()
    with _termination_as_interrupt():
        try:
            _follow(process, outcome, on_row, ranks)
            outcome.code = process.wait()
        finally:
            _end(process, alive)
    if outcome.stop is None and outcome.code != 0 and outcome.error:
        outcome.stop = read_abort(outcome.error, int(outcome.last_row.get("step", 0)))
    return outcome


def _follow(
    process: subprocess.Popen[str],
    outcome: Outcome,
    on_row: Callable[[dict[str, float]], None] | None,
    ranks: int,
) -> None:
    """Read what LAMMPS prints until it ends, and note rows, guards, errors and the end of its time."""
    reader = ThermoReader()
    assert process.stdout is not None  # a pipe was asked for
    for line in process.stdout:
        row = reader.feed(line)
        if row is not None:
            outcome.last_row = row
            if on_row is not None:
                on_row(row)
            continue
        _require_together(line, ranks)
        outcome.tail.append(line.strip())
        outcome.out_of_time = outcome.out_of_time or OUT_OF_TIME in line
        outcome.stop = outcome.stop or read_halt(line)
        outcome.error = read_error(line) or outcome.error


def _require_together(line: str, ranks: int) -> None:
    """Refuse a program that does not know of its other ranks: each would do the whole work, into the same files."""
    match = GRID.search(line)
    if match and math.prod(int(number) for number in match.groups()) != ranks:
        raise InputError(
            f"{ranks} ranks were asked for, but LAMMPS runs on {' x '.join(match.groups())}: the launcher does not fit"
            " the MPI library of lmp; with srun see its --mpi, or choose another `launcher` (docs/clusters.md)"
        )


def _end(process: subprocess.Popen[str], alive: int) -> None:
    """End the launcher, if it still runs, close the pipes, and see the ranks end, which may take a moment longer."""
    if process.poll() is None:
        for sign, patience in ((signal.SIGTERM, GRACE), (signal.SIGKILL, None)):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, sign)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(patience)
                break
    select.select([alive], [], [], GRACE)
    os.close(alive)
    if process.stdout is not None:
        process.stdout.close()


@contextlib.contextmanager
def _termination_as_interrupt() -> Iterator[None]:
    """Let SIGTERM (a batch system ends a job with it) raise KeyboardInterrupt, so that LAMMPS is ended too."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
