"""What a file states of the charge and the spin of a frame, under the names that others give them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from decant.data.extxyz import FrameError
from decant.molecules.charge import CHARGE

# keys as others write them, in lower case and without REF_, dft_ and the like
CHARGE_KEYS = (
    "charge", "total_charge", "net_charge", "tot_charge", "system_charge", "molecular_charge", "molecule_charge",
    "formal_charge", "total_formal_charge", "q_total", "qtot",
)  # fmt: skip
MULTIPLICITY_KEYS = ("multiplicity", "spin_multiplicity", "total_spin_multiplicity", "mult", "total_spin", "spin")
UNPAIRED_KEYS = ("uhf", "unpaired", "unpaired_electrons", "n_unpaired", "num_unpaired", "nunpaired")
LOOSE = ("spin", "total_spin")
"""Keys under which some write the multiplicity, some the number of unpaired electrons or S."""
_PREFIX = re.compile(r"^(ref|dft|target|label)_")


# what outputs of programs say of the whole calculation: CP2K, Gaussian, ORCA, Psi4
_PROGRAMS = (
    (r"^ DFT\| Charge\s+(-?\d+)\s*$", r"^ DFT\| Multiplicity\s+(\d+)\s*$"),
    (r"^ Charge =\s*(-?\d+) Multiplicity =", r"^ Charge =\s*-?\d+ Multiplicity =\s*(\d+)"),
    (r"^ ?Total Charge\s+Charge\s+\.+\s*(-?\d+)", r"^ ?Multiplicity\s+Mult\s+\.+\s*(\d+)"),
    (r"^\s*Charge\s+=\s+(-?\d+)\s*$", r"^\s*Multiplicity\s+=\s+(\d+)\s*$"),
)


@dataclass(frozen=True)
class Stated:
    """What is stated of a frame, and under which key; None where nothing is.

    Attributes
    ----------
    charge
        e.
    spin
        Multiplicity 2S + 1.
    charge_key
        Key of the charge.
    """

    charge: int | None = None
    spin: int | None = None
    charge_key: str = CHARGE


def stated(info: Mapping[str, Any], arrays: Mapping[str, np.ndarray], atoms: int, from_zero: bool = False) -> Stated:
    """Return what a frame states of its charge and spin.

    Parameters
    ----------
    info, arrays
        Its values per frame, with those of an ASE database among them, and per atom.
    atoms
        Number of its atoms.
    from_zero
        Whether other frames of the file have a ``spin`` of 0, which therefore is no multiplicity.

    Raises
    ------
    FrameError
        If a value is no whole number, or two keys disagree.
    """
    charges, spins = {}, {}
    for key, value in _flat(info).items():
        name = _PREFIX.sub("", key.lower().replace("-", "_").replace(" ", "_"))
        if value is None or np.size(value) != 1:
            continue  # partial charges of atoms, for example
        if name in CHARGE_KEYS:
            charges[key] = _whole(value, key)
        elif name in LOOSE:
            spins[key] = _loose_spin(value, key, from_zero)
        elif name in MULTIPLICITY_KEYS:
            spins[key] = _whole(value, key)
        elif name in UNPAIRED_KEYS:
            spins[key] = _whole(value, key) + 1
    for column, zero_counts in (("formal_charges", True), ("initial_charges", False)):
        if column in arrays and arrays[column].shape == (atoms,) and (zero_counts or np.any(arrays[column])):
            charges[column] = _whole(round(float(np.sum(arrays[column])), 4), f"sum of {column}")
    charge, charge_key = _one(charges, "charge")
    spin, spin_key = _one(spins, "multiplicity")
    if spin is not None and spin < 1:
        raise FrameError(f"multiplicity {spin} (key '{spin_key}'): expected 1 or more")
    return Stated(charge, spin, charge_key or CHARGE)


def _flat(info: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a frame with those that an ASE database keeps one level below."""
    inner = [info[key] for key in ("key_value_pairs", "data") if isinstance(info.get(key), Mapping)]
    return {key: value for part in (info, *inner) for key, value in part.items()}


def _whole(value: Any, key: str) -> int:
    try:
        number = float(np.asarray(value).item())
    except (TypeError, ValueError):
        number = np.nan
    if not np.isfinite(number) or abs(number - round(number)) > 1e-3:
        raise FrameError(f"{key} '{value}' is no whole number")
    return round(number)


def _loose_spin(value: Any, key: str, from_zero: bool) -> int:
    """Return the multiplicity that a ``spin`` means: itself, or 2S + 1 where it is 0 or a half."""
    number = _spin_number(value)
    if number == 0 or number % 1 == 0.5:
        return round(2 * number) + 1
    if from_zero:
        raise FrameError(
            f"{key} {value}: other frames have {key} 0, so it is no multiplicity; write it as 'multiplicity', 2S + 1"
        )
    return _whole(value, key)


def _spin_number(value: Any) -> float:
    try:
        return float(np.asarray(value).item())
    except (TypeError, ValueError):
        return float("nan")


def spins_from_zero(infos: Iterable[Mapping[str, Any]]) -> bool:
    """Say whether a frame among these has a ``spin`` of 0 or a half, so that the file does not mean multiplicities."""
    values = (_spin_number(_flat(info).get(key, np.nan)) for info in infos for key in LOOSE if key in _flat(info))
    return any(value == 0 or value % 1 == 0.5 for value in values)


def _one(found: Mapping[str, int], what: str) -> tuple[int | None, str]:
    """Return the value that all keys agree on, and the first key."""
    if len(set(found.values())) > 1:
        told = " and ".join(f"{value} ('{key}')" for key, value in found.items())
        raise FrameError(f"two statements of the {what} disagree: {told}")
    return next(((value, key) for key, value in found.items()), (None, ""))


def stated_by_program(path: Path) -> dict[str, float]:
    """Return ``charge`` and, but for VASP, ``multiplicity`` that an output of a program says; empty where it says none.

    Parameters
    ----------
    path
        Output of CP2K, Gaussian, ORCA or Psi4, ``OUTCAR`` or ``vasprun.xml``; anything else says none.
    """
    if not path.is_file():
        return {}
    with path.open("rb") as stream:
        text = stream.read(1_000_000).decode("utf-8", errors="replace")
    for charge, multiplicity in _PROGRAMS:
        found = re.search(charge, text, re.MULTILINE), re.search(multiplicity, text, re.MULTILINE)
        if found[0] and found[1]:
            return {"charge": int(found[0][1]), "multiplicity": int(found[1][1])}
    return _stated_by_vasp(text)


def _stated_by_vasp(text: str) -> dict[str, float]:
    """Return the charge of a VASP calculation: the valences of its atoms less its electrons."""
    electrons = re.search(r'NELECT\s*=\s*([\d.]+)|name="NELECT">\s*([\d.]+)', text)
    counts, valences = re.search(r"ions per type =(.*)", text), re.search(r"Ionic Valenz\s+ZVAL\s*=(.*)", text)
    if counts and valences:
        nuclei = [(float(n), float(z)) for n, z in zip(counts[1].split(), valences[1].split(), strict=False)]
    else:
        row = r"<rc><c>\s*(\d+)</c><c>\s*\w+\s*</c><c>[^<]*</c><c>\s*([\d.]+)</c>"
        nuclei = [(float(n), float(z)) for n, z in re.findall(row, text)]
    if not electrons or not nuclei:
        return {}
    return {"charge": round(sum(n * z for n, z in nuclei) - float(electrons[1] or electrons[2]), 3) + 0.0}
