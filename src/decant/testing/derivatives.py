"""Forces and virial held to finite differences of the energy, along random directions: two energies each."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from ase import Atoms

from decant.data.prediction import Prediction

Ask = Callable[[Atoms], Prediction]
DIRECTIONS = 3


def require_forces(ask: Ask, atoms: Atoms, step: float, tolerance: float) -> None:
    """Assert that forces are minus the derivatives of the energy by the positions.

    Parameters
    ----------
    ask
        Returns energy (eV), forces (eV/angstrom) and virial (eV) of a configuration.
    atoms
        The configuration.
    step
        Length by which all atoms together are moved either way, angstrom.
    tolerance
        Largest difference, eV/angstrom, in units of the largest force if that is above one.
    """
    forces = ask(atoms).forces
    for direction in _directions(forces.shape):
        either = []
        for sign in (1, -1):
            moved = atoms.copy()
            moved.positions += sign * step * direction
            either.append(ask(moved).energy)
        _require_close(float((forces * direction).sum()), (either[1] - either[0]) / (2 * step), forces, tolerance)


def require_virial(ask: Ask, atoms: Atoms, step: float, tolerance: float) -> None:
    """Assert that the virial is minus the derivative of the energy by the strain, which here has no unit.

    Parameters
    ----------
    ask, atoms, step, tolerance
        As for the forces; the configuration is periodic.
    """
    virial = ask(atoms).virial
    assert virial is not None, "a periodic configuration has a virial, or the calculator knows no stress"
    for direction in _directions((3, 3)):
        direction = (direction + direction.T) / 2
        either = []
        for sign in (1, -1):
            strained = atoms.copy()
            strained.set_cell(atoms.cell.array @ (np.eye(3) + sign * step * direction), scale_atoms=True)
            either.append(ask(strained).energy)
        _require_close(float((virial * direction).sum()), (either[1] - either[0]) / (2 * step), virial, tolerance)


def _directions(shape: tuple[int, ...]) -> list[np.ndarray]:
    """Return random directions of length one."""
    random = np.random.default_rng(1)
    return [vector / np.linalg.norm(vector) for vector in (random.normal(size=shape) for _ in range(DIRECTIONS))]


def _require_close(found: float, expected: float, components: np.ndarray, tolerance: float) -> None:
    scale = max(1.0, float(np.abs(components).max()))
    told = f"computed {found:.6g}, by finite differences {expected:.6g}"
    assert abs(found - expected) < tolerance * scale, told
