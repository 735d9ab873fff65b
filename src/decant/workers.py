"""Worker processes for work that is the same for many configurations: one thread each, nothing shared."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

from decant.errors import InputError


@contextmanager
def workers(jobs: int, work: str, advice: str) -> Iterator[ProcessPoolExecutor]:
    """Provide `jobs` worker processes; what has not started when the block ends is dropped.

    Parameters
    ----------
    jobs
        Number of processes.
    work
        What they do, for the error message: ``"labelling"``.
    advice
        What to do if one dies, for the error message.

    Raises
    ------
    InputError
        If a process dies, for lack of memory for example.
    """
    saved = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"  # read by each worker when it starts
    pool = ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"), initializer=_end_with_parent)
    try:
        yield pool
    except BrokenProcessPool as error:
        raise InputError(f"a {work} process died, perhaps for lack of memory; {advice}") from error
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        if saved is None:
            os.environ.pop("OMP_NUM_THREADS")
        else:
            os.environ["OMP_NUM_THREADS"] = saved


def _end_with_parent() -> None:
    """End this worker when its parent is gone: one that was killed could not tell it, and it would wait forever."""
    parent = multiprocessing.parent_process()
    if parent is not None:

        def watch() -> None:
            parent.join()
            os._exit(1)

        threading.Thread(target=watch, daemon=True).start()
