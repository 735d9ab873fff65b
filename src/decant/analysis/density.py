"""Density of a liquid at constant pressure."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from decant.analysis.averages import Average, average
from decant.foundation.errors import InputError

UNIT = "g/cm3"


def density(thermo: Mapping[str, np.ndarray], skip_ps: float | None = None) -> Average:
    """Average the density over the equilibrated part of a run.

    Parameters
    ----------
    thermo
        Columns of the thermo output; ``time_ps`` and ``density_g_cm3`` are used.
    skip_ps
        Take everything from this time on; None detects where equilibration ends.

    Returns
    -------
    Average
        In g/cm3.

    Raises
    ------
    InputError
        If there are too few samples.
    """
    for key in ("time_ps", "density_g_cm3"):
        if key not in thermo:
            raise InputError(f"the thermo output has no {key}")
    time = np.asarray(thermo["time_ps"], dtype=float)
    kept = time >= (0.0 if skip_ps is None else skip_ps) - 1e-9
    return average(time[kept], np.asarray(thermo["density_g_cm3"], dtype=float)[kept], UNIT, detect=skip_ps is None)
