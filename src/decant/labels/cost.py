"""What labelling a frame will cost, from what labels of other frames have cost."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
from ase import Atoms

from decant.data.charges import bare
from decant.foundation.errors import InputError
from decant.foundation.workers import workers
from decant.labels.base import Labeler, LabelError

SECONDS = "label_seconds"
"""Key of a frame's info with the seconds that its label took on one core."""
CUBIC = 3.0
"""Exponent assumed where only one size was measured: methods that diagonalise grow with the cube of the size."""


def label_costs(frames: Sequence[Atoms], measured: Sequence[Atoms]) -> np.ndarray:
    """Return the seconds that each frame's label takes on one core.

    A frame that carries its own time keeps it. For the others ``a * atoms**b`` is fitted to the logarithms of what was
    measured, for periodic frames and others apart where both were measured; `CUBIC` stands for b where all that was
    measured has one size.

    Parameters
    ----------
    frames
        Configurations.
    measured
        Frames, of which those with `SECONDS` in their info count.

    Returns
    -------
    numpy.ndarray
        Shape (frames,), seconds.

    Raises
    ------
    InputError
        If nothing was measured.
    """
    timed = [atoms for atoms in measured if atoms.info.get(SECONDS, 0) > 0]
    if not timed:
        raise InputError(
            f"no frame tells what a label costs ({SECONDS}); give labelled frames with `known`, or the reference "
            "method with `method`, which then labels a few frames to see"
        )
    laws = {}
    for periodic in (False, True):
        alike = [atoms for atoms in timed if atoms.pbc.any() == periodic]
        laws[periodic] = _law(alike or timed)
    return np.array([atoms.info.get(SECONDS) or laws[bool(atoms.pbc.any())](len(atoms)) for atoms in frames])


def _law(timed: Sequence[Atoms]) -> Callable[[int], float]:
    """Fit seconds as a power of the number of atoms."""
    sizes = np.log([len(atoms) for atoms in timed])
    seconds = np.log([float(atoms.info[SECONDS]) for atoms in timed])
    exponent = float(np.polyfit(sizes, seconds, 1)[0]) if np.ptp(sizes) > 0 else CUBIC
    factor = float(np.mean(seconds - exponent * sizes))
    return lambda atoms: float(np.exp(factor + exponent * np.log(atoms)))


def time_labels(frames: Sequence[Atoms], method: Labeler) -> list[Atoms]:
    """Label the smallest frame and one of median size, periodic and not, and return copies that carry the time.

    Labels are made in one process with one thread, as ``decant label`` does; the labels themselves are not kept.

    Raises
    ------
    InputError
        If the method fails on one of them.
    """
    sample = []
    for periodic in (False, True):
        alike = sorted((atoms for atoms in frames if atoms.pbc.any() == periodic), key=len)
        sample += [alike[index].copy() for index in sorted({0, len(alike) // 2}) if index < len(alike)]
    with workers(1, "labelling", "time labels on a machine with more memory") as pool:
        try:
            pool.submit(_seconds, method, sample[0]).result()  # what is loaded once is not part of a label's cost
            for atoms in sample:
                atoms.info[SECONDS] = pool.submit(_seconds, method, atoms).result()
        except LabelError as error:
            raise InputError(f"{method.name} failed on a frame that was to tell what a label costs: {error}") from error
    return sample


def _seconds(method: Labeler, atoms: Atoms) -> float:
    start = time.perf_counter()
    method.label(bare(atoms))
    return time.perf_counter() - start
