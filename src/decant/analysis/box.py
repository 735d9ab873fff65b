"""Periodic boxes as MDAnalysis gives them: three lengths and three angles."""

from __future__ import annotations

import numpy as np
from MDAnalysis.lib.mdamath import triclinic_vectors


def cell_vectors(dimensions: np.ndarray | None) -> np.ndarray:
    """Return the vectors of a box as rows, angstrom, shape (3, 3); zeros where there is no box."""
    return np.zeros((3, 3)) if dimensions is None else triclinic_vectors(dimensions).astype(float)


def widths(vectors: np.ndarray) -> np.ndarray:
    """Return the distances between opposite faces of a box, angstrom, shape (3,); zeros where it has no volume."""
    a, b, c = vectors
    areas = np.linalg.norm([np.cross(b, c), np.cross(c, a), np.cross(a, b)], axis=1)
    volume = abs(np.linalg.det(vectors))
    return volume / areas if volume > 0 else np.zeros(3)
