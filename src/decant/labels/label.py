"""Labelling many configurations on several cores, so that an interruption loses at most the frames in flight."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from ase import Atoms

from decant.data.charges import bare, charge_of
from decant.data.decomposition import intramolecular, molecules_alone
from decant.data.frames import MINUS
from decant.data.isolated import is_isolated
from decant.data.prediction import Prediction
from decant.foundation.files import space_left
from decant.foundation.progress import Progress
from decant.foundation.ranks import ALONE, Ranks
from decant.foundation.workers import spread
from decant.labels.base import Labeler, LabelError, Record, label_one, not_for, settings_text
from decant.labels.charges import settings_for, with_charges
from decant.labels.checks import FORCE_LIMIT, broken_molecules, large_force
from decant.labels.journal import label_key, open_journal
from decant.molecules.charge import CHARGE, signed


@dataclass(frozen=True)
class LabelResult:
    """Labelled frames in the house form, and (index, reason) of each frame that is left out."""

    frames: list[Atoms]
    failures: list[tuple[int, str]]


def label_frames(
    frames: Sequence[Atoms],
    method: Labeler,
    journal: Path,
    jobs: int = 1,
    *,
    molecules: bool = False,
    max_force: float = FORCE_LIMIT,
    keep_broken: bool = False,
    keep_charges: bool = False,
    retry: bool = False,
    ranks: Ranks = ALONE,
) -> LabelResult:
    """Label configurations, continuing from what a journal already holds.

    Parameters
    ----------
    frames
        Configurations in the house form.
    method
        Reference method.
    journal
        File to which each finished label is appended at once. Labels are found again by geometry and method, so
        configurations may be added, removed or reordered between runs, and one that occurs twice is computed once.
    jobs
        Number of worker processes, one thread each.
    molecules
        Label each molecule alone, too, and store the intramolecular part: ``REF_intra_energy`` (eV),
        ``REF_intra_forces`` (eV/angstrom) and, where there is a virial, ``REF_intra_virial`` (eV).
    max_force
        Largest force on an atom that is accepted, eV/angstrom.
    keep_broken
        Label frames in which a molecule fell apart or two fused, too.
    keep_charges
        Label frames whose charge differs from that of their molecules, too.
    retry
        Compute anew what the method failed on in an earlier run.
    ranks
        Other MPI ranks that take part.

    Raises
    ------
    InputError
        If the method has a setting of charge or spin that differs from those of a frame, a worker process dies, for
        lack of memory for example, or the disk is full. What is done stays in the journal.
    """
    found = [not_for(method, atoms) or ("" if keep_broken else broken_molecules(atoms)) for atoms in frames]
    unfit = {index: reason for index, reason in enumerate(found) if reason}
    frames, wrong = with_charges(frames, method, keep_charges, unfit)
    unfit |= wrong
    units: list[list[Atoms]] = []
    for index, atoms in enumerate(frames):
        units.append([] if index in unfit else [atoms])
        if units[-1] and molecules and not is_isolated(atoms):
            try:
                units[-1] += _molecules(atoms)
            except LabelError as error:
                units[-1], unfit[index] = [], str(error)
    keys = [[label_key(unit, method) for unit in parts] for parts in units]
    wanted = {key: unit for row, parts in zip(keys, units, strict=True) for key, unit in zip(row, parts, strict=True)}
    with open_journal(journal) as book:
        forget = {key for key, record in book.records.items() if retry and "error" in record}
        todo = {key: unit for key, unit in wanted.items() if key in forget or key not in book.records}
        if todo:
            with Progress(f"label ({method.name})", len(wanted), "frames", len(wanted) - len(todo)) as progress:
                for key, record in _run(todo, method, jobs, ranks):
                    book.append(key, record)
                    progress.update(progress.done + 1)
    labelled, failures = [], []
    for index, (atoms, parts, row) in enumerate(zip(frames, units, keys, strict=True)):
        try:
            if not parts:
                raise LabelError(unfit[index])
            labelled.append(_labelled(atoms, method, parts[1:], [book.records[key] for key in row], max_force))
        except LabelError as error:
            failures.append((index, str(error)))
    return LabelResult(labelled, failures)


def _run(todo: dict[str, Atoms], method: Labeler, jobs: int, ranks: Ranks) -> Iterator[tuple[str, Record]]:
    """Yield (key, record) as workers finish."""
    advice = f"run again with fewer than `jobs` {jobs} to continue"
    keys = _order({key: len(unit) for key, unit in todo.items()}, jobs + ranks.others)
    calls = ((key, partial(label_one, method, bare(todo[key]))) for key in keys)
    with space_left(Path(tempfile.gettempdir())):  # where methods that are programs write their files
        yield from spread(calls, min(jobs, len(todo)), ranks, "labelling", advice)


def _order(sizes: dict[str, int], processes: int) -> list[str]:
    """Return keys in random order, so that the rate seen so far speaks for the frames to come whatever their sizes.

    The smallest come last, descending: then all processes end at nearly the same time.
    """
    keys = list(sizes)
    random.Random(0).shuffle(keys)
    last = set(sorted(keys, key=lambda key: sizes[key])[: 4 * processes])
    return [key for key in keys if key not in last] + sorted(last, key=lambda key: (-sizes[key], key))


def _molecules(atoms: Atoms) -> list[Atoms]:
    """Return each molecule alone, neutral where its charge is not known; `LabelError` if they do not add up."""
    molecules = molecules_alone(atoms)
    for molecule in molecules:
        if len(molecule) > 1:
            molecule.info.setdefault(CHARGE, 0)
    total, charge = sum(charge_of(molecule) for molecule in molecules), charge_of(atoms)
    if total != charge:
        raise LabelError(
            f"molecules alone: their charges, as far as they are known, are {signed(total)} together, and the frame's "
            f"is {signed(charge)}"
        )
    return molecules


def _labelled(
    atoms: Atoms, method: Labeler, molecules: Sequence[Atoms], records: Sequence[Record], max_force: float
) -> Atoms:
    """Return a frame with its labels; `LabelError` if one is missing or is not to be believed."""
    for number, record in enumerate(records):
        if "error" in record:
            raise LabelError(f"molecule {number - 1} alone: {record['error']}" if number else str(record["error"]))
    record, *alone = records
    frame = _unlabelled(atoms)
    frame.info |= {
        "REF_energy": record["energy"],
        "label_method": method.name,
        "label_version": record["version"],
        "label_settings": settings_text(settings_for(atoms, method)),
        "label_seconds": round(sum(part["seconds"] for part in records), 3),
    }
    frame.set_array("REF_forces", np.array(record["forces"]))
    if reason := large_force(frame, max_force):
        raise LabelError(reason)
    if "virial" in record and not is_isolated(frame):
        virial = np.array(record["virial"])
        frame.info["REF_virial"] = (virial + virial.T) / 2
    if alone:
        answers = [Prediction(part["energy"], np.array(part["forces"]), None) for part in alone]
        intra = intramolecular(atoms, molecules, answers)
        frame.info["REF_intra_energy"] = intra.energy
        frame.set_array("REF_intra_forces", intra.forces)
        if "REF_virial" in frame.info:
            frame.info["REF_intra_virial"] = intra.virial
    return frame


def _unlabelled(atoms: Atoms) -> Atoms:
    """Return a copy without the labels, and what was taken off them, that a file may have had already."""
    frame = atoms.copy()
    for key in ("REF_virial", "REF_intra_energy", "REF_intra_virial", MINUS):
        frame.info.pop(key, None)
    frame.arrays.pop("REF_intra_forces", None)
    return frame
