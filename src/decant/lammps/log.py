"""Thermodynamic rows of LAMMPS logs, also of runs that were cut short, and joining the segments of one run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

HOUSE_KEYS = {
    "Step": "step",
    "Time": "lammps_time_ps",
    "Temp": "temperature_K",
    "Press": "pressure_bar",
    "Volume": "volume_A3",
    "Density": "density_g_cm3",
    "PotEng": "potential_energy_eV",
    "KinEng": "kinetic_energy_eV",
    "TotEng": "total_energy_eV",
    "Econserve": "conserved_energy_eV",
    "c_longest_bond": "longest_bond_A",
    **{name: f"{name.lower()}_A" for name in ("Lx", "Ly", "Lz", "Xy", "Xz", "Yz")},
    **{f"P{name}": f"pressure_{name}_bar" for name in ("xx", "yy", "zz", "xy", "xz", "yz")},
    "CPU": "cpu_s",
}
"""House name, with its unit, of each column of ``thermo_style custom`` in lammps_inputs/setup.lammps."""


class ThermoReader:
    """Recognises thermodynamic rows in the lines that LAMMPS prints."""

    def __init__(self) -> None:
        self.columns: list[str] = []

    def feed(self, line: str) -> dict[str, float] | None:
        """Take one line; return its values by house key if it is a thermodynamic row, else None."""
        words = line.split()
        if words and words[0] == "Step":
            self.columns = [HOUSE_KEYS.get(word, word) for word in words]
            return None
        if line.startswith("Loop time"):
            self.columns = []
        if not words or len(words) != len(self.columns):
            return None
        try:
            return dict(zip(self.columns, map(float, words), strict=True))
        except ValueError:
            return None


def read_thermo(path: Path) -> dict[str, np.ndarray]:
    """Read the thermodynamic rows of a log.

    Parameters
    ----------
    path
        LAMMPS log. A last line without its end of line was cut off by a kill and is left out. Where LAMMPS went
        back in steps (after a minimisation, at the join of two ``run`` commands) the later row counts.

    Returns
    -------
    dict of str to numpy.ndarray
        Column by house key, each of shape (rows,); ``step`` is of integers. Empty if there is no row.
    """
    reader = ThermoReader()
    rows = []
    with Path(path).open(encoding="utf-8", errors="replace") as stream:
        for line in stream:
            row = reader.feed(line) if line.endswith("\n") else None
            if row is not None:
                rows.append(row)
    if not rows:
        return {}
    keys = [key for key in rows[-1] if all(key in row for row in rows)]
    columns = {key: np.array([row[key] for row in rows]) for key in keys}
    columns["step"] = columns["step"].astype(int)
    keep = kept_rows(columns["step"])
    return {key: column[keep] for key, column in columns.items()}


def kept_rows(steps: np.ndarray) -> np.ndarray:
    """Return which rows stay when a later row with the same or a smaller step replaces earlier ones.

    Parameters
    ----------
    steps
        Time steps in the order of writing, shape (rows,).

    Returns
    -------
    numpy.ndarray
        Booleans, shape (rows,); the steps of the rows that stay increase strictly.
    """
    if not len(steps):
        return np.zeros(0, dtype=bool)
    lowest_later = np.minimum.accumulate(steps[::-1])[::-1]
    keep = np.ones(len(steps), dtype=bool)
    keep[:-1] = steps[:-1] < lowest_later[1:]
    return keep


def join_thermo(segments: Sequence[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Join the thermodynamic rows of the segments of a run, oldest first, and drop what a later segment repeats."""
    filled = [segment for segment in segments if segment]
    if not filled:
        return {}
    keys = [key for key in filled[0] if all(key in segment for segment in filled)]
    joined = {key: np.concatenate([segment[key] for segment in filled]) for key in keys}
    keep = kept_rows(joined["step"])
    return {key: column[keep] for key, column in joined.items()}
