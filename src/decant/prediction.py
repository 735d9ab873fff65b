"""What a potential says of one configuration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Prediction:
    """Energy, forces and virial of one configuration.

    Attributes
    ----------
    energy
        Total energy, eV.
    forces
        Forces, eV/angstrom, shape (atoms, 3).
    virial
        Virial, -stress * volume, eV, shape (3, 3); None where it is not defined (no cell).
    """

    energy: float
    forces: np.ndarray
    virial: np.ndarray | None
