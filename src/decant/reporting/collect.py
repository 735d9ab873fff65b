"""Read a study's folder, finished or not, into records; no other part of a report touches the disk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from decant.analysis.analyze import OBSERVABLES
from decant.data.decomposition import PREDICTED, is_decomposed, labelled_parts
from decant.data.frames import read_frames
from decant.data.isolated import is_isolated
from decant.foundation.errors import InputError
from decant.foundation.files import read_yaml, sha256
from decant.foundation.tables import read_csv
from decant.labels.cost import SECONDS
from decant.reporting.records import FitRecord, Parity, Results, RunRecord, SetRecord
from decant.simulation.description import DESCRIPTION, RunDescription
from decant.study.cells import FitCell, RunCell, data_folder, test_frames
from decant.study.study_file import read_study
from decant.workflow.outcome import Failure
from decant.workflow.status import STUDY, JobStatus, read_jobs

if TYPE_CHECKING:
    from ase import Atoms


def collect(folder: Path) -> Results:
    """Read a study's folder.

    Raises
    ------
    InputError
        If it is no study's folder, or a file in it is not what it should be.
    """
    folder = Path(folder)
    if not (folder / STUDY).is_file():
        problem = f"has no {STUDY}" if folder.is_dir() else "no such directory"
        raise InputError(f"{folder}: {problem}; expected the folder of a study that 'decant run' has begun")
    study = read_study(folder / STUDY)
    jobs = read_jobs(folder)
    return Results(
        folder=folder,
        study=study,
        study_sha256=sha256(folder / STUDY),
        test=read_set("test", test_frames(folder)),
        sets={name: read_set(name, data_folder(folder, name) / "labelled.extxyz") for name in study.data},
        fits=[read_fit(folder, cell, jobs, cell.seed == study.seeds[0]) for cell in study.fits()],
        runs=[read_run(folder, cell, jobs, study.reference_runs(cell) != []) for cell in study.runs()],
        jobs=list(jobs.values()),
    )


def failure(jobs: Mapping[str, JobStatus], names: Iterable[str]) -> Failure | None:
    """Return why the first of some jobs, or of those that they need, failed; None if none did."""
    for name in names:
        if (job := jobs.get(name)) and (found := job.failure or failure(jobs, job.inputs)):
            return found
    return None


def read_set(name: str, path: Path) -> SetRecord:
    """Read what is known of a data set from its labelled file."""
    if not path.is_file():
        return SetRecord(name)
    frames = [frame for frame in read_frames(path) if not is_isolated(frame)]
    seconds = [float(frame.info[SECONDS]) for frame in frames if SECONDS in frame.info]
    return SetRecord(name, len(frames), sum(seconds) if len(seconds) == len(frames) else None, sha256(path))


def read_fit(folder: Path, cell: FitCell, jobs: Mapping[str, JobStatus], with_parity: bool) -> FitRecord:
    """Read what is known of a potential, the predictions behind its errors where they are wanted."""
    path = cell.errors(folder)
    predictions, errors = path.with_suffix(".extxyz"), _mapping(path)
    whole = "left_out" not in errors
    return FitRecord(
        cell,
        _mapping(cell.model(folder) / "fit.yaml"),
        errors if whole else {},
        read_parity(predictions) if whole and with_parity and predictions.is_file() else None,
        failure(jobs, [f"evaluate/{cell.name}"]),
        {} if whole else errors,
    )


def read_run(folder: Path, cell: RunCell, jobs: Mapping[str, JobStatus], compared: bool) -> RunRecord:
    """Read what is known of a simulation, which gets a score if it is `compared` with anything."""
    run = cell.run(folder)
    tables = {name: read_csv(run / f"{name}.csv") for name in ("rdf", "msd") if (run / f"{name}.csv").is_file()}
    return RunRecord(
        cell,
        RunDescription.read(run / DESCRIPTION) if (run / DESCRIPTION).is_file() else None,
        _mapping(run / "status.yaml"),
        _mapping(run / OBSERVABLES),
        _mapping(cell.score(folder)),
        tables.get("rdf", {}),
        tables.get("msd", {}),
        failure(jobs, [f"{kind}/{cell.name}" for kind in ("score", "analyze")]),
        compared,
    )


def _mapping(path: Path) -> dict[str, Any]:
    return read_yaml(path) if path.is_file() else {}


def read_parity(path: Path) -> Parity:
    """Read the predictions that ``decant evaluate --predictions`` wrote beside the labels of the test set.

    Raises
    ------
    InputError
        If a frame has no prediction.
    """
    frames = read_frames(path)
    for index, frame in enumerate(frames):
        if "energy" not in frame.info or "forces" not in frame.arrays:
            raise InputError(
                f"{path}: frame {index}: no energy and forces; write it with decant evaluate --predictions"
            )
    whole = [frame for frame in frames if is_decomposed(frame) and is_decomposed(frame, PREDICTED)]
    if not whole:
        pairs = {"total": [(frame.arrays["REF_forces"], frame.arrays["forces"]) for frame in frames]}
        return _parity(frames, pairs)
    parts: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {"intramolecular": [], "intermolecular": []}
    for frame in whole:
        for name, label, said in zip(parts, labelled_parts(frame), labelled_parts(frame, PREDICTED), strict=True):
            parts[name].append((label.forces, said.forces))
    return _parity(whole, parts)


def _parity(frames: list[Atoms], pairs: dict[str, list[tuple[np.ndarray, np.ndarray]]]) -> Parity:
    recipe = [np.repeat(str(frame.info.get("recipe", "unknown")), 3 * len(frame)) for frame in frames]
    return Parity(
        np.concatenate(recipe),
        {
            name: (
                np.concatenate([label.ravel() for label, _ in both]),
                np.concatenate([said.ravel() for _, said in both]),
            )
            for name, both in pairs.items()
        },
    )
