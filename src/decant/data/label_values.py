"""The labels of one foreign frame in eV and angstrom, or why it has none that can be used."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from decant.data.extxyz import FALSE, TRUE, FrameError, RawFrame, numbers_of
from decant.data.keys import FoundKeys, is_per_atom
from decant.data.label_names import ENERGY, FORCES, STRESS, VIRIAL, words_of
from decant.data.label_units import LabelUnits
from decant.data.placeholders import weight_of_zero
from decant.data.stated_charge import all_values
from decant.foundation.errors import InputError

STRESS_NOISE = 1e-5
"""A stress (eV/angstrom^3) may miss its symmetry by this, 16 bar: the noise of a calculation near no stress at all."""
VIRIALS_AGREE = (0.01, 2e-3)
"""Virial and -volume * stress may differ by this share of the largest component, and by this many eV per atom."""
_OF_GEOMETRY = {"opt", "optimization", "geometry", "geom", "ionic", "ions", "relax", "relaxed", "relaxation", "cell"}
"""Words of a key that tells whether a search for a minimum has ended, of which every step is a label."""


def check_converged(frame: RawFrame) -> None:
    """Raise `FrameError` if the frame says that its electrons have not converged."""
    for key, value in all_values(frame.info).items():
        words = set(words_of(key))
        if words & _OF_GEOMETRY or not words & {"converged", "unconverged"}:
            continue
        against = TRUE if words & {"unconverged", "not"} else FALSE
        if str(value).lower() in against:
            raise FrameError(f"not converged ({key}={value})")


def energy_of(frame: RawFrame, keys: FoundKeys, units: LabelUnits) -> float:
    """Return the energy of a frame, eV; `FrameError` if it has none."""
    key = next((key for key in keys.energy if key in frame.info), None)
    if key is None:
        raise FrameError(f"no energy (key '{keys.energy[0]}')")
    _check_weight(frame, ENERGY)
    energy = float(numbers_of(frame.info[key], 1, key)[0]) * keys.factor(ENERGY, key, units)
    return energy * len(frame.atoms) if is_per_atom(key) else energy


def _check_weight(frame: RawFrame, quantity: str) -> None:
    """Raise `FrameError` if the frame says that a label counts for nothing."""
    key = weight_of_zero(frame, quantity)
    if key:
        raise FrameError(f"no {quantity} ({key} is 0)")


def forces_of(frame: RawFrame, keys: FoundKeys, units: LabelUnits) -> np.ndarray:
    """Return the forces of a frame, eV/angstrom, shape (atoms, 3); `FrameError` if missing or malformed."""
    key = next((key for key in keys.forces if key in frame.arrays), None)
    if key is None:
        others = [name for name, values in frame.arrays.items() if values.shape == (len(frame.atoms), 3)]
        told = (
            f"; is it {' or '.join(others)}? Say so with `forces_key`, of gradients `forces_sign` -1" if others else ""
        )
        told += "; of an isolated atom in a small cell say config_type=IsolatedAtom" * (len(frame.atoms) == 1)
        raise FrameError(f"no forces (key '{keys.forces[0] if keys.forces else 'forces'}'){told}")
    _check_weight(frame, FORCES)
    forces = frame.arrays[key]
    expected = (len(frame.atoms), 3)
    if forces.shape != expected:
        raise FrameError(f"forces '{key}' have shape {forces.shape} instead of {expected}")
    if forces.dtype.kind not in "fi":
        raise FrameError(f"forces '{key}' are not numbers")
    bad = np.flatnonzero(~np.isfinite(forces).all(axis=1))
    if len(bad):
        raise FrameError(f"forces of atom {bad[0]} are not finite (NaN or infinite)")
    return forces.astype(float) * keys.factor(FORCES, key, units)


def virial_of(frame: RawFrame, keys: FoundKeys, units: LabelUnits) -> np.ndarray | None:
    """Return the virial -stress * volume of a periodic frame, eV, shape (3, 3), or None if it has none.

    Raises
    ------
    FrameError
        If it is malformed.
    InputError
        If the frame has several that disagree.
    """
    if not frame.atoms.pbc.all():
        return None
    volume = frame.atoms.get_volume()
    factors = {key: keys.factor(VIRIAL, key, units) for key in keys.virial}
    factors |= {key: -volume * keys.factor(STRESS, key, units) for key in keys.stress}
    found = {
        key: factor * _matrix(frame, key, STRESS_NOISE * volume / abs(factor))
        for key, factor in factors.items()
        if key in frame.info
    }
    if not found or weight_of_zero(frame, VIRIAL) or weight_of_zero(frame, STRESS):
        return None
    first, virial = next(iter(found.items()))
    for key, other in found.items():
        _check_agreement(frame, (first, key), virial, other)
    return virial


def _check_agreement(frame: RawFrame, keys: tuple[str, str], one: np.ndarray, other: np.ndarray) -> None:
    """Raise `InputError` if two virials of a frame are not one."""
    share, by_atom = VIRIALS_AGREE
    largest = max(abs(one).max(), abs(other).max())
    if abs(one - other).max() > share * largest + by_atom * len(frame.atoms):
        ratio = float((one * other).sum() / max((other * other).sum(), 1e-300))
        raise InputError(
            f"frame {frame.index}: {' and '.join(keys)} disagree (as virials the first is {ratio:.4g} times the "
            "second); choose with `virial_key` or `stress_key`, or give `stress_unit` or `virial_unit`"
        )


def _matrix(frame: RawFrame, key: str, noise: float) -> np.ndarray:
    """Return a virial or stress as a symmetric matrix, shape (3, 3); `noise` is in the unit of the file."""
    value = np.atleast_1d(frame.info[key])
    if value.size == 6:  # Voigt order xx yy zz yz xz xy
        xx, yy, zz, yz, xz, xy = numbers_of(value, 6, key)
        return np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
    matrix = numbers_of(value, 9, key).reshape(3, 3)
    apart = float(abs(matrix - matrix.T).max())
    if apart > max(1e-2 * abs(matrix).max(), 1.5 * _last_digit(matrix), noise):
        raise FrameError(f"{key} is not symmetric: xy and yx, or others, differ by {apart:.4g}; give all nine numbers")
    return (matrix + matrix.T) / 2


def _last_digit(numbers: np.ndarray) -> float:
    """Return what one more in the last digit of numbers is, by the one that is written with most: 0.01 of 2.5, 0.33."""
    if (numbers == np.rint(numbers)).all():
        return 1.0
    powers = [Decimal(repr(number)).as_tuple().exponent for number in numbers.ravel().tolist()]
    return 10.0 ** min(int(power) for power in powers)
