"""Drift of the energy that the equations of motion should conserve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from decant.analysis.averages import LEAST_SAMPLES, timeseries
from decant.foundation.errors import InputError

MILLI = 1000.0


def conserved_energy(thermo: Mapping[str, np.ndarray], ensemble: str) -> np.ndarray:
    """Return the conserved quantity of a run, eV: the thermostat's own if logged, the total energy in NVE.

    Raises
    ------
    InputError
        If the thermo output has neither.
    """
    if "conserved_energy_eV" in thermo:
        return np.asarray(thermo["conserved_energy_eV"], dtype=float)
    if ensemble.lower() == "nve" and "total_energy_eV" in thermo:
        return np.asarray(thermo["total_energy_eV"], dtype=float)
    raise InputError(f"the thermo output has no conserved energy for ensemble {ensemble}")


def energy_drift(time_ps: np.ndarray, energy: np.ndarray, atoms: int) -> dict[str, Any]:
    """Fit a straight line to the conserved energy.

    The standard error of the slope is that of least squares times sqrt(g), with the statistical inefficiency g of the
    residuals, since they are correlated in time.

    Parameters
    ----------
    time_ps, energy
        ps and eV, shape (samples,).
    atoms
        Number of atoms.

    Returns
    -------
    dict
        ``value``, ``uncertainty``, ``unit`` (meV/atom/ps) and ``fluctuation_meV_per_atom``, the root mean square of
        the residuals.

    Raises
    ------
    InputError
        If fewer than 10 samples are finite.
    """
    good = np.isfinite(energy)
    time_ps, energy = np.asarray(time_ps, dtype=float)[good], np.asarray(energy, dtype=float)[good]
    if len(energy) < LEAST_SAMPLES:
        raise InputError(f"only {len(energy)} samples in time, at least {LEAST_SAMPLES} are needed for a drift")
    per_atom = MILLI * (energy - energy[0]) / atoms
    centred = time_ps - time_ps.mean()
    slope = float(centred @ per_atom / (centred @ centred))
    residual = per_atom - per_atom.mean() - slope * centred
    inefficiency = float(timeseries().statistical_inefficiency(residual)) if residual.std() > 1e-12 else 1.0
    error = np.sqrt(inefficiency * residual @ residual / ((len(energy) - 2) * (centred @ centred)))
    return {
        "value": slope,
        "uncertainty": float(error),
        "unit": "meV/atom/ps",
        "fluctuation_meV_per_atom": float(residual.std()),
    }
