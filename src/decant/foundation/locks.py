"""Locks on directories: whose work goes on in them, told by a lock that dies with the last process that holds it."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from decant.foundation.errors import InputError

LOCK = "run.lock"


@contextmanager
def locked(path: Path, work: str = "simulating") -> Iterator[int]:
    """Hold a directory, made if missing, for this process and its `work`; yield the descriptor of the lock.

    If this process is killed, the lock lasts until the last process that inherited the descriptor has ended.

    Raises
    ------
    InputError
        If another process holds it.
    """
    path.mkdir(parents=True, exist_ok=True)
    with (path / LOCK).open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(
                f"{path}: another process is {work} in this directory; wait for it, or give another `output`"
            ) from None
        yield stream.fileno()  # the lock goes with the last descriptor: ranks that outlive their launcher keep it


def is_locked(path: Path) -> bool:
    """Return whether a process holds a directory."""
    return (path / LOCK).is_file() and is_held(path / LOCK)


def is_held(file: Path) -> bool:
    """Return whether a process holds the lock on a file."""
    with file.open() as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False
