"""Labelling many configurations on several cores, so that an interruption loses at most the frames in flight."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from ase import Atoms

from decant.dataset import is_isolated
from decant.errors import InputError
from decant.labels.base import Labeler, LabelError
from decant.progress import Progress
from decant.workers import workers


@dataclass(frozen=True)
class LabelResult:
    """Labelled frames in the house form, and (index, reason) of each frame that the method could not label."""

    frames: list[Atoms]
    failures: list[tuple[int, str]]


def label_frames(frames: Sequence[Atoms], method: Labeler, journal: Path, jobs: int = 1) -> LabelResult:
    """Label configurations, continuing from what a journal already holds.

    Parameters
    ----------
    frames
        Configurations in the house form.
    method
        Reference method.
    journal
        File to which each finished label is appended at once. Labels are found again by geometry and method, so
        configurations may be added, removed or reordered between runs.
    jobs
        Number of worker processes, one thread each.

    Raises
    ------
    InputError
        If a worker process dies, for lack of memory for example; what is done stays in the journal.
    """
    keys = [label_key(atoms, method) for atoms in frames]
    done = read_journal(journal)
    todo = [index for index, key in enumerate(keys) if key not in done]
    # in random order, so that the rate seen so far speaks for the frames to come whatever their sizes
    random.Random(0).shuffle(todo)
    if todo:
        journal.parent.mkdir(parents=True, exist_ok=True)
        with (
            journal.open("a", encoding="utf-8") as stream,
            Progress(f"label ({method.name})", len(frames), "frames", len(frames) - len(todo)) as progress,
        ):
            for index, record in _run(frames, todo, method, jobs):
                done[keys[index]] = record
                _append(stream, keys[index], record)
                progress.update(progress.done + 1)
    return _collect(frames, keys, done, method)


def label_key(atoms: Atoms, method: Labeler) -> str:
    """Return a hash of the geometry and the method with its settings."""
    digest = hashlib.sha256(repr(method).encode())
    digest.update(atoms.numbers.astype("<i8").tobytes())
    # to the digits of a file in the house form, so that a frame has one key before and after it was written
    for values in (atoms.positions, atoms.cell.array, atoms.pbc.astype(float)):
        digest.update((np.round(values, 8) + 0.0).astype("<f8").tobytes())
    return digest.hexdigest()[:32]


def read_journal(path: Path) -> dict[str, dict[str, Any]]:
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


def _append(stream: TextIO, key: str, record: dict[str, Any]) -> None:
    stream.write(json.dumps({"key": key, **record}) + "\n")
    stream.flush()


def _run(frames: Sequence[Atoms], todo: list[int], method: Labeler, jobs: int) -> Any:
    """Yield (index, record) as workers finish."""
    with workers(jobs, "labelling", f"run again with fewer than --jobs {jobs} to continue") as pool:
        queue = iter(todo)
        running: dict[Future[dict[str, Any]], int] = {}
        while True:
            for index in islice(queue, 2 * jobs - len(running)):
                running[pool.submit(label_one, method, _bare(frames[index]))] = index
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(future), future.result()


def _bare(atoms: Atoms) -> Atoms:
    return Atoms(atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=atoms.pbc)


def label_one(method: Labeler, atoms: Atoms) -> dict[str, Any]:
    """Return the journal record of one configuration: its labels, or why there are none."""
    try:
        answer = method.label(atoms)
    except LabelError as error:
        return {"error": str(error)}
    record: dict[str, Any] = {"energy": answer.energy, "forces": answer.forces.tolist()}
    if answer.virial is not None:
        record["virial"] = answer.virial.tolist()
    return record


def _collect(frames: Sequence[Atoms], keys: list[str], done: dict[str, dict[str, Any]], method: Labeler) -> LabelResult:
    labelled, failures = [], []
    for index, (atoms, key) in enumerate(zip(frames, keys, strict=True)):
        record = done[key]
        if "error" in record:
            failures.append((index, str(record["error"])))
            continue
        frame = atoms.copy()
        frame.info["REF_energy"] = record["energy"]
        frame.info["label_method"] = method.name
        frame.set_array("REF_forces", np.array(record["forces"]))
        if "virial" in record and not is_isolated(frame):
            virial = np.array(record["virial"])
            frame.info["REF_virial"] = (virial + virial.T) / 2
        labelled.append(frame)
    return LabelResult(labelled, failures)
