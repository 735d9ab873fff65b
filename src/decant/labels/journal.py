"""The journal of labels: each is written as soon as it is computed, and found again by what was labelled and how."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from ase import Atoms

from decant.foundation.errors import InputError
from decant.foundation.files import space_left
from decant.labels.base import Labeler, Record
from decant.labels.charges import settings_for


def label_key(atoms: Atoms, method: Labeler) -> str:
    """Return a hash of the geometry, its charge and spin, and the method with its settings."""
    digest = hashlib.sha256(json.dumps([method.name, settings_for(atoms, method)], sort_keys=True).encode())
    digest.update(atoms.numbers.astype("<i8").tobytes())
    # to the digits of a file in the house form, so that a frame has one key before and after it was written
    for values in (atoms.positions, atoms.cell.array, atoms.pbc.astype(float)):
        digest.update((np.round(values, 8) + 0.0).astype("<f8").tobytes())
    return digest.hexdigest()[:32]


def read_journal(path: Path) -> dict[str, Record]:
    """Return the records of a journal by key; cut off a line that was being written when the run was killed."""
    if not path.is_file():
        return {}
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        with path.open("r+b") as stream:
            stream.truncate(len(whole))
    records = {}
    for number, line in enumerate(whole.decode("utf-8").splitlines(), start=1):
        try:
            record = json.loads(line)
            records[record.pop("key")] = record
        except (ValueError, KeyError, AttributeError) as error:
            raise InputError(f"{path}: line {number}: not a label record; delete the file to label anew") from error
    return records


class Journal:
    """An open journal, held by one process.

    Attributes
    ----------
    records
        What it holds, by key.
    """

    def __init__(self, path: Path, descriptor: int):
        self.path, self._descriptor = path, descriptor
        self.records = read_journal(path)

    def append(self, key: str, record: Record) -> None:
        """Add a record: the whole line or, on a full disk, nothing.

        Raises
        ------
        InputError
            If the disk is full.
        """
        line = (json.dumps({"key": key, **record}) + "\n").encode()
        end = os.fstat(self._descriptor).st_size
        with space_left(self.path):
            try:
                written = os.write(self._descriptor, line)
                if written < len(line):  # the disk was filled within the line; the rest raises why
                    os.write(self._descriptor, line[written:])
            except OSError:
                os.ftruncate(self._descriptor, end)
                raise
        self.records[key] = record


@contextmanager
def open_journal(path: Path) -> Iterator[Journal]:
    """Open a journal, made if missing, for this process alone.

    Raises
    ------
    InputError
        If another process holds it, it is no journal, or the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with space_left(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise InputError(
            f"{path}: another 'decant label' is at work on it; wait for it, or choose another `output`"
        ) from error
    try:
        yield Journal(path, descriptor)
    finally:
        os.close(descriptor)
