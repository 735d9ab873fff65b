"""Working directories: whose one is, whether its work goes on with the same settings, and how one is replaced."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from decant.foundation.errors import InputError
from decant.foundation.files import refusal
from decant.foundation.locks import LOCK, is_locked

GLANCE = 0.1
"""Seconds between two looks at a lock."""


def require_own(folder: Path, marker: str, what: str, own: Collection[str] = ()) -> None:
    """Refuse a directory to work in that holds something else; one that is missing or empty will do.

    Parameters
    ----------
    folder
        The directory.
    marker
        Name of the file that every directory of this kind of work has, from its first moment on or nearly so.
    what
        What was expected, for the message: ``"a run directory"``.
    own
        Names that the work may leave there before the marker.

    Raises
    ------
    InputError
        If it is a file, holds something but no marker, or cannot be made.
    """
    if folder.is_file():
        raise InputError(f"{folder}: is a file; expected {what}")
    if not folder.is_dir():
        require_writable(folder)
    elif not (folder / marker).is_file():
        foreign = sorted(file.name for file in folder.iterdir() if file.name not in {LOCK, *own})
        if foreign:
            raise InputError(
                f"{folder}: holds {foreign[0]} but no {marker}; give an empty or new directory to `output`"
            )


def require_writable(folder: Path) -> None:
    """Refuse a directory that cannot be made, or written into; what it shall hold may be hours of work away.

    It is tried where it, or the first directory above it that there is, lies: permissions do not tell all.

    Raises
    ------
    InputError
        If a part of the path is a file, or the file system refuses.
    """
    folder = Path(folder)
    try:
        above = next(one for one in (folder, *folder.absolute().parents) if one.exists() or one.is_symlink())
        if not above.is_dir():
            raise InputError(f"{above}: is a file where a folder is needed; give another place")
        with TemporaryDirectory(prefix=".decant-", dir=above):
            pass
    except OSError as error:
        reason = f"{folder}: cannot be written ({error.strerror or type(error).__name__}); give another place"
        raise InputError(refusal(OSError(error.errno, error.strerror, str(folder))) or reason) from error


def changed(before: Mapping[str, Any], now: Mapping[str, Any], free: Collection[str] = ()) -> str | None:
    """Return the first setting of `now` that `before` has not or otherwise, apart from those free to change."""
    return next((key for key, value in now.items() if key not in free and before.get(key) != value), None)


def require_same(
    folder: Path,
    before: Mapping[str, Any],
    now: Mapping[str, Any],
    free: Collection[str] = (),
    begun: str = "was made",
) -> None:
    """Refuse to continue work that was begun with other settings.

    Parameters
    ----------
    folder
        Where the work lies.
    before, now
        Settings with which it was begun, and those asked for.
    free
        Names of those that may change.
    begun
        What was done with them, for the message.

    Raises
    ------
    InputError
        If one differs that may not.
    """
    key = changed(before, now, free)
    if key is not None:
        may_change = f" (only {', '.join(free)} may change)" if free else ""
        raise InputError(
            f"{folder}: {begun} with {key}={before.get(key)}, not {now[key]}; give the same settings to continue it"
            f"{may_change}, or another `output`"
        )


def wait_until_free(folder: Path, patience_s: float) -> None:
    """Wait until nobody works in a directory: what a killed call had started takes some seconds to end.

    Parameters
    ----------
    folder
        The directory; it need not exist.
    patience_s
        Seconds to wait at most; whoever still works there then is told by `decant.foundation.locks.locked`.
    """
    until = time.monotonic() + patience_s
    while is_locked(folder) and time.monotonic() < until:
        time.sleep(GLANCE)


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """Yield an empty directory beside `path`; put it in the place of `path` if the block succeeds, remove it if not.

    Raises
    ------
    InputError
        If no directory can be made there.
    """
    path = Path(path)
    require_writable(path.parent)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir()
    try:
        yield beside
        shutil.rmtree(path, ignore_errors=True)
        beside.rename(path)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
