"""Work across MPI ranks, when `mpirun` or `srun` started the command: one rank hands it out, all of them do it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

from decant.foundation.errors import InputError
from decant.foundation.machine import CORES
from decant.foundation.threads import computing

# set by the launchers of MPICH and its kin, of Open MPI, and of those that speak PMIx
_SIZES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE")
_PRESENT = (*_SIZES, "PMI_RANK", "PMIX_RANK")


@dataclass(frozen=True)
class Ranks:
    """The other ranks of a command.

    Attributes
    ----------
    leads
        Whether this is the rank that reads, hands out the work and writes; the others have worked by now.
    executor
        What runs work on the other ranks; None where there are none.
    others
        How many there are.
    """

    leads: bool
    executor: Executor | None
    others: int


ALONE = Ranks(True, None, 0)


@contextmanager
def other_ranks() -> Iterator[Ranks]:
    """Provide the other ranks to the first one; on the others, work for it until its block has ended.

    MPI is started only if a launcher is seen in the environment: a command without `mpirun` never loads it.

    Raises
    ------
    InputError
        If the launcher belongs to another MPI than the one that mpi4py uses, or mpi4py is missing.
    """
    if not any(name in os.environ for name in _PRESENT):
        yield ALONE
        return
    os.environ.update(computing({CORES: "1", **os.environ}, threads=1))  # one rank a core
    try:
        from mpi4py import MPI
        from mpi4py.futures import MPICommExecutor
    except ImportError as error:
        raise InputError(f"started by mpirun, but mpi4py does not load ({error}); run: pip install mpi4py") from error
    size = MPI.COMM_WORLD.Get_size()
    told = max(int(os.environ.get(name, "1")) for name in _SIZES)
    if told > size:
        raise InputError(
            f"started on {told} ranks, of which mpi4py sees {size}: the mpirun is of another MPI than that of mpi4py "
            f"({MPI.get_vendor()[0]}); use its own mpirun"
        )
    if size == 1:
        yield ALONE
        return
    with MPICommExecutor(MPI.COMM_WORLD, root=0) as executor:
        yield Ranks(executor is not None, cast(Executor | None, executor), size - 1)
