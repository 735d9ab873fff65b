"""Worker processes for work that is the same for many configurations: one thread each, nothing shared.

Each has more threads only if the user asks for them by ``OMP_NUM_THREADS``; see `decant.foundation.threads`.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

from decant.foundation.errors import InputError
from decant.foundation.ranks import Ranks
from decant.foundation.threads import each_on_its_own

Key = TypeVar("Key")
Result = TypeVar("Result")


@contextmanager
def workers(
    jobs: int, work: str, advice: str, inherit: Callable[[], None] | None = None
) -> Iterator[ProcessPoolExecutor]:
    """Provide `jobs` worker processes; what has not started when the block ends is dropped.

    Parameters
    ----------
    jobs
        Number of processes.
    work
        What they do, for the error message: ``"labelling"``.
    advice
        What to do if one dies, for the error message.
    inherit
        Given, the workers are forked: they start at once, with all that this process has loaded, and call it first to
        make theirs what must not be shared, such as open files. Not for work that uses OpenMP, which does not survive
        a fork. None starts them afresh.

    Raises
    ------
    InputError
        If a process dies, for lack of memory for example.
    """
    context = multiprocessing.get_context("fork" if inherit else "spawn")
    with each_on_its_own():  # read by each worker when it starts
        pool = ProcessPoolExecutor(jobs, context, initializer=_begin, initargs=(inherit,))
        done = False
        try:
            yield pool
            done = True
        except BrokenProcessPool as error:
            raise InputError(f"a {work} process died, perhaps for lack of memory; {advice}") from error
        finally:
            # who is interrupted does not wait for work that goes on; else an end of this process just then would be
            # told by a pipe that is being closed, with a traceback
            pool.shutdown(wait=done, cancel_futures=True)


def spread(
    calls: Iterable[tuple[Key, Callable[[], Result]]],
    jobs: int,
    ranks: Ranks,
    work: str,
    advice: str,
    inherit: Callable[[], None] | None = None,
) -> Iterator[tuple[Key, Result]]:
    """Yield (key, result) of calls as worker processes and other MPI ranks finish them, in any order.

    Parameters
    ----------
    calls
        Keys, and what to call; both the callable and what it returns are pickled. They are taken as they are needed.
    jobs, work, advice, inherit
        As for `workers`.
    ranks
        Other ranks that take part.

    Raises
    ------
    InputError
        If a process dies, for lack of memory for example.
    """
    with workers(jobs, work, advice, inherit) as pool:
        # a worker has its next call waiting, so it is never idle; one that waits is not lost when the run is killed
        rooms: list[tuple[Executor, int]] = [(pool, 2 * jobs)]
        if ranks.executor is not None:
            rooms.append((ranks.executor, 2 * ranks.others))
        queue = iter(calls)
        running: dict[Future[Result], tuple[Key, int]] = {}
        while True:
            for number, (executor, room) in enumerate(rooms):
                taken = sum(place == number for _, place in running.values())
                for key, call in islice(queue, room - taken):
                    running[executor.submit(call)] = (key, number)
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(future)[0], future.result()


def _begin(inherit: Callable[[], None] | None) -> None:
    """End this worker when its parent is gone: one that was killed could not tell it, and it would wait forever."""
    if inherit:
        inherit()
    parent = multiprocessing.parent_process()
    if parent is not None:

        def watch() -> None:
            parent.join()
            os._exit(1)

        threading.Thread(target=watch, daemon=True).start()
