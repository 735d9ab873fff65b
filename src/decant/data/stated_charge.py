"""What a file states of the charge and the spin of a frame, under the names that others give them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ase.io.formats import open_with_compression

from decant.data.extxyz import FrameError
from decant.molecules.charge import CHARGE

# keys as others write them, in lower case and without REF_, dft_ and the like
CHARGE_KEYS = (
    "charge", "total_charge", "net_charge", "tot_charge", "system_charge", "molecular_charge", "molecule_charge",
    "formal_charge", "total_formal_charge", "q_total", "qtot",
)  # fmt: skip
MULTIPLICITY_KEYS = ("multiplicity", "spin_multiplicity", "total_spin_multiplicity", "mult", "total_spin", "spin")
UNPAIRED_KEYS = ("uhf", "unpaired", "unpaired_electrons", "n_unpaired", "num_unpaired", "nunpaired")
TABLES = ("key_value_pairs", "data")
"""Keys under which a frame of an ASE database has tables of other values."""
LOOSE = ("spin", "total_spin")
"""Keys under which some write the multiplicity, some the number of unpaired electrons or S."""
_PREFIX = re.compile(r"^(ref|dft|target|label)_")


# what an output of CP2K says of the whole calculation
_CP2K = (r"^ DFT\| Charge\s+(-?\d+)\s*$", r"^ DFT\| Multiplicity\s+(\d+)\s*$")


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
    for key, name, value in _named(info):
        if _is_missing(value) or np.size(value) != 1:
            continue  # partial charges of atoms, for example
        if name in CHARGE_KEYS:
            charges[key] = _whole(value, key)
        elif name in LOOSE:
            spins[key] = _loose_spin(value, key, from_zero)
        elif name in MULTIPLICITY_KEYS:
            spins[key] = _whole(value, key)
        elif name in UNPAIRED_KEYS:
            spins[key] = _whole(value, key) + 1
    formal, initial = (arrays.get(f"{what}_charges", np.zeros(0)) for what in ("formal", "initial"))
    if formal.shape == (atoms,):
        charges["formal_charges"] = _whole(round(float(np.sum(formal)), 4), "sum of formal_charges")
    if initial.shape == (atoms,) and np.any(initial) and _is_whole(float(np.sum(initial))):  # else partial charges
        charges["initial_charges"] = round(float(np.sum(initial)))
    charge, charge_key = _one(charges, "charge")
    spin, spin_key = _one(spins, "multiplicity")
    if spin is not None and spin < 1:
        raise FrameError(f"multiplicity {spin} (key '{spin_key}'): expected 1 or more")
    return Stated(charge, spin, charge_key or CHARGE)


def all_values(info: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a frame with those that an ASE database keeps one level below."""
    inner = [info[key] for key in TABLES if isinstance(info.get(key), Mapping)]
    return {key: value for part in (*inner, info) for key, value in part.items()}


def _named(info: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Yield each key, the same as written in `CHARGE_KEYS` and the like, and the value."""
    for key, value in all_values(info).items():
        yield key, _PREFIX.sub("", key.lower().replace("-", "_").replace(" ", "_")), value


def _is_missing(value: Any) -> bool:
    """Say whether a value is what tables have where there is none."""
    if isinstance(value, str):
        return value.strip().lower() in ("", "none", "nan", "null")
    return value is None or (isinstance(value, float | np.floating) and bool(np.isnan(value)))


def _is_whole(number: float) -> bool:
    return bool(np.isfinite(number)) and abs(number - round(number)) <= 1e-3


def _whole(value: Any, key: str) -> int:
    number = _number(value)
    if not _is_whole(number):
        raise FrameError(f"{key} '{value}' is no whole number")
    return round(number)


def _loose_spin(value: Any, key: str, from_zero: bool) -> int:
    """Return the multiplicity that a ``spin`` means: itself, or 2S + 1 where it is 0 or a half."""
    number = _number(value)
    if number == 0 or number % 1 == 0.5:
        return round(2 * number) + 1
    if from_zero:
        raise FrameError(
            f"{key} {value}: other frames have {key} 0, so it is no multiplicity; write it as 'multiplicity', 2S + 1"
        )
    return _whole(value, key)


def _number(value: Any) -> float:
    try:
        return float(np.asarray(value).item())
    except (TypeError, ValueError):
        return float("nan")


def spins_from_zero(infos: Iterable[Mapping[str, Any]]) -> bool:
    """Say whether a frame among these has a ``spin`` of 0 or a half, so that the file does not mean multiplicities."""
    values = (_number(value) for info in infos for _, name, value in _named(info) if name in LOOSE)
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
        Output of CP2K, ``OUTCAR`` or ``vasprun.xml``, compressed or not; anything else says none.
    """
    if not path.is_file():
        return {}
    with open_with_compression(str(path), "rb") as stream:
        text = stream.read(1_000_000).decode("utf-8", errors="replace")
    charge, multiplicity = (re.search(pattern, text, re.MULTILINE) for pattern in _CP2K)
    if charge and multiplicity:
        return {"charge": int(charge[1]), "multiplicity": int(multiplicity[1])}
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
