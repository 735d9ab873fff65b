"""Active learning: a committee explores, its disagreement says what to label, and the next committee learns from that.

One driver for every algorithm: it takes the steps of `decant.learning.generation` one after the other until a goal or
a budget is reached. Everything lies in files, so the same call continues what was killed at any moment.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from decant.data.frames import read_frames, write_frames
from decant.foundation.directories import require_own, require_same
from decant.foundation.errors import InputError
from decant.foundation.files import read_yaml, sha256, write_yaml
from decant.foundation.locks import locked
from decant.lammps.command import command
from decant.learning.explore import dynamics
from decant.learning.generation import Generation, initial_parts
from decant.learning.report import write_table
from decant.learning.settings import LearnSettings
from decant.learning.stopping import frames_left, reason_to_stop

SETTINGS, TABLE, COLLECTED = "settings.yaml", "table.csv", "labelled.extxyz"
FREE_TO_CHANGE = ("stop", "ranks", "threads", "jobs")
"""Settings in which a continued run may differ: when to end, and what computes."""


def learn(settings: LearnSettings, folder: Path) -> list[dict[str, Any]]:
    """Learn actively in a folder, or continue there.

    Parameters
    ----------
    settings
        What to do.
    folder
        Where everything is written, made if missing; ``table.csv`` is renewed after every step. ``labelled.extxyz`` at
        the end are the initial frames and those of all generations.

    Returns
    -------
    list of dict
        The record of each generation; the last has ``stopped``, the reason to end.

    Raises
    ------
    InputError
        If the folder holds something else or was begun with other settings, or as a step raises it.
    """
    folder = Path(folder)
    require_own(folder, SETTINGS, "the folder of an active learning")
    remembered = _remembered(settings)
    if (folder / SETTINGS).is_file():
        # of the initial files the content counts, not their names
        asked = {name: value for name, value in remembered.items() if name != "initial"}
        require_same(folder, read_yaml(folder / SETTINGS), asked, FREE_TO_CHANGE, "was begun")
    check(settings, folder)
    with locked(folder):
        write_yaml(folder / SETTINGS, remembered)
        records: list[dict[str, Any]] = []
        while True:
            generation = Generation(settings, folder, len(records))
            records.append(generation.record)
            for step in (generation.data, generation.fit, generation.export, generation.explore, generation.sort):
                with _no_trace_of_a_refusal(generation):
                    _take(generation, step.__name__, step, records)
            reason = reason_to_stop(settings.stop, records)
            if reason is not None and "choose" not in generation.record["done"]:
                generation.record["stopped"] = reason
                generation.write_record()
                write_table(folder / TABLE, records)
                _collect(settings, folder)
                return records
            generation.record.pop("stopped", None)  # of an earlier call with a smaller budget
            most = frames_left(settings.stop, records, settings.select)
            _take(generation, "choose", lambda: generation.choose(most), records)  # noqa: B023  (called at once)
            _take(generation, "label", generation.label, records)


def check(settings: LearnSettings, folder: Path) -> None:
    """Raise `InputError` for what a step would stumble over after hours of work, as far as it can be known before.

    Parameters
    ----------
    settings
        What to do.
    folder
        Where, of which nothing is changed.
    """
    command([], settings.ranks, settings.threads)
    for state in settings.states:
        dynamics(folder, state, settings.seed)
    if "data" not in Generation(settings, folder, 0).record["done"]:
        initial_parts(settings)


@contextmanager
def _no_trace_of_a_refusal(generation: Generation) -> Iterator[None]:
    """Remove what was written if the very first fit is refused: other settings may take its place."""
    try:
        yield
    except InputError:
        is_begun = "fit" in generation.record["done"] or any(generation.path.glob("models/*/*"))
        if generation.number == 0 and not is_begun:
            shutil.rmtree(generation.path, ignore_errors=True)
            for name in (TABLE, SETTINGS):
                (generation.folder / name).unlink(missing_ok=True)
        raise


def _collect(settings: LearnSettings, folder: Path) -> None:
    """Write the initial frames and those of all generations as one file."""
    paths = [*map(Path, settings.initial), *sorted(folder.glob("gen-*/labelled.extxyz"), key=_number)]
    write_frames(folder / COLLECTED, [atoms for path in paths for atoms in read_frames(path)])


def _number(path: Path) -> int:
    """Return the number of the generation that a file belongs to."""
    return int(path.parent.name.removeprefix("gen-"))


def _take(generation: Generation, name: str, step: Callable[[], dict[str, Any]], records: list[dict[str, Any]]) -> None:
    """Take one step unless the record has it; keep what it found, and the seconds of attempts that were broken off."""
    record = generation.record
    if name in record["done"]:
        return
    print(f"decant: generation {generation.number}: {name}", file=sys.stderr)
    started = time.monotonic()
    before = record["seconds"].get(name, 0.0)
    try:
        record |= step()
        record["done"].append(name)
    finally:
        record["seconds"][name] = round(before + time.monotonic() - started, 2)
        generation.write_record()
        write_table(generation.folder / TABLE, records)


def _remembered(settings: LearnSettings) -> dict[str, Any]:
    """Return settings as plain values, with the hashes of the initial files."""
    plain: dict[str, Any] = json.loads(json.dumps(asdict(settings)))
    if not plain["method_settings"]:
        del plain["method_settings"]  # earlier versions have none
    return {**plain, "initial_sha256": [sha256(Path(path)) for path in settings.initial]}
