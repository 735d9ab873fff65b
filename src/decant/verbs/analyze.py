"""Measurements of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from decant.analysis.analyze import analyze as measured
from decant.analysis.table import as_text, notes, rows
from decant.foundation.errors import InputError
from decant.foundation.ranks import ALONE, Ranks
from decant.foundation.settings import count, positive
from decant.foundation.shown import Facts
from decant.foundation.tables import starred
from decant.foundation.units import parse_length
from decant.simulation.run import Run
from decant.verbs.arguments import Location, checked, place


@dataclass(frozen=True)
class Value:
    """A measured value.

    Attributes
    ----------
    value, uncertainty, unit
        The uncertainty, one standard error, is None where the run is too short to know it.
    note
        Why it is no measurement; empty where it is one.
    """

    value: float
    uncertainty: float | None
    unit: str
    note: str = ""

    def __str__(self) -> str:
        return f"{starred(self.value, self.uncertainty, self.note)} {self.unit}".strip()


class Observables(Facts):
    """What was measured of a run: the content of ``observables.yaml``; `path` is the run.

    What could not be measured is None; the content says why.
    """

    @property
    def run(self) -> Run:
        """The run."""
        return Run.open(self.path)

    @property
    def density(self) -> Value | None:
        """Density, g/cm3."""
        return _value(self.get("density"))

    @property
    def diffusion(self) -> dict[str, Value]:
        """Self-diffusion of each species in the box of the run, 1e-5 cm2/s."""
        found = {name: entry for name, entry in self.get("diffusion", {}).items() if isinstance(entry, Mapping)}
        return {
            name: Value(
                entry["diffusion_1e-5_cm2_s"], entry["uncertainty_1e-5_cm2_s"], "1e-5 cm2/s", entry.get("note") or ""
            )
            for name, entry in found.items()
        }

    @property
    def viscosity(self) -> Value | None:
        """Shear viscosity of a run that wrote its stress."""
        return _value(self.get("viscosity"))

    @property
    def conductivity(self) -> Value | None:
        """Ionic conductivity with all correlations."""
        charges = self.get("conductivity") or {}
        return _value(charges.get("einstein"), charges.get("note"))

    def text(self) -> str:
        """Return what `decant analyze` prints."""
        return as_text(self.content)

    def rows(self) -> list[list[str]]:
        """Return the table."""
        return rows(self.content)

    def notes(self) -> list[str]:
        """Return every remark, and every observable that is missing."""
        return notes(self.content)

    def pictures(self) -> list[Path]:
        """Return the plots in the run directory."""
        return sorted(self.path.glob("*.png"))


def _value(entry: Any, note: str | None = None) -> Value | None:
    if not isinstance(entry, Mapping) or entry.get("value") is None:
        return None
    return Value(entry["value"], entry.get("uncertainty"), entry["unit"], note or entry.get("note") or "")


@checked(viscosity=positive, jobs=count(0))
def analyze(
    run: Location | Run,
    *,
    skip: str | None = None,
    viscosity: float | None = None,
    jobs: int = 0,
    ranks: Ranks = ALONE,
) -> Observables:
    """Measure a run: density, structure, diffusion, bonds, energy drift, ions, speed.

    Parameters
    ----------
    run
        Run, or its directory, into which ``observables.yaml``, plots and CSV files are written.
    skip
        Measure from this time on, such as ``"5ps"``; without it, the end of the equilibration is detected.
    viscosity
        Of the liquid, mPa s, for the Yeh-Hummer correction of diffusion.
    jobs
        Processes that read the trajectory; 0 takes as many as pay at its size.
    ranks
        Other MPI ranks that take part.

    Raises
    ------
    InputError
        If the directory is no run, or there is nothing to measure yet.
    """
    if ranks.others and jobs > 1:
        raise InputError(f"`jobs` {jobs}: under mpirun each rank is one worker; leave it out")
    skip_ps = None if skip is None else parse_length(skip, or_zero=True)
    folder = Path(place(run))
    return Observables(measured(folder, skip_ps, viscosity, 1 if ranks.others else jobs, ranks), folder)
