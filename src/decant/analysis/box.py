"""Periodic boxes as MDAnalysis gives them: three lengths and three angles."""

from __future__ import annotations

import numpy as np
from MDAnalysis.lib.mdamath import triclinic_vectors


def cell_vectors(dimensions: np.ndarray | None) -> np.ndarray:
    """Return the vectors of a box as rows, angstrom, shape (3, 3); zeros where there is no box."""
    return np.zeros((3, 3)) if dimensions is None else triclinic_vectors(dimensions).astype(float)


def widths(vectors: np.ndarray) -> np.ndarray:
    """Return the distances between opposite faces of a box, angstrom, shape (3,); zeros where it has no volume.

    A column of the inverse stands on a face, as long as one over the distance to the opposite one.
    """
    if not np.linalg.det(vectors):
        return np.zeros(3)
    return 1.0 / np.sqrt((np.linalg.inv(vectors) ** 2).sum(axis=0))
