"""Limits beyond which a label is taken for a failed calculation or another unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import ase.units
import numpy as np
from ase import Atoms
from ase.data import covalent_radii
from ase.geometry import get_distances

from decant.data.isolated import is_isolated

FORCE_LIMIT = 50.0
"""Forces above this (eV/angstrom) are taken for a failed calculation; hot liquids at 1200 K stay below 20."""
PRESSURE_LIMIT = 50.0
"""Pressures beyond this (GPa), either way; liquids at 1200 K and three times too dense stay below 20. A stress in kbar
read as eV/angstrom^3 is 1600 times too large, 1 kbar becomes 160 GPa."""
ENERGY_LIMIT = 5.0
"""Energies by atom that differ by more than this (eV) from those of the other frames, see `energy_differences`; frames
at 1200 K differ by 0.2, molecules by their bonds by less than 3."""

LEAST_VOLUME = 2.0
"""Volume of an atom (angstrom^3) below which a cell is none of such atoms: liquids have 10, diamond 5.7, hydrogen at 50
GPa still more than 2."""
LEAST_DISTANCE = 0.5
"""Nearest neighbours nearer than this, in sums of covalent radii and by their median: bonds have 0.8 to 1.2."""


@dataclass(frozen=True)
class Limits:
    """The limits of an import.

    Attributes
    ----------
    force_limit
        Frames with a larger force on an atom are left out, eV/angstrom.
    pressure_limit
        Those with a larger component of the stress either way, GPa.
    energy_limit
        Those whose energy is further off what the other frames say, eV per atom.
    """

    force_limit: float = FORCE_LIMIT
    pressure_limit: float = PRESSURE_LIMIT
    energy_limit: float = ENERGY_LIMIT


def pressure_GPa(atoms: Atoms) -> float | None:
    """Return a third of the trace of the virial by volume, GPa, without the motion of the atoms; None without one."""
    if "REF_virial" not in atoms.info:
        return None
    return float(np.trace(atoms.info["REF_virial"]) / 3 / atoms.get_volume() / ase.units.GPa)


def beyond(atoms: Atoms, limits: Limits) -> str:
    """Say which force or pressure of a labelled frame is beyond its limit; an empty string if none is."""
    if is_isolated(atoms):
        return ""
    sizes = np.linalg.norm(atoms.arrays["REF_forces"], axis=1)
    atom = int(sizes.argmax())
    if sizes[atom] > limits.force_limit:
        return f"absurd force {sizes[atom]:.1f} eV/A on atom {atom} (limit {limits.force_limit:g})"
    if "REF_virial" in atoms.info:
        parts = -atoms.info["REF_virial"] / atoms.get_volume() / ase.units.GPa
        largest = parts.flat[abs(parts).argmax()]
        if abs(largest) > limits.pressure_limit:
            return (
                f"absurd stress {largest:.4g} GPa (limit {limits.pressure_limit:g}); in kbar or GPa? Give `stress_unit`"
            )
    return ""


def crowded(atoms: Atoms) -> str:
    """Say by what the atoms of a frame cannot be where they are; an empty string if they can.

    To find molecules among them would take hours: each atom has thousands of others near.
    """
    if len(atoms) < 2:
        return ""
    cause = "is the cell in another unit than the positions, or are these fractional?"
    volume = atoms.get_volume() / len(atoms) if atoms.pbc.all() else np.inf
    if volume < LEAST_VOLUME:
        return f"each atom has {volume:.3g} A^3, less than atoms can have ({LEAST_VOLUME:g}): {cause}"
    some, radii = np.arange(0, len(atoms), max(1, len(atoms) // 20)), covalent_radii[atoms.numbers]
    distances = get_distances(atoms.positions[some], atoms.positions, cell=atoms.cell, pbc=atoms.pbc)[1]
    distances[np.arange(len(some)), some] = np.inf
    nearest = float(np.median((distances / (radii[some][:, None] + radii)).min(axis=1)))
    if nearest < LEAST_DISTANCE:
        return f"nearest neighbours stand {nearest:.3g} sums of their covalent radii apart: {cause}"
    return ""


def energy_differences(frames: Sequence[Atoms]) -> np.ndarray:
    """Return by how much the energy of each frame differs from what its elements and the other frames say.

    The energy that each element has is found from the frames themselves, so that most of them agree with it (least
    squares of small, absolute values of large differences); isolated atoms take no part.

    Returns
    -------
    numpy.ndarray
        eV per atom, shape (frames,); zero for isolated atoms.
    """
    from scipy.optimize import least_squares  # late: half a second

    inside = np.array([not is_isolated(atoms) for atoms in frames], dtype=bool)
    differences = np.zeros(len(frames))
    bulk = [atoms for atoms in frames if not is_isolated(atoms)]
    if len(bulk) < 3:
        return differences
    elements = sorted({int(number) for atoms in bulk for number in np.unique(atoms.numbers)})
    shares = np.array([[np.mean(atoms.numbers == element) for element in elements] for atoms in bulk])
    energies = np.array([atoms.info["REF_energy"] / len(atoms) for atoms in bulk])
    middle = float(np.median(energies))
    found = least_squares(
        lambda x: shares @ x - (energies - middle), np.zeros(len(elements)), loss="soft_l1", f_scale=0.1
    )
    differences[inside] = energies - middle - shares @ found.x
    return differences
