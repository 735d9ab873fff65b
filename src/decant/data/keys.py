"""Which keys of a foreign extended XYZ file hold the energy, the forces and the virial or stress."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from decant.data.extxyz import FrameError, RawFrame, numbers_of
from decant.foundation.errors import InputError, nearest

# in order of preference; whatever else begins with 'energy' or 'force' is taken if it is the only one
ENERGY = ("REF_energy", "dft_energy", "DFT_energy", "energy", "energy_xtb", "Energy", "free_energy")
FORCES = ("REF_forces", "dft_forces", "DFT_forces", "forces", "forces_xtb", "force", "Forces")
VIRIAL = ("REF_virial", "REF_virials", "dft_virial", "virial", "virials", "virial_xtb", "virials_xtb")
STRESS = ("REF_stress", "dft_stress", "stress", "stress_xtb")


@dataclass(frozen=True)
class LabelKeys:
    """Names of the labels in a file; an empty string where there is none."""

    energy: str
    forces: str
    virial: str = ""
    stress: str = ""

    def describe(self) -> str:
        """Return the mapping as one line."""
        lines = [f"energy <- {self.energy}", f"forces <- {self.forces or 'none'}"]
        if self.virial:
            lines.append(f"virial <- {self.virial}")
        elif self.stress:
            lines.append(f"virial <- -volume * {self.stress}")
        else:
            lines.append("virial <- none")
        return ", ".join(lines)


def find_keys(path: Path, frames: list[RawFrame], chosen: LabelKeys | None = None) -> LabelKeys:
    """Find the label keys of a file from its frames.

    Parameters
    ----------
    path
        The file, for messages.
    frames
        Its frames.
    chosen
        Keys that the caller names; empty ones are looked for.

    Raises
    ------
    InputError
        If no frame has an energy, a named key does not occur, or several could be meant.
    """
    asked = chosen or LabelKeys("", "")
    good = [frame for frame in frames if not frame.error]
    info = Counter(key for frame in good for key in frame.info)
    arrays = Counter(key for frame in good for key in frame.arrays)
    if not good:
        raise InputError(f"{path}: no frame can be read; frame 0: {frames[0].error}")
    energy = _choose(path, "energy", asked.energy, ENERGY, info)
    if not energy:
        seen = ", ".join(sorted(info)) or "none"
        raise InputError(f"{path}: no energy in any frame (keys found: {seen}); name it with `energy_key`")
    forces = _choose(path, "forces", asked.forces, FORCES, arrays)
    virial = _choose(path, "virial", asked.virial, VIRIAL, info)
    stress = "" if virial and not asked.stress else _choose(path, "stress", asked.stress, STRESS, info)
    return LabelKeys(energy, forces, "" if stress else virial, stress)


def _choose(path: Path, what: str, asked: str, known: Iterable[str], counts: Counter[str]) -> str:
    if asked:
        if asked not in counts:
            raise InputError(f"{path}: no frame has the {what} key '{asked}'{nearest(asked, counts)}")
        return asked
    for key in known:
        if key in counts:
            return key
    stem = what.rstrip("s") if what == "forces" else what
    alike = sorted(key for key in counts if key.lower().startswith(stem) or key.lower().endswith("_" + what))
    if len(alike) > 1:
        raise InputError(f"{path}: several keys could be the {what}: {', '.join(alike)}; choose with `{what}_key`")
    return alike[0] if alike else ""


def energy_of(frame: RawFrame, keys: LabelKeys) -> float:
    """Return the energy of a frame, eV; `FrameError` if it has none."""
    if keys.energy not in frame.info:
        raise FrameError(f"no energy (key '{keys.energy}')")
    return float(numbers_of(frame.info[keys.energy], 1, keys.energy)[0])


def forces_of(frame: RawFrame, keys: LabelKeys) -> np.ndarray:
    """Return the forces of a frame, eV/angstrom, shape (atoms, 3); `FrameError` if missing or malformed."""
    if not keys.forces or keys.forces not in frame.arrays:
        raise FrameError(f"no forces (key '{keys.forces or 'forces'}')")
    forces = frame.arrays[keys.forces]
    expected = (len(frame.atoms), 3)
    if forces.shape != expected:
        raise FrameError(f"forces '{keys.forces}' have shape {forces.shape} instead of {expected}")
    if forces.dtype.kind not in "fi":
        raise FrameError(f"forces '{keys.forces}' are not numbers")
    bad = np.flatnonzero(~np.isfinite(forces).all(axis=1))
    if len(bad):
        raise FrameError(f"forces of atom {bad[0]} are not finite (NaN or infinite)")
    return forces.astype(float)


def virial_of(frame: RawFrame, keys: LabelKeys) -> np.ndarray | None:
    """Return the virial -stress * volume of a periodic frame, eV, shape (3, 3), or None if it has none."""
    key = keys.stress or keys.virial
    if not frame.atoms.pbc.all() or key not in frame.info:
        return None
    value = np.atleast_1d(frame.info[key])
    if value.size == 6:  # Voigt order xx yy zz yz xz xy
        xx, yy, zz, yz, xz, xy = numbers_of(value, 6, key)
        matrix = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
    else:
        matrix = numbers_of(value, 9, key).reshape(3, 3)
    if abs(matrix - matrix.T).max() > 1e-2 * max(abs(matrix).max(), 1.0):
        raise FrameError(f"{key} is not symmetric")
    matrix = (matrix + matrix.T) / 2
    return -matrix * frame.atoms.get_volume() if keys.stress else matrix
