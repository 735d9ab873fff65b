"""Units and constants, each once: LAMMPS metal inside (eV, angstrom, ps, K, bar), others named where they appear."""

from __future__ import annotations

import re

from decant.foundation.errors import InputError

U_A3_TO_G_CM3 = 1.66053906660
"""One atomic mass unit per cubic angstrom in g/cm3 (CODATA 2018)."""
BOLTZMANN_J_K = 1.380649e-23
"""Exact, SI 2019."""
ELEMENTARY_CHARGE_C = 1.602176634e-19
"""Exact, SI 2019."""
BOLTZMANN_EV_K = 8.617333262e-5
"""CODATA 2018, and the value that LAMMPS has for ``units metal``."""
KJ_MOL_PER_EV = 96.48533212
"""CODATA 2018; one eV in kJ/mol."""
A2_PS_TO_1E5_CM2_S = 10.0
"""1 A^2/ps = 1e-4 cm2/s."""
LAMMPS_BAR_PER_EV_A3 = 1.6021765e6
"""bar for one eV/angstrom^3: LAMMPS's ``nktv2p`` of ``units metal`` with LAMMPS's digits (src/update.cpp)."""
AKMA_TIME_PS = 0.04888821
"""CHARMM's unit of time, in which DCD files give theirs: sqrt(amu angstrom^2 / (kcal/mol)), MDAnalysis's digits."""
PS_PER_NS, SECONDS_PER_DAY = 1000.0, 86400.0

_PS = {"fs": 1e-3, "ps": 1.0, "ns": 1e3}
_SECONDS = {"": 1.0, "s": 1.0, "sec": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_MB = {"MB": 1, "GB": 1000, "TB": 1_000_000}


def parse_length(text: str, or_zero: bool = False) -> float:
    """Return the length in ps of a text such as ``20ps``, ``0.5 ns`` or ``200fs``.

    Raises
    ------
    InputError
        If it is not a positive number (or zero, where that is allowed) with one of these units.
    """
    match = re.fullmatch(r"\s*(\d+\.?\d*|\.\d+)\s*(fs|ps|ns)\s*", str(text))
    if not match or (float(match[1]) == 0 and not or_zero):
        raise InputError(f"length '{text}': expected a positive number with unit fs, ps or ns, for example 20ps")
    return float(match[1]) * _PS[match[2]]


def duration(text: str | float) -> float:
    """Return seconds from ``"30min"``, ``"2h"``, ``"90s"`` or a number of seconds.

    Raises
    ------
    InputError
        If the text is no positive duration.
    """
    match = re.fullmatch(r"\s*([0-9.]+(?:[eE][-+]?[0-9]+)?)\s*([a-z]*)\s*", str(text))
    try:
        seconds = float(match[1]) * _SECONDS[match[2]] if match else 0.0
    except (KeyError, ValueError):
        seconds = 0.0
    if seconds <= 0.0:
        raise InputError(f"'{text}' is not a duration; expected for example 90s, 30min or 2h")
    return seconds


def parse_memory_MB(text: str) -> int:
    """Return MB from a text such as ``800MB`` or ``4GB``.

    Raises
    ------
    InputError
        If it is not a positive number with one of these units.
    """
    found = re.fullmatch(r"([0-9.]+)\s*(MB|GB|TB)", str(text))
    try:
        size = float(found[1]) * _MB[found[2]] if found else 0.0
    except ValueError:
        size = 0.0
    if size < 1:
        raise InputError(f"expected an amount of memory such as 800MB or 4GB, not {text!r}")
    return round(size)
