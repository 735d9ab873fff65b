"""The frames of a trajectory, read once for all observables, here or by several processes and MPI ranks.

What an observable needs from a frame does not depend on other frames, and is small. So the trajectory is cut into
chunks, anybody reads a chunk, and what the frames gave is put in its place by frame number: the result is the same, bit
for bit, whoever read which chunk in whatever order. Observables are concluded from it by the first process alone.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np

from decant.foundation.errors import InputError
from decant.foundation.progress import Progress
from decant.foundation.ranks import ALONE, Ranks
from decant.foundation.workers import spread
from decant.simulation.run import Run

if TYPE_CHECKING:
    from MDAnalysis import Universe
    from MDAnalysis.coordinates.timestep import Timestep

Rows = dict[str, np.ndarray]
Result = TypeVar("Result", covariant=True)
CHUNK_BYTES = 32e6
"""Coordinates in one chunk: enough that handing it out costs nothing, little enough that progress is seen."""
_universes: dict[Path, Universe] = {}
"""Runs that this process, a worker, reads."""


class Observable(Protocol[Result]):
    """What is measured frame by frame; it holds no universe, so that it can be sent to another process.

    Attributes
    ----------
    frames
        Which frames of the trajectory it takes.
    """

    frames: range

    def of_frame(self, step: Timestep) -> Mapping[str, Any]:
        """Return what it keeps of a frame: numbers, or arrays of one shape in all frames."""

    def conclude(self, rows: Rows) -> Result:
        """Return the result from what the frames gave, stacked by name, with ``time_ps``; at least one frame."""


@dataclass(frozen=True)
class Readers:
    """Who reads the trajectory of a run besides this process.

    Attributes
    ----------
    path
        Run directory, which they open themselves.
    jobs
        Number of worker processes; with one and no other ranks, this process reads.
    ranks
        Other MPI ranks.
    """

    path: Path
    jobs: int = 1
    ranks: Ranks = ALONE


@dataclass(frozen=True)
class Part:
    """What a chunk of frames gave: the rows of each observable, and the frame that is not finite, if there is one."""

    rows: list[Rows]
    unreadable: int | None


def late_frames(universe: Universe, from_ps: float = 0.0, most: int | None = None) -> range:
    """Return the frames from a time on, evenly thinned to at most `most`.

    Raises
    ------
    InputError
        If no frame is that late.
    """
    trajectory = universe.trajectory
    count = len(trajectory)
    first = bisect_left(range(count), from_ps - 1e-6, key=lambda frame: trajectory[frame].time)
    if first == count:
        raise InputError(f"no trajectory frame at or after {from_ps:g} ps; the last is at {trajectory[-1].time:g} ps")
    return range(first, count, 1 if most is None else max(1, -(-(count - first) // most)))


def alone(universe: Universe, observable: Observable[Result]) -> Result:
    """Return one observable of a trajectory, for which it is read by this process."""
    return observable.conclude(checked(gather(universe, [observable])[0]))


def checked(rows: Rows) -> Rows:
    """Return the rows, or raise `InputError` if no frame gave any."""
    if not len(rows.get("time_ps", ())):
        raise InputError("no trajectory frame whose coordinates are all finite in the time that is measured")
    return rows


def gather(universe: Universe, observables: Sequence[Observable[Any]], readers: Readers | None = None) -> list[Rows]:
    """Read each frame that any observable takes once, and return what they keep of them.

    The trajectory ends before the first frame that is read and not finite: what an exploded run wrote after it counts
    for nothing.

    Parameters
    ----------
    universe
        Coordinates are unwrapped.
    observables
        What to measure.
    readers
        Who reads; None for this process.

    Returns
    -------
    list of dict
        For each observable its rows: arrays by name, first dimension frames.
    """
    wanted = np.array(sorted(set().union(*(observable.frames for observable in observables))), dtype=int)
    chunks = _chunks(wanted, universe.trajectory.n_atoms, readers)
    gathered: list[Rows] = [{} for _ in observables]
    end = len(universe.trajectory)
    with Progress("analyze", len(wanted), "frames") as progress:
        for chunk, part in _parts(universe, observables, chunks, readers):
            end = end if part.unreadable is None else min(end, part.unreadable)
            for observable, rows, new in zip(observables, gathered, part.rows, strict=True):
                _put(rows, new, observable.frames, chunk)
            progress.update(progress.done + len(chunk))
    counts = [sum(frame < end for frame in observable.frames) for observable in observables]
    return [
        {name: values[:count] for name, values in rows.items()} for rows, count in zip(gathered, counts, strict=True)
    ]


def _chunks(frames: np.ndarray, atoms: int, readers: Readers | None) -> list[np.ndarray]:
    """Divide frames into chunks of a good size, at least some for each reader."""
    several = 1 if readers is None else 4 * (readers.jobs + readers.ranks.others)
    return np.array_split(frames, max(1, min(len(frames), max(several, int(len(frames) * atoms * 12 / CHUNK_BYTES)))))


def _put(rows: Rows, new: Rows, frames: range, chunk: np.ndarray) -> None:
    """Put what a chunk gave in its place among the rows of an observable."""
    first = -(-(int(chunk[0]) - frames.start) // frames.step) if len(chunk) else 0
    for name, values in new.items():
        if name not in rows:
            rows[name] = np.empty((len(frames), *values.shape[1:]), values.dtype)
        rows[name][max(first, 0) : max(first, 0) + len(values)] = values


def _parts(
    universe: Universe, observables: Sequence[Observable[Any]], chunks: list[np.ndarray], readers: Readers | None
) -> Iterator[tuple[np.ndarray, Part]]:
    """Yield chunks and what they gave, as they are read."""
    if readers is None or (readers.jobs == 1 and not readers.ranks.others):
        for chunk in chunks:
            yield chunk, read_frames(universe, observables, chunk)
        return
    calls = ((number, partial(read_run, readers.path, observables, chunk)) for number, chunk in enumerate(chunks))
    jobs = min(readers.jobs, len(chunks))
    advice = f"run again with fewer than {readers.jobs} `jobs`"
    # a process with MPI in it is better not forked
    inherit = None if readers.ranks.others else partial(_inherit, readers.path, universe)
    for number, part in spread(calls, jobs, readers.ranks, "reading", advice, inherit):
        yield chunks[number], part


def _inherit(path: Path, universe: Universe) -> None:
    """Make a run of the parent this worker's: a copy opens the file anew, whose position would be shared."""
    _universes[path] = universe.copy()


def read_run(path: Path, observables: Sequence[Observable[Any]], frames: np.ndarray) -> Part:
    """Read frames of the run in a directory, in a worker; it stays open for the next ones."""
    if path not in _universes:
        _universes[path] = Run.open(path).universe()
    return read_frames(_universes[path], observables, frames)


def read_frames(universe: Universe, observables: Sequence[Observable[Any]], frames: np.ndarray) -> Part:
    """Return what the observables keep of the given frames, up to the first that is not finite."""
    found: list[list[Mapping[str, Any]]] = [[] for _ in observables]
    unreadable = None
    _read_ahead(universe, frames)
    trajectory = universe.trajectory
    for frame in frames.tolist():
        # going on is half as quick again as looking up
        step = trajectory.next() if frame == trajectory.frame + 1 else trajectory[frame]
        if not np.isfinite(step.positions).all():
            unreadable = frame
            break
        for observable, rows in zip(observables, found, strict=True):
            if frame in observable.frames:
                rows.append({"time_ps": step.time, **observable.of_frame(step)})
    return Part([_stacked(rows) for rows in found], unreadable)


def _read_ahead(universe: Universe, frames: np.ndarray) -> None:
    """Have the system read a chunk from the disk while its first frames are worked on."""
    first, last = int(frames[0]), int(frames[-1]) + 1
    if last - first > 2 * len(frames):
        return  # most of it is not needed
    for reader in getattr(universe.trajectory, "readers", [universe.trajectory]):
        if first < reader.n_frames and last > 0 and reader.filename is not None:
            with Path(reader.filename).open("rb") as file:
                frame_bytes = os.fstat(file.fileno()).st_size / reader.n_frames
                start = int(max(first, 0) * frame_bytes)
                os.posix_fadvise(file.fileno(), start, int(last * frame_bytes) - start, os.POSIX_FADV_WILLNEED)
        first, last = first - reader.n_frames, last - reader.n_frames


def _stacked(rows: list[Mapping[str, Any]]) -> Rows:
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]} if rows else {}
