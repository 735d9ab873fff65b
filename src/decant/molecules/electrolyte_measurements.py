"""Measured conductivity, transference number and density of electrolytes, each with its paper."""

from __future__ import annotations

import functools
import importlib.resources
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from decant.foundation.files import parse_yaml
from decant.molecules.molecule import Molecule
from decant.molecules.salts import salts
from decant.molecules.solvents import known_name

SAME_SOLVENTS = 0.015
"""Mole fractions among the solvents so near are the same: as near as whole numbers of some 35 molecules come to a ratio
by mass; 0.4 % of the density of EC + EMC."""
SAME_MOLALITY = 0.02
"""Of its own: the number of formula units of a small box is no finer."""
QUANTITIES = {"density": "density_g_cm3", "conductivity": "conductivity_mS_cm", "transference": "cation_transference"}


@dataclass(frozen=True)
class ElectrolyteMeasurement:
    """What one source says of an electrolyte at one temperature and concentration.

    Attributes
    ----------
    solvents
        Mole fraction of each solvent among the solvents.
    salt
        Its name.
    molality
        mol of it in a kg of the solvents.
    temperature_K
        In K.
    source
        Key of `decant.molecules.measurements.sources`.
    density, conductivity, transference
        g/cm3, mS/cm, and the transference number of the cation with the solvent at rest; None where there is none.
    between
        Molalities that it was interpolated between; None if it was measured as it is.
    """

    solvents: dict[str, float]
    salt: str
    molality: float
    temperature_K: float
    source: str
    density: float | None = None
    conductivity: float | None = None
    transference: float | None = None
    between: tuple[float, float] | None = None


@functools.cache
def electrolyte_measurements() -> tuple[ElectrolyteMeasurement, ...]:
    """Return every measurement of ``electrolytes.yaml``."""
    text = importlib.resources.files("decant").joinpath("molecules", "electrolytes.yaml").read_text(encoding="utf-8")
    return tuple(
        ElectrolyteMeasurement(
            entry["composition"], entry["salt"], row["molality"], row["temperature_K"], row["source"],
            **{name: row.get(key) for name, key in QUANTITIES.items()},
        )
        for entry in parse_yaml(text)
        for row in entry["measured"]
    )  # fmt: skip


def dissolved_salt(liquid: Sequence[tuple[Molecule, int]]) -> tuple[dict[str, float], str, float] | None:
    """Return the mole fractions of the solvents of a liquid, its salt, and its molality; None if it is no such liquid.

    Parameters
    ----------
    liquid
        Molecules and their numbers: solvents, with one cation and one anion that are a neutral salt together.
    """
    solvents, numbers = Counter[str](), Counter[str]()  # either may stand several times in a liquid
    for kind, count in liquid:
        (numbers if kind.charge else solvents)[known_name(kind)] += count
    mass = sum(kind.molar_mass * count for kind, count in liquid if not kind.charge)
    for one in salts().values():
        if numbers.keys() == {one.cation.name, one.anion.name} and mass:
            units = numbers[one.cation.name] / one.cations
            if units == numbers[one.anion.name] / one.anions:
                fractions = {name: count / solvents.total() for name, count in solvents.items()}
                return fractions, one.name, 1000 * units / mass
    return None


def measured_electrolyte(
    liquid: Sequence[tuple[Molecule, int]], what: str, temperature_K: float
) -> ElectrolyteMeasurement | str:
    """Return what was measured of an electrolyte at the nearest temperature, or why there is nothing.

    Between two molalities of one source and temperature, values are interpolated linearly; nothing is extrapolated.

    Parameters
    ----------
    liquid
        Molecules and their numbers.
    what
        density, conductivity or transference.
    temperature_K
        In K; how far the measurement may be from it is for the caller to say.
    """
    found = dissolved_salt(liquid)
    if found is None:
        return f"decant knows no experimental {what} of {' + '.join(kind.name for kind, _ in liquid)}"
    solvents, salt, molality = found
    known = [
        one
        for one in electrolyte_measurements()
        if getattr(one, what) is not None
        and one.salt == salt
        and one.solvents.keys() == solvents.keys()
        and all(abs(one.solvents[name] - share) <= SAME_SOLVENTS for name, share in solvents.items())
    ]
    if not known:
        mixture = " + ".join(f"{name} {share:.3g}" for name, share in solvents.items())
        return f"decant knows no experimental {what} of {salt} in {mixture} (mole fractions)"
    near = list(_at(known, molality, what))
    if not near:
        ends = [one.molality for one in known]
        return (
            f"decant knows an experimental {what} of {salt} from {min(ends):.3g} to {max(ends):.3g} mol/kg, not for "
            f"{molality:.3g}"
        )
    return min(near, key=lambda one: (abs(one.temperature_K - temperature_K), one.between is not None))


def _at(
    known: Sequence[ElectrolyteMeasurement], molality: float, what: str
) -> Iterator[ElectrolyteMeasurement]:  # fmt: skip
    """Yield what each source says of a molality at each temperature."""

    def series(one: ElectrolyteMeasurement) -> tuple[str, float]:
        return one.source, one.temperature_K

    for (source, temperature_K), group in groupby(sorted(known, key=series), key=series):
        rows = sorted(group, key=lambda one: one.molality)
        nearest = min(rows, key=lambda one: abs(one.molality - molality))
        if abs(nearest.molality - molality) <= SAME_MOLALITY * molality:
            yield nearest
        elif rows[0].molality < molality < rows[-1].molality:
            upper = next(number for number, one in enumerate(rows) if one.molality > molality)
            low, high = rows[upper - 1], rows[upper]
            ends = (low.molality, high.molality)
            value = float(np.interp(molality, ends, (getattr(low, what), getattr(high, what))))
            yield ElectrolyteMeasurement(
                low.solvents, low.salt, molality, temperature_K, source, between=ends, **{what: value}
            )
