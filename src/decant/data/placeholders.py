"""Numbers that only fill the place of a label that is not there: weights of zero, and zeros of what nobody computed.

Files put together from several sources have them, since one table wants every column in each frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ase import Atoms

from decant.data.extxyz import RawFrame
from decant.data.isolated import is_isolated
from decant.data.label_names import words_of
from decant.foundation.errors import warn

_WEIGHTS = {"weight", "weights"}
_PLURALS = {"force": "forces", "virials": "virial", "energies": "energy"}
_PARTNERS = {1, 7, 8, 9, 16, 17}
"""Hydrogen, or these with carbon, make a frame one of molecules: symmetry leaves few forces zero."""
_HELD = 1 / 3
"""If more of the atoms of molecules have no force at all, while others have one, they were held: CO2 has just this. Of
hydrogen, at the end of a bond, two are enough."""


def weight_of_zero(frame: RawFrame, quantity: str) -> str:
    """Return the key by which a frame gives a label, or itself, the weight 0, as MACE has it; else an empty string."""
    for key, value in frame.info.items():
        words = [_PLURALS.get(word, word) for word in words_of(key)]
        if _WEIGHTS & set(words) and set(words) <= {*_WEIGHTS, "config", quantity} and _is_zero(value):
            return key
    return ""


def _is_zero(value: object) -> bool:
    return isinstance(value, int | float) and value == 0


def held(atoms: Atoms, frame: RawFrame) -> str:
    """Say which forces are zeros since their atoms were held; an empty string if none are.

    Parameters
    ----------
    atoms
        The frame in the house form, with labels.
    frame
        The same as it was read.
    """
    if is_isolated(atoms):
        return ""
    forces = atoms.arrays["REF_forces"]
    still = ~forces.any(axis=1)
    if still.all():
        return ""
    if "move_mask" in frame.arrays:  # ASE's of atoms that do not move, or not along some axes
        mask = frame.arrays["move_mask"]
        moves = np.isin(mask, ["T", "True", "1"]) if mask.dtype.kind == "U" else mask.astype(bool)
        moves = moves.reshape(len(atoms), -1)
        both = ((forces == 0) | moves).all(axis=1) & ~moves.all(axis=1)
        if both.any():
            return f"the force on atom {np.flatnonzero(both)[0]} is zero since it was held"
    if not still.any():
        return ""
    many = still.sum() > max(1, _HELD * len(atoms)) or (atoms.numbers[still] == 1).sum() > 1
    if many and _is_molecular(atoms):
        return f"the forces on {still.sum()} of {len(atoms)} atoms are exactly 0: they were held, or are none"
    return ""


def _is_molecular(atoms: Atoms) -> bool:
    elements = set(atoms.numbers.tolist())
    return 1 in elements or (6 in elements and bool(elements & _PARTNERS))


def zeros(path: Path, frames: Sequence[Atoms]) -> list[str]:
    """Say of each frame whether its energy or all its forces are zeros that nobody computed; an empty string where not.

    That the forces of all frames are zeros is told only: a molecule at its minimum may be all that there is.

    Parameters
    ----------
    path
        The file, for the message.
    frames
        Frames in the house form, with labels.
    """
    bulk = [len(atoms) > 1 and not is_isolated(atoms) for atoms in frames]
    moving = [bool(atoms.arrays["REF_forces"].any()) for atoms in frames]
    if sum(bulk) > 1 and not any(moving):
        warn(f"{path}: forces are exactly 0 in all of {sum(bulk)} frames: are they labels?")
    reasons = []
    for atoms, inside, moves in zip(frames, bulk, moving, strict=True):
        if moves and atoms.info["REF_energy"] == 0:
            reasons.append("energy is exactly 0, though forces are not: no label")
        elif inside and not moves and any(moving) and _is_molecular(atoms):
            reasons.append("forces are exactly 0, though those of other frames are not: no label")
        else:
            reasons.append("")
    return reasons


def drop_zero_virials(path: Path, frames: Sequence[Atoms]) -> None:
    """Take off virials that are zeros, though forces are not, and tell; those of most frames are refused elsewhere.

    Parameters
    ----------
    path
        The file, for the message.
    frames
        Frames in the house form, with labels.
    """
    having = [atoms for atoms in frames if "REF_virial" in atoms.info]
    empty = [atoms for atoms in having if not atoms.info["REF_virial"].any() and atoms.arrays["REF_forces"].any()]
    if not empty or 2 * len(empty) > len(having):
        return
    warn(f"{path}: the virial is zero in {len(empty)} of {len(having)} frames, though forces are not: taken without it")
    for atoms in empty:
        del atoms.info["REF_virial"]
