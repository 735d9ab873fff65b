"""Mean of a correlated time series, with equilibration taken off and an uncertainty that is honest about length."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import ModuleType
from typing import Any

import numpy as np

from decant.foundation.errors import InputError

# Fewer uncorrelated samples than this and the statistical inefficiency itself is a guess, so no error bar is given.
LEAST_EFFECTIVE_SAMPLES = 10
LEAST_SAMPLES = 10
# Where equilibration could end is tried at about this many places.
ORIGINS = 100
# It ends at the first of them whose rest has this share of the most effective samples that any has. Over origins of a
# series that is short beside its memory, the most is largely chance: taking that one understates errors by 2 to 4.
ENOUGH = 0.5
# Means of so many parts of the series see motions that ringing hides from its autocorrelation, as a barostat's does.
BLOCKS = 5


@dataclass(frozen=True)
class Average:
    """Mean of a time series over its equilibrated part.

    Attributes
    ----------
    value, uncertainty, unit
        Mean and its standard error; the error is None where the series is too short to know it (`note` says so).
    standard_deviation
        Spread of single samples, in `unit`; where they are too few for an uncertainty, not less than that of the later
        half of the series: ten neighbours in time are alike, also on a slope.
    equilibrated_after_ps
        Time at which the equilibrated part begins.
    statistical_inefficiency
        g: number of samples that count as one uncorrelated sample, by the uncertainty.
    effective_samples
        Samples in the equilibrated part over g.
    samples
        Samples in the equilibrated part.
    note
        What a reader must know before trusting the number; empty if nothing.
    """

    value: float
    uncertainty: float | None
    unit: str
    standard_deviation: float
    equilibrated_after_ps: float
    statistical_inefficiency: float
    effective_samples: float
    samples: int
    note: str

    def summary(self) -> dict[str, Any]:
        """Return the fields for ``observables.yaml``."""
        return {key: value for key, value in asdict(self).items() if value != ""}


def temperature_held(thermo: Mapping[str, np.ndarray], ensemble: str, asked_K: float, from_ps: float = 0.0) -> float:
    """Return the temperature of a run from a time on, K: that of its thermostat or, in NVE, which has none, the mean.

    The energy that a small box has when its thermostat ends may be that of some per cent more or less.

    Parameters
    ----------
    thermo
        Columns of the thermo output; ``time_ps`` and ``temperature_K`` are used.
    ensemble, asked_K
        Of the run, K.
    from_ps
        First time to take.
    """
    late = thermo["time_ps"] >= from_ps - 1e-9
    return float(thermo["temperature_K"][late].mean()) if ensemble == "nve" and late.any() else asked_K


def timeseries() -> ModuleType:
    """Return `pymbar.timeseries`, imported without its banner about JAX."""
    logging.getLogger("pymbar").setLevel(logging.ERROR)
    from pymbar import timeseries

    return timeseries


def average(time_ps: np.ndarray, values: np.ndarray, unit: str, detect: bool = True) -> Average:
    """Average a correlated time series.

    The standard error is the larger one of two: ``standard_deviation * sqrt(g / samples)`` with the statistical
    inefficiency g of the autocorrelation (Chodera et al., J. Chem. Theory Comput. 3, 26 (2007)), and that of the means
    of five blocks (Flyvbjerg and Petersen, J. Chem. Phys. 91, 461 (1989)). Equilibration ends in the first half, at the
    first place that leaves half of the effective samples there could be, which Chodera (J. Chem. Theory Comput. 12,
    1799 (2016)) maximises. Where the slowest motion is as long as the series, the error is too small still: no method
    can see that from inside.

    Parameters
    ----------
    time_ps, values
        The series, shape (samples,).
    unit
        Unit of `values`.
    detect
        Detect equilibration; otherwise take the whole series.

    Raises
    ------
    InputError
        If fewer than 10 samples are finite.
    """
    good = np.isfinite(values)
    time_ps, values = np.asarray(time_ps, dtype=float)[good], np.asarray(values, dtype=float)[good]
    if len(values) < LEAST_SAMPLES:
        raise InputError(f"only {len(values)} samples in time, at least {LEAST_SAMPLES} are needed for a mean")
    if np.ptp(values) <= 1e-9 * max(abs(values.mean()), 1e-300):
        return Average(float(values[0]), 0.0, unit, 0.0, float(time_ps[0]), 1.0, float(len(values)), len(values), "")
    first, best, late = _equilibrated(values) if detect else (0, 0, False)
    kept = values[first:]
    deviation = float(kept.std(ddof=1))
    inefficiency = max(_inefficiency(kept), _block_inefficiency(kept))
    effective = len(kept) / inefficiency
    note = ""
    if effective < LEAST_EFFECTIVE_SAMPLES:
        first, kept = best, values[best:]  # it may drift: what came last is nearer to where it goes
        inefficiency, deviation = len(kept) / effective, float(kept.std(ddof=1))
        deviation = max(deviation, float(values[len(values) // 2 :].std(ddof=1)))
        note = (
            f"too short for an uncertainty: about {effective:.1f} uncorrelated samples, "
            f"at least {LEAST_EFFECTIVE_SAMPLES} are needed"
        )
    elif late:
        note = "equilibration took more than half of the run; it may still drift"
    return Average(
        value=float(kept.mean()),
        uncertainty=None if effective < LEAST_EFFECTIVE_SAMPLES else deviation / np.sqrt(effective).item(),
        unit=unit,
        standard_deviation=deviation,
        equilibrated_after_ps=float(time_ps[first]),
        statistical_inefficiency=inefficiency,
        effective_samples=float(effective),
        samples=len(kept),
        note=note,
    )


def _equilibrated(values: np.ndarray) -> tuple[int, int, bool]:
    """Return where equilibration ends, where the best rest begins, and whether that is only in the second half."""
    origins = np.arange(0, len(values) - LEAST_SAMPLES + 1, max(1, len(values) // ORIGINS))
    effective = np.array([(len(values) - origin) / _inefficiency(values[origin:], fast=True) for origin in origins])
    early = origins <= len(values) // 2
    first = int(origins[effective >= ENOUGH * effective[early].max()][0])
    return first, int(origins[early][effective[early].argmax()]), bool(origins[effective.argmax()] > len(values) / 2)


def _inefficiency(values: np.ndarray, fast: bool = False) -> float:
    """Return the statistical inefficiency by the autocorrelation: 1 of a constant."""
    return float(timeseries().statistical_inefficiency(values, fast=fast)) if np.ptp(values) > 0 else 1.0


def _block_inefficiency(values: np.ndarray) -> float:
    """Return the statistical inefficiency by the means of blocks: 0 of a constant."""
    size = len(values) // BLOCKS
    means = values[len(values) - size * BLOCKS :].reshape(BLOCKS, size).mean(axis=1)
    variance = float(values.var(ddof=1))
    return size * float(means.var(ddof=1)) / variance if variance > 0 else 0.0
