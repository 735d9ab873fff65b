"""Data files in the house form: configurations with or without labels, checked when read, written as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ase import Atoms

from decant.data.extxyz import RawFrame, format_frame, plain, read_raw
from decant.data.isolated import is_isolated
from decant.data.limits import crowded
from decant.data.reactions import find_molecules
from decant.foundation.errors import InputError, warn
from decant.foundation.files import write_beside
from decant.foundation.settings import count, read_named
from decant.foundation.units import U_A3_TO_G_CM3
from decant.molecules.charge import CHARGE, SPIN
from decant.molecules.periodicity import has_cell

MINUS = "label_minus"
"""Key of a frame's info with what was taken off its labels, for example ``d3:pbe:bj:12:9``."""

SAME_ENERGY_eV = 1e-3
"""Energies of one isolated atom may differ by this."""


def isolated_energies(frames: Sequence[Atoms], numbers: Sequence[int] | None = None) -> dict[str, float]:
    """Return the energy of the isolated atom of each element, eV; frames without a label are passed over.

    Parameters
    ----------
    frames
        Frames of all kinds.
    numbers
        What to call each in a message; its place if left out.

    Raises
    ------
    InputError
        If two frames have different energies for one element.
    """
    known: dict[str, tuple[int, float]] = {}
    for number, atoms in zip(numbers or range(len(frames)), frames, strict=True):
        if not is_isolated(atoms) or "REF_energy" not in atoms.info:
            continue
        symbol, energy = atoms.get_chemical_symbols()[0], float(atoms.info["REF_energy"])
        before, first = known.setdefault(symbol, (number, energy))
        if abs(energy - first) > SAME_ENERGY_eV:
            raise InputError(
                f"the isolated atom {symbol} has {first:.6f} eV in frame {before} and {energy:.6f} eV in frame "
                f"{number}; keep the one of the method and spin of the other frames"
            )
    return {symbol: energy for symbol, (_, energy) in known.items()}


def taken_off(frames: Sequence[Atoms]) -> str | None:
    """Return what was taken off the labels of frames (`MINUS`), None if nothing was; isolated atoms are passed over.

    Raises
    ------
    InputError
        If it is not the same of all.
    """
    first: dict[str | None, int] = {}
    for number, atoms in enumerate(frames):
        if not is_isolated(atoms):
            first.setdefault(atoms.info.get(MINUS), number)
    if len(first) > 1:
        told = ", ".join(f"minus {name or 'nothing'} in frame {number}" for name, number in first.items())
        raise InputError(
            f"labels are {told}; frames that belong together are minus the same ('decant label' with `subtract`)"
        )
    return next(iter(first), None)


def evenly(total: int, limit: int | None) -> list[int]:
    """Return which of so many frames are taken, numbers from 0: at most `limit`, evenly spread; all if it is None.

    Raises
    ------
    InputError
        If the limit is below one.
    """
    most = total if limit is None else min(read_named("`limit`", count(1), limit), total)
    spread: list[int] = np.linspace(0, total - 1, most).round().astype(int).tolist()
    return spread


def density(atoms: Atoms) -> float | None:
    """Return the mass density of a fully periodic frame, g/cm3, or None."""
    if not atoms.pbc.all():
        return None
    return float(atoms.get_masses().sum() / abs(atoms.cell.volume) * U_A3_TO_G_CM3)


def read_frames(path: Path, labelled: bool = True) -> list[Atoms]:
    """Read a file in the house form.

    Parameters
    ----------
    path
        Extended XYZ file.
    labelled
        Whether every frame must carry REF_energy and (but for isolated atoms) REF_forces. If not, molecules that a
        frame does not state are found.

    Returns
    -------
    list of ase.Atoms
        ``info["REF_virial"]``, where present, has shape (3, 3), eV; ``arrays["REF_forces"]`` (atoms, 3), eV/angstrom;
        ``arrays["mol_id"]`` (atoms,).

    Raises
    ------
    InputError
        If the file or any of its frames is not in the house form; `import_frames` takes other files.
    """
    frames = [_house_frame(Path(path), raw, labelled) for raw in read_raw(path)]
    _add_molecules(Path(path), frames)
    return frames


def _add_molecules(path: Path, frames: Sequence[Atoms]) -> None:
    """Find the molecules of frames that state none, as an import does, and tell it."""
    silent = {number: atoms for number, atoms in enumerate(frames) if "mol_id" not in atoms.arrays}
    if not silent:
        return
    told = f"{path}: no column mol_id{'' if len(silent) == len(frames) else f' in {len(silent)} frames'}"
    told += ": molecules were found by distances, as 'decant import' does"
    sound = {number: atoms for number, atoms in silent.items() if not crowded(atoms)}
    found = dict(zip(sound, find_molecules(list(sound.values()), [None] * len(sound)), strict=True))
    for number, atoms in silent.items():
        ids = found[number].mol_id if number in found else np.zeros(len(atoms), dtype=int)
        atoms.set_array("mol_id", ids)
    if reacted := {number: one.reacted for number, one in found.items() if one.reacted}:
        first = min(reacted)
        told += f"; in {len(reacted)} frames they are none that are known (the first: frame {first}: {reacted[first]})"
    warn(told)


def _house_frame(path: Path, raw: RawFrame, labelled: bool) -> Atoms:
    def wrong(reason: str) -> InputError:
        return InputError(f"{path}: frame {raw.index}: {reason}")

    if raw.error:
        raise wrong(raw.error)
    atoms = raw.atoms
    atoms.info.update({key: plain(value) for key, value in raw.info.items()})
    for key, values in raw.arrays.items():
        atoms.set_array(key, values)
    if not np.isfinite(atoms.positions).all():
        raise wrong("positions are not finite (NaN or infinite)")
    if not has_cell(atoms):
        raise wrong("periodic, but the cell has no volume")
    if labelled and "mol_id" not in atoms.arrays:
        raise wrong("no column mol_id; is the file in decant's form? Run 'decant import' on it first")
    for key in {CHARGE, SPIN} & set(atoms.info):
        if not isinstance(atoms.info[key], int | float) or atoms.info[key] % 1:
            raise wrong(f"{key} '{atoms.info[key]}' is no whole number")
        atoms.info[key] = int(atoms.info[key])
    for key in {"REF_virial", "REF_intra_virial"} & set(atoms.info):
        if np.size(atoms.info[key]) != 9:
            raise wrong(f"{key} must be 9 numbers")
        atoms.info[key] = np.asarray(atoms.info[key], dtype=float).reshape(3, 3)
    if labelled:
        if not np.isfinite(atoms.info.get("REF_energy", np.nan)):
            raise wrong("no finite REF_energy; run 'decant import' or 'decant label' first")
        forces = atoms.arrays.get("REF_forces", np.zeros((1, 3)) if is_isolated(atoms) else np.zeros(0))
        if forces.shape != (len(atoms), 3) or not np.isfinite(forces).all():
            raise wrong(f"REF_forces must be finite, of shape ({len(atoms)}, 3)")
        if not np.isfinite(atoms.info.get("REF_virial", np.zeros(9))).all():
            raise wrong("REF_virial is not finite")
    return atoms


def write_frames(path: Path, frames: Sequence[Atoms]) -> None:
    """Write frames in the house form, whole or not at all.

    Numbers per frame are written in full; positions and forces keep 8 decimals.
    """
    with write_beside(Path(path)) as temporary:
        temporary.write_text("".join(format_frame(atoms) for atoms in frames), encoding="utf-8")
