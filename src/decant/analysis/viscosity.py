"""Shear viscosity by Green-Kubo, and whether its running integral has converged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft
from scipy.integrate import cumulative_trapezoid

from decant.analysis.averages import temperature_held
from decant.foundation.errors import InputError
from decant.foundation.units import BOLTZMANN_J_K
from decant.lammps.observe import read_rows

if TYPE_CHECKING:
    from decant.simulation.run import Run

BAR2_A3_PS_TO_MPA_S_J = 1e10 * 1e-30 * 1e-12 * 1e3  # bar^2 angstrom^3 ps in Pa^2 m^3 s, and Pa s in mPa s
BLOCKS = 10
LEAST_ROWS = 40
"""Rows of the stress in a block, at least."""
AGREEMENT, FLATNESS = 0.2, 0.1
LAGS = 12


@dataclass(frozen=True)
class Viscosity:
    """Shear viscosity of a run.

    Attributes
    ----------
    lag_ps, integral_mPa_s, error_mPa_s
        Running Green-Kubo integral, its mean over blocks and standard error of it.
    window_ps
        Lags over which the integral is averaged.
    value, uncertainty
        mPa s; the mean over the window, and its standard error over blocks.
    change, change_error
        What the integral gains from the first to the second half of the window, as a fraction of the value, and the
        standard error of that.
    block_ps
        Length of a block.
    """

    lag_ps: np.ndarray
    integral_mPa_s: np.ndarray
    error_mPa_s: np.ndarray
    window_ps: tuple[float, float]
    value: float
    uncertainty: float
    change: float
    change_error: float
    block_ps: float

    @property
    def converged(self) -> bool:
        """Whether blocks agree on the value and the running integral is flat in the window, as far as they can tell."""
        agreed = self.value > 0 and self.uncertainty <= AGREEMENT * self.value
        return bool(agreed and abs(self.change) <= max(FLATNESS, 2.0 * self.change_error))

    @property
    def note(self) -> str:
        """Why the number must not be trusted; empty if it may."""
        if self.converged:
            return ""
        if not self.uncertainty <= AGREEMENT * self.value:
            reason = f"{BLOCKS} blocks of {self.block_ps:.3g} ps disagree by more than {AGREEMENT:.0%} of the value"
        else:
            reason = f"the running integral changes by {self.change:.0%} over the window of the mean"
        return f"not converged: {reason}; a longer run is needed"

    def columns(self) -> dict[str, np.ndarray]:
        """Return the running integral as columns of a table."""
        return {"lag_ps": self.lag_ps, "integral_mPa_s": self.integral_mPa_s, "error_mPa_s": self.error_mPa_s}

    def summary(self) -> dict[str, Any]:
        """Return the numbers for ``observables.yaml``."""
        result = {
            "value": self.value,
            "uncertainty": self.uncertainty,
            "unit": "mPa s",
            "converged": self.converged,
            "window_ps": list(self.window_ps),
            "change_in_window": self.change,
            "blocks": BLOCKS,
            "block_ps": self.block_ps,
        }
        return {**result, "note": self.note} if self.note else result


def shear_components(stress: np.ndarray) -> np.ndarray:
    """Return the symmetric traceless part of pressure tensors as six series whose squares sum to its own.

    Parameters
    ----------
    stress
        Columns xx, yy, zz, xy, xz, yz, shape (rows, 6).
    """
    diagonal = stress[:, :3] - stress[:, :3].mean(axis=1, keepdims=True)
    return np.concatenate([diagonal, np.sqrt(2.0) * stress[:, 3:]], axis=1)


def autocorrelation(series: np.ndarray, lags: int) -> np.ndarray:
    """Return the autocorrelation of columns summed, for the first lags, averaged over time origins; shape (lags,)."""
    count = len(series)
    size = next_fast_len(2 * count, real=True)
    power = (np.abs(rfft(series, size, axis=0)) ** 2).sum(axis=1)
    return np.asarray(irfft(power, size)[:lags] / (count - np.arange(lags)))


def viscosity(time_ps: np.ndarray, stress: np.ndarray, temperature: float, volume: float) -> Viscosity:
    r"""Return the shear viscosity from the stress at constant volume.

    .. math:: \eta = \frac{V}{10 k_B T} \int_0^\infty \sum_{ab} \langle P_{ab}(0) P_{ab}(t) \rangle dt

    over the symmetric traceless part of the pressure tensor: P. J. Daivis and D. J. Evans, J. Chem. Phys. 100, 541
    (1994). The run is cut into blocks, each gives one running integral, and their spread the error. The value is the
    mean over the second half of the longest lags up to which blocks agree within 20 %; noise grows with lag, while the
    integral misses what lies beyond.

    Parameters
    ----------
    time_ps
        Evenly spaced, shape (rows,).
    stress
        Pressure tensor, averaged from row to row, bar; columns xx, yy, zz, xy, xz, yz, shape (rows, 6).
    temperature
        K.
    volume
        angstrom^3.

    Raises
    ------
    InputError
        If there are too few rows.
    """
    rows = len(time_ps) // BLOCKS
    if rows < LEAST_ROWS:
        raise InputError(f"{len(time_ps)} rows of stress, at least {BLOCKS * LEAST_ROWS} are needed for a viscosity")
    interval = float(time_ps[1] - time_ps[0])
    lags = rows // 2
    shear = shear_components(stress)
    factor = volume / (10.0 * BOLTZMANN_J_K * temperature) * BAR2_A3_PS_TO_MPA_S_J
    blocks = np.array(
        [
            cumulative_trapezoid(autocorrelation(part, lags), dx=interval, initial=0.0) * factor
            for part in shear[: rows * BLOCKS].reshape(BLOCKS, rows, -1)
        ]
    )
    last = _last_agreed(blocks)
    half, three_quarters = last // 2, 3 * last // 4
    early, late = blocks[:, half:three_quarters].mean(axis=1), blocks[:, three_quarters:last].mean(axis=1)
    each = 0.5 * (early + late)
    value = float(each.mean())
    return Viscosity(
        lag_ps=interval * np.arange(lags),
        integral_mPa_s=blocks.mean(axis=0),
        error_mPa_s=_error(blocks),
        window_ps=(interval * half, interval * (last - 1)),
        value=value,
        uncertainty=float(_error(each)),
        change=float((late - early).mean() / value) if value else np.inf,
        change_error=float(_error(late - early) / abs(value)) if value else np.inf,
        block_ps=interval * rows,
    )


def run_viscosity(run: Run, from_ps: float = 0.0) -> Viscosity:
    """Return the viscosity of a run that wrote its stress (``decant simulate --viscosity``).

    Rows that an interruption left out are interpolated.

    Parameters
    ----------
    run
        The run.
    from_ps
        First time to take, from the start of the production.

    Raises
    ------
    InputError
        If the run is too short.
    """
    table, thermo, made = read_rows(run.segment_files("stress", "dat")), run.thermo(), run.description
    table = table[made.time_ps(table[:, 0]) >= from_ps - 1e-9]
    if len(table) < 2:
        raise InputError(f"{len(table)} rows of stress from {from_ps:g} ps on, too few for a viscosity")
    gap = int(np.diff(table[:, 0]).min())
    steps = np.arange(table[0, 0], table[-1, 0] + 1, gap)
    stress = np.stack([np.interp(steps, table[:, 0], column) for column in table[:, 1:].T], axis=1)
    temperature = temperature_held(thermo, made.ensemble, made.temperature_K, from_ps)
    return viscosity(steps * made.timestep_ps, stress, temperature, float(thermo["volume_A3"].mean()))


def _error(blocks: np.ndarray) -> np.ndarray:
    """Return the standard error of the mean over the first axis."""
    return np.asarray(blocks.std(axis=0, ddof=1) / np.sqrt(len(blocks)))


def _last_agreed(blocks: np.ndarray) -> int:
    """Return the largest number of lags, of some tried, at which blocks agree; all if they never do."""
    tried = np.unique(np.geomspace(min(16, blocks.shape[1]), blocks.shape[1], LAGS).astype(int))
    for last in tried[::-1]:
        each = blocks[:, last // 2 : last].mean(axis=1)
        if _error(each) <= AGREEMENT * each.mean():
            return int(last)
    return int(tried[-1])
