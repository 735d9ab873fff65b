"""One `lmp` that stays and takes commands: for many small systems, which are over before LAMMPS has started."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from multiprocessing import util
from pathlib import Path

from decant.foundation.errors import ProgramFailed
from decant.lammps.command import OWN_STYLES, environment, lmp_binary
from decant.lammps.guards import read_error

LAUNCHED_BY = ("PMI", "PMIX", "MPI_LOCAL", "HYDI", "OMPI_", "SLURM_", "PALS_")
"""Beginnings of the variables that tell a program that an MPI launcher started it."""
FIRST_WAIT_S, LONGEST_WAIT_S = 2e-4, 5e-3


class LammpsSession:
    """A running `lmp` of one rank, started when it is first needed; it ends with this process, however that ends.

    It is no rank of an MPI launcher, also where this process is one.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._output = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115  (lives as long as this)
        util.Finalize(self, LammpsSession._end, args=(self,), exitpriority=1)

    def run(self, commands: Sequence[str], done: Path) -> None:
        """Run commands, the last of which make the file `done`, on a LAMMPS that knows nothing of those before.

        Raises
        ------
        ProgramFailed
            If LAMMPS ends instead; the next call starts another.
        """
        process = self._started()
        assert process.stdin is not None  # a pipe was asked for
        self._output.seek(0)  # where LAMMPS goes on writing, too: the place is shared
        self._output.truncate()
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write("\n".join(["clear", *commands, f'print "" file "{done}" screen no', ""]))
            process.stdin.flush()
        wait = FIRST_WAIT_S
        while not done.is_file():
            if process.poll() is not None:
                self._process = None
                raise ProgramFailed(self._reason(process.returncode))
            time.sleep(wait)
            wait = min(1.2 * wait, LONGEST_WAIT_S)

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None or self._process.poll() is not None:
            variables = {k: v for k, v in environment(OWN_STYLES).items() if not k.startswith(LAUNCHED_BY)}
            self._process = subprocess.Popen(
                [str(lmp_binary()), "-log", "none", "-nocite"],
                env={**variables, "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")},
                stdin=subprocess.PIPE,
                stdout=self._output,
                stderr=subprocess.STDOUT,
                text=True,
            )
        return self._process

    def _reason(self, code: int) -> str:
        self._output.seek(0)
        lines = [line for line in self._output.read().splitlines() if line.strip()]
        errors = [error for line in lines if (error := read_error(line))]
        return (
            f"LAMMPS: {errors[-1]}" if errors else f"LAMMPS: exit status {code}; last output: {' | '.join(lines[-3:])}"
        )

    def _end(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()  # LAMMPS ends with its input
            self._process.wait()
