"""Density and diffusion of an analysed run as values with uncertainties, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

DIFFUSION, DIFFUSION_UNCERTAINTY = "diffusion_1e-5_cm2_s", "uncertainty_1e-5_cm2_s"
CORRECTED, CORRECTION = "diffusion_corrected_1e-5_cm2_s", "yeh_hummer_correction_at_1_mPa_s_1e-5_cm2_s"


@dataclass(frozen=True)
class Quantity:
    """A value and its standard error.

    Attributes
    ----------
    value
        In any unit.
    uncertainty
        In the same unit; None where nothing is known of it.
    """

    value: float
    uncertainty: float | None = None


def density(summary: Mapping[str, Any]) -> Quantity | str:
    """Return the density of a run, g/cm3, or why there is none.

    Where the run has too few uncorrelated samples for a standard error, the spread of single samples stands for it:
    as if there were one.
    """
    entry = summary.get("density") or {}
    if entry.get("value") is None:
        return str(entry.get("not_available") or _nothing(summary))
    uncertainty = entry.get("uncertainty")
    return Quantity(entry["value"], entry.get("standard_deviation") if uncertainty is None else uncertainty)


def diffusion(summary: Mapping[str, Any], corrected: bool) -> dict[str, Quantity | str]:
    """Return the self-diffusion of each species of a run, 1e-5 cm2/s, or why there is none.

    A value with a note (not diffusive, an uncertainty of more than half of it, too few molecules) is not a
    measurement.

    Parameters
    ----------
    summary
        Content of ``observables.yaml``.
    corrected
        For comparison with an infinite liquid: the value with the Yeh-Hummer correction. Where the analysis knew no
        viscosity, the correction for 1 mPa s is added to the uncertainty instead, in squares.
    """
    found: dict[str, Quantity | str] = {}
    for species, entry in (summary.get("diffusion") or {}).items():
        if isinstance(entry, Mapping):
            value, uncertainty = entry.get(DIFFUSION), entry.get(DIFFUSION_UNCERTAINTY)
            if entry.get("note") or value is None or uncertainty is None or value <= 0:
                found[species] = str(entry.get("note") or "no value with an uncertainty")
            elif corrected and CORRECTED in entry:
                found[species] = Quantity(entry[CORRECTED], uncertainty)
            else:
                unknown = entry.get(CORRECTION, 0.0) if corrected else 0.0
                found[species] = Quantity(value, float(np.hypot(uncertainty, unknown)))
    return found


def conductivity(summary: Mapping[str, Any]) -> Quantity | str:
    """Return the conductivity of a run with all correlations, mS/cm, or why there is none."""
    return _noted(summary.get("conductivity") or {}, "einstein", summary)


def transference(summary: Mapping[str, Any]) -> Quantity | str:
    """Return the transference number of the cation of a run with the solvent at rest, or why there is none."""
    motion = summary.get("onsager") or {}
    entry = motion.get("cation_transference") or {}
    return _noted(
        {**entry, "note": motion.get("note"), "not_available": motion.get("not_available")}, "solvent", summary
    )


def _noted(entry: Mapping[str, Any], key: str, summary: Mapping[str, Any]) -> Quantity | str:
    """Return a value; one with a note is not a measurement."""
    found = entry.get(key)
    if entry.get("note") or not isinstance(found, Mapping) or found.get("uncertainty") is None:
        return str(entry.get("note") or entry.get("not_available") or _nothing(summary))
    return Quantity(found["value"], found["uncertainty"])


def no_diffusion(summary: Mapping[str, Any]) -> str:
    """Return why a run has no diffusion of a species that `diffusion` does not name."""
    return str((summary.get("diffusion") or {}).get("not_available") or _nothing(summary))


def _nothing(summary: Mapping[str, Any]) -> str:
    return str((summary.get("production") or {}).get("not_available") or "not among the observables")
