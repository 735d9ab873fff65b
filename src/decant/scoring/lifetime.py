"""How long a run stayed a liquid of whole molecules, whether or not a guard stopped it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from decant.simulation.run import Run

COMPLETED = "completed"
BROKE, TOO_NEAR = "broke, no guard", "came too near, no guard"
EXPANDED, COMPRESSED = 2.0 / 3.0, 3.0 / 2.0
"""Shares of its density beyond which a system is no longer the liquid: liquids boil before they expand so far."""


@dataclass(frozen=True)
class Lifetime:
    """How long a run was physical.

    Attributes
    ----------
    asked_ps
        Equilibration and production that were asked for.
    physical_ps
        Until what ended it, counted from the start of the equilibration.
    ended_by
        What that was; "completed" if nothing did.
    """

    asked_ps: float
    physical_ps: float
    ended_by: str

    @property
    def share(self) -> float:
        """Physical over asked time, from 0 to 1."""
        return self.physical_ps / self.asked_ps


def lifetime(run: Run, summary: Mapping[str, Any], density: float | None) -> Lifetime:
    """Return how long a run was physical.

    It ends with the first of: a guard; a bond beyond the limit of `decant.analysis.bonds` (the guard allows the
    longest kind of bond, so a C-H bond can break unseen by it); two molecules nearer than any are in a liquid, as
    `decant.analysis.contacts` has it; the density leaving 2/3 to 3/2 of that of the liquid and never coming back.

    Parameters
    ----------
    run
        Completed or stopped.
    summary
        Content of its ``observables.yaml``.
    density
        Of the liquid, g/cm3; None takes that of the start.
    """
    before = run.description.equilibration_ps
    asked = before + run.description.production_ps
    status, bonds, contacts = summary["status"], summary.get("bonds") or {}, summary.get("contacts") or {}
    endings = [(asked, COMPLETED)]
    if status["state"] == "stopped":
        endings.append((run.description.stopped_ps(status), f"guard '{status.get('guard', '?')}'"))
    if bonds.get("first_broken_ps") is not None:
        endings.append((before + bonds["first_broken_ps"], f"bond {bonds.get('first_broken_bond')} {BROKE}"))
    if contacts.get("first_impossible_ps") is not None:
        met = f"{contacts.get('first_impossible')} {TOO_NEAR}"
        endings.append((before + contacts["first_impossible_ps"], met))
    density = density or run.description.start_density_g_cm3
    phases = [thermo for thermo in (run.thermo("equilibration"), run.thermo()) if thermo]
    if density and phases:
        time, trace = (np.concatenate([phase[name] for phase in phases]) for name in ("time_ps", "density_g_cm3"))
        left = left_for_good(time, trace / density)
        if left is not None:
            endings.append((before + left, "the density left that of the liquid, no guard"))
    physical, ended_by = min(endings, key=lambda ending: ending[0])
    return Lifetime(asked, float(np.clip(physical, 0.0, asked)), ended_by)


def kind_of_end(ended_by: str) -> str:
    """Return what ended a run without the atoms that are named, so that runs that ended alike can be counted."""
    alike = {BROKE: f"a bond {BROKE}", TOO_NEAR: f"two molecules {TOO_NEAR}"}
    return next((kind for end, kind in alike.items() if ended_by.endswith(end)), ended_by)


def left_for_good(time_ps: np.ndarray, share: np.ndarray) -> float | None:
    """Return when the density left that of the liquid for good, ps; None if it is there at the end.

    Parameters
    ----------
    time_ps
        Shape (rows,).
    share
        Density over that of the liquid, shape (rows,).
    """
    inside = np.flatnonzero((share > EXPANDED) & (share < COMPRESSED))
    first_outside = inside[-1] + 1 if len(inside) else 0
    return float(time_ps[first_outside]) if first_outside < len(share) else None
