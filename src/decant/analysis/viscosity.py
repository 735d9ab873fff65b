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
LEAST_PS, LEAST_PS_PER_MPA_S = 300.0, 100.0
"""Length of a run, at least: 30 memories of 10 ps, and 100 of Maxwell's, the viscosity by a modulus of 1 GPa."""
AGREEMENT, RISE = 0.3, 2.0
"""Largest error of a value that has converged, as a fraction of it, and largest rise of the integral, in its noise."""


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
        mPa s; the mean over the window, and its error: noise, and in squares the noise in which a further rise hides.
    rise
        What the mean over a longer window has, at most, more than that over half the window, in units of its noise.
    block_ps
        Length of a block.
    """

    lag_ps: np.ndarray
    integral_mPa_s: np.ndarray
    error_mPa_s: np.ndarray
    window_ps: tuple[float, float]
    value: float
    uncertainty: float
    rise: float
    block_ps: float

    @property
    def converged(self) -> bool:
        """Whether the run is long, the integral rises no more, and the error is small."""
        return not self.note

    @property
    def note(self) -> str:
        """Why the number must not be trusted; empty if it may."""
        run_ps, needed_ps = BLOCKS * self.block_ps, least_ps(self.value)
        if not run_ps >= 0.999 * needed_ps:
            return f"not converged: {run_ps:.3g} ps of stress, at least {needed_ps:.3g} ps are needed"
        if not self.rise <= RISE:
            reason = "the running integral still rises within or after the window of the mean"
        elif not self.uncertainty <= AGREEMENT * self.value:
            reason = f"its error is more than {AGREEMENT:.0%} of the value"
        else:
            return ""
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
            "rise_in_noise": self.rise,
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


def running_integral(series: np.ndarray, lags: int, interval: float) -> np.ndarray:
    """Return the integral of the autocorrelation of columns summed, from none to the first lags; shape (lags,)."""
    return np.asarray(cumulative_trapezoid(autocorrelation(series, lags), dx=interval, initial=0.0))


def relative_noise(lags: float, rows: int) -> float:
    r"""Return the standard error of a mean of the running integral over the second half of some lags, relative to it.

    .. math:: \sigma^2 = \frac{1}{5} \cdot \frac{4}{T} \cdot \frac{2 t}{3}

    for a window of lags up to t of a run of length T, both longer than the memory. A Gaussian process seen for T knows
    its correlation with the noise of R. Zwanzig and N. K. Ailawadi, Phys. Rev. 182, 280 (1969); summed over lags, as by
    R. E. Jones and K. K. Mandadapu, J. Chem. Phys. 136, 154102 (2012), that makes the integral to t a random walk of
    relative variance 4 t / T. Its mean from t / 2 to t has that of two thirds of t, and five components of the
    traceless stress are independent.

    Parameters
    ----------
    lags
        Those of the window, from none.
    rows
        Those of the run.
    """
    return float(np.sqrt(8.0 / 15.0 * lags / rows))


def least_ps(viscosity_mPa_s: float) -> float:
    """Return how long a run must be, whatever it seems to say.

    A run does not see what is slower than itself, so that the memory to reckon with is taken from elsewhere: liquids of
    small molecules remember stress for up to some 10 ps, viscous ones in proportion to their viscosity, on average for
    that divided by the modulus at infinite frequency (J. C. Maxwell, Phil. Trans. R. Soc. 157, 49 (1867)), which is of
    the order of 1 GPa (J. C. Dyre, Rev. Mod. Phys. 78, 953 (2006)).
    """
    return max(LEAST_PS, LEAST_PS_PER_MPA_S * viscosity_mPa_s)


def viscosity(time_ps: np.ndarray, stress: np.ndarray, temperature: float, volume: float) -> Viscosity:
    r"""Return the shear viscosity from the stress at constant volume.

    .. math:: \eta = \frac{V}{10 k_B T} \int_0^\infty \sum_{ab} \langle P_{ab}(0) P_{ab}(t) \rangle dt

    over the symmetric traceless part of the pressure tensor: P. J. Daivis and D. J. Evans, J. Chem. Phys. 100, 541
    (1994). The value is the mean over the second half of a window of lags, since noise grows with lag while the
    integral misses what lies beyond. Where to stop follows from the noise, as in the time decomposition of Y. Zhang,
    A. Otani and E. J. Maginn, J. Chem. Theory Comput. 11, 3537 (2015); that of one run is known (``relative_noise``).
    The window is a twentieth of the run, or the shortest of its half, its quarter, ... of which half would do as well:
    up to a fifth of the run, no later mean exceeds that of half the window by more than twice the noise of the
    difference. None is below a twentieth of the least length of a run (``least_ps``). The error is the noise, or the
    standard error over blocks if that is larger; to it comes, in squares, the noise of the rise to a window twice as
    long, in which as much may hide.

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
    shear = shear_components(stress) * np.sqrt(volume / (10.0 * BOLTZMANN_J_K * temperature) * BAR2_A3_PS_TO_MPA_S_J)
    parts = shear[: rows * BLOCKS].reshape(BLOCKS, rows, -1)
    blocks = np.array([running_integral(part, lags, interval) for part in parts])
    whole = running_integral(shear, 4 * lags, interval)
    shortest = least_ps(float(_mean(whole, lags))) / interval / (2 * BLOCKS)
    end, rise = _window(whole, len(shear), lags, shortest)
    each = _mean(blocks, end)
    value = float(each.mean())
    noise = max(float(_error(each)), abs(value) * relative_noise(end, len(shear)))
    return Viscosity(
        lag_ps=interval * np.arange(lags),
        integral_mPa_s=blocks.mean(axis=0),
        error_mPa_s=_error(blocks),
        window_ps=(interval * (end // 2), interval * (end - 1)),
        value=value,
        uncertainty=float(np.hypot(noise, value * _noise_of_rise(end, 2 * end, len(shear)))),
        rise=rise,
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


def _mean(integral: np.ndarray, end: int) -> np.ndarray:
    """Return the mean of running integrals over the second half of the lags before an end."""
    return np.asarray(integral[..., end // 2 : end].mean(axis=-1))


def _window(integral: np.ndarray, rows: int, longest: int, shortest: float) -> tuple[int, float]:
    """Return the lags of the shortest window half of which would do, or the longest, and the rise after its half."""
    ends = [longest]
    while ends[-1] // 2 >= max(shortest, 2.0):
        ends.append(ends[-1] // 2)
    rises = [_rise(integral, end // 2, rows) for end in ends]
    flat = [index for index, rise in enumerate(rises) if rise <= RISE]
    chosen = flat[-1] if flat else 0
    return ends[chosen], rises[chosen]


def _noise_of_rise(end: int, later: int, rows: int) -> float:
    """Return the standard error of the rise from one window to another, at least twice as long, relative to the value.

    The random walk of both is the same for three quarters of the first: 2/3 and 2/3, less twice 3/4 of the first.
    """
    return relative_noise(later - 1.25 * end, rows)


def _rise(integral: np.ndarray, end: int, rows: int) -> float:
    """Return the largest rise of a running integral from a window to those 2, 4, 8 ... times as long, in noises."""
    before = float(_mean(integral, end))
    if before <= 0:
        return np.inf
    longer = [end * 2**power for power in range(1, (len(integral) // end).bit_length())]
    return max((float(_mean(integral, each)) / before - 1.0) / _noise_of_rise(end, each, rows) for each in longer)
