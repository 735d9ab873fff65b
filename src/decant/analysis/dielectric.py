r"""Static dielectric constant of a liquid whose force field has charges, from the fluctuation of the box's dipole.

.. math:: \epsilon = 1 + \frac{\langle M^2 \rangle}{3 \epsilon_0 V k_B T}

in a box with conducting surroundings, as Ewald sums have (M. Neumann, Mol. Phys. 1983, 50, 841). The mean of M itself
is zero by symmetry and is not taken off, which would take some of the fluctuation of a short run with it. The one is
that of the vacuum: electrons, which fixed charges leave out, add about the square of the refractive index minus one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from decant.analysis.averages import Average, average
from decant.analysis.box import cell_vectors
from decant.analysis.frames import Rows, late_frames
from decant.foundation.errors import InputError
from decant.foundation.units import BOLTZMANN_J_K, ELEMENTARY_CHARGE_C

if TYPE_CHECKING:
    from MDAnalysis import Universe
    from MDAnalysis.coordinates.timestep import Timestep

VACUUM_F_M = 8.8541878128e-12
"""Permittivity of the vacuum, F/m (CODATA 2018)."""
NEUTRAL_E = 1e-3
"""Charge of a molecule, e, above which it is an ion; below lie the rounded charges of a data file."""


@dataclass(frozen=True)
class Dielectric:
    """Dielectric constant of a run.

    Attributes
    ----------
    constant
        The mean over time.
    time_ps, square_e2A2
        Square of the dipole of the box over time, e^2 angstrom^2, shape (frames,).
    factor
        What one e^2 angstrom^2 adds to the constant, of this volume and temperature.
    """

    constant: Average
    time_ps: np.ndarray
    square_e2A2: np.ndarray
    factor: float

    @property
    def running(self) -> np.ndarray:
        """The constant from the first frame, the first two, and so on."""
        means: np.ndarray = np.cumsum(self.square_e2A2) / np.arange(1, len(self.square_e2A2) + 1)
        return 1.0 + self.factor * means

    def summary(self) -> dict[str, Any]:
        """Return the numbers for ``observables.yaml``."""
        return self.constant.summary()

    def columns(self) -> dict[str, np.ndarray]:
        """Return the columns of ``dielectric.csv``."""
        return {"time_ps": self.time_ps, "dipole_squared_e2_A2": self.square_e2A2, "running": self.running}


class DielectricConstant:
    """The dielectric constant of neutral molecules with charges.

    Parameters
    ----------
    universe
        Atoms have charges, e; residues are molecules, coordinates are unwrapped.
    from_ps
        First time to take.
    temperature
        K.

    Raises
    ------
    InputError
        If a molecule is an ion, whose place and not only its dipole counts, or no frame is that late.
    """

    def __init__(self, universe: Universe, from_ps: float, temperature: float):
        net = universe.atoms.total_charge(compound="residues")
        if np.any(np.abs(net) > NEUTRAL_E):
            name = universe.residues.resnames[int(np.argmax(np.abs(net)))]
            raise InputError(f"{name} is an ion: a liquid that conducts has no static dielectric constant of this kind")
        self.frames = late_frames(universe, from_ps)
        # what rounding left of a molecule's charge would make its dipole depend on where it is
        share = net / np.bincount(universe.atoms.resindices, minlength=len(net))
        self.charges = universe.atoms.charges - share[universe.atoms.resindices]
        self.temperature = temperature

    def of_frame(self, step: Timestep) -> dict[str, Any]:
        """Return the dipole of the box, e angstrom, and the box."""
        return {"moment": self.charges @ step.positions.astype(float), "cell": cell_vectors(step.dimensions)}

    def conclude(self, rows: Rows) -> Dielectric:
        """Return the dielectric constant.

        Raises
        ------
        InputError
            If there is no box, or too few frames.
        """
        volumes = np.abs(np.linalg.det(rows["cell"]))
        if not np.all(volumes > 0):
            raise InputError("no box, so no density of dipoles")
        factor = dielectric_factor(float(volumes.mean()), self.temperature)
        square = np.einsum("fk,fk->f", rows["moment"], rows["moment"])
        time = rows["time_ps"]
        return Dielectric(average(time, 1.0 + factor * square, "", detect=False), time, square, factor)


def has_charges(universe: Universe) -> bool:
    """Return whether the atoms of a run have charges: those of a force field do, a network's have none."""
    return hasattr(universe.atoms, "charges")


def dielectric_factor(volume_A3: float, temperature: float) -> float:
    """Return what a mean squared dipole of one e^2 angstrom^2 adds to the constant of a volume, angstrom^3."""
    square_charge_metres = ELEMENTARY_CHARGE_C**2 * 1e-20
    return square_charge_metres / (3 * VACUUM_F_M * volume_A3 * 1e-30 * BOLTZMANN_J_K * temperature)
