"""How far the members of a committee disagree about the forces of a frame."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from decant.data.isolated import is_isolated
from decant.data.prediction import predict
from decant.foundation.errors import InputError
from decant.potentials.potential import Potential

DEVIATION = "max_devi_f"
"""Key of a frame's info with its largest deviation, eV/angstrom; the column of the pair styles' files has this name."""


def force_deviation(forces: np.ndarray) -> np.ndarray:
    """Return the deviation of each atom's force, eV/angstrom, as the pair styles write it.

    The square root of the mean over the members of ``|F_k - <F>|^2``: Zhang, Lin, Wang, Car and E (Phys. Rev. Mater. 3,
    023804, 2019).

    Parameters
    ----------
    forces
        Shape (members, atoms, 3), eV/angstrom.

    Returns
    -------
    numpy.ndarray
        Shape (atoms,).
    """
    apart = forces - forces.mean(axis=0)
    return np.sqrt((apart**2).sum(axis=2).mean(axis=0))


def add_deviations(frames: Sequence[Atoms], potentials: Sequence[Path]) -> None:
    """Write the largest force deviation of a committee into each frame's info; isolated atoms are passed over.

    Parameters
    ----------
    frames
        Configurations.
    potentials
        Exported potentials, of one or several algorithms; their Python calculators are used.

    Raises
    ------
    InputError
        If there are fewer than two potentials, or one does not know an element.
    """
    if len(potentials) < 2:
        raise InputError(f"`potential` {potentials[0]}: one potential has no deviation; give two or more")
    members = [Potential.open(path) for path in potentials]
    bulk = [atoms for atoms in frames if not is_isolated(atoms)]
    elements = {symbol for atoms in bulk for symbol in atoms.get_chemical_symbols()}
    for member in members:
        unknown = sorted(elements - set(member.elements))
        if unknown:
            raise InputError(f"{member.path}: the potential does not know {', '.join(unknown)}, which the data hold")
    opinions = [predict(member.calculator(), bulk, f"predict ({member.path.name})") for member in members]
    for atoms, answers in zip(bulk, zip(*opinions, strict=True), strict=True):
        atoms.info[DEVIATION] = float(force_deviation(np.array([answer.forces for answer in answers])).max())


def read_deviations(frames: Sequence[Atoms]) -> np.ndarray:
    """Return the deviation that each frame carries, eV/angstrom; NaN for isolated atoms.

    Raises
    ------
    InputError
        If a frame carries none.
    """
    values: list[Any] = []
    for index, atoms in enumerate(frames):
        value = np.nan if is_isolated(atoms) else atoms.info.get(DEVIATION)
        if not isinstance(value, (int, float)):
            raise InputError(
                f"frame {index} of those read: no {DEVIATION}; give a committee (`potential`, twice or more), "
                "or leave out `min_deviation` and `max_deviation`"
            )
        values.append(value)
    return np.array(values, dtype=float)
