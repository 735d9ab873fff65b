"""Measured density, self-diffusion and viscosity of liquids at about 1 bar, each with its paper or handbook."""

from __future__ import annotations

import functools
import importlib.resources
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from decant.foundation.files import parse_yaml
from decant.molecules.solvents import solvent_table

ROOM_K = 298.15
SAME_COMPOSITION = 0.01
"""Mole fractions so near are the same: 0.3 % of the density of EC + EMC."""


@dataclass(frozen=True)
class Measurement:
    """What one source says of a liquid at one temperature.

    Attributes
    ----------
    composition
        Mole fraction by solvent.
    temperature_K
        In K.
    source
        Key of `sources`.
    density
        g/cm3, or None.
    viscosity
        mPa s, or None.
    diffusion
        Self-diffusion coefficient by species, 1e-5 cm2/s; empty if there is none.
    between
        Mole fractions of the first solvent that it was interpolated between; None if it was measured as it is.
    """

    composition: Mapping[str, float]
    temperature_K: float
    source: str
    density: float | None = None
    viscosity: float | None = None
    diffusion: Mapping[str, float] = field(default_factory=dict)
    between: tuple[float, float] | None = None

    def has(self, what: str) -> bool:
        """Return whether there is a density, viscosity or diffusion, whichever is asked for."""
        return bool(getattr(self, what))


@functools.cache
def sources() -> dict[str, dict[str, Any]]:
    """Return the papers and handbooks by key, as in ``sources.yaml``."""
    return dict(_read("sources.yaml"))


def citation(key: str) -> str:
    """Return a source as one cites it."""
    source = sources()[key]
    edition = [source[part] for part in ("edition", "publisher") if part in source]
    numbers = ", ".join(str(source[part]) for part in ("year", "volume", "pages") if part in source)
    doi = [f"doi:{source['doi']}"] if "doi" in source else []
    how = f" ({source['how']})" if "how" in source else ""
    return ", ".join([source["authors"], source["in"], *edition]) + f" {', '.join([numbers, *doi])}{how}"


@functools.cache
def measurements() -> tuple[Measurement, ...]:
    """Return every measurement of ``solvents.yaml`` and ``mixtures.yaml``."""
    neat = [
        _measurement({name: 1.0}, row) for name, entry in solvent_table().items() for row in entry.get("measured", ())
    ]
    mixed = [_measurement(entry["composition"], row) for entry in _read("mixtures.yaml") for row in entry["measured"]]
    return (*neat, *mixed)


def measured(composition: Mapping[str, float], what: str, temperature_K: float) -> Measurement | str:
    """Return what was measured of a liquid at the nearest temperature, or why there is nothing.

    A measurement within `SAME_COMPOSITION` of every mole fraction is one of the liquid. Between two compositions of one
    source and one temperature, it is interpolated linearly in the mole fraction; nothing is extrapolated.

    Parameters
    ----------
    composition
        Mole fraction by solvent.
    what
        density, viscosity or diffusion.
    temperature_K
        In K; how far the measurement may be from it is for the caller to say.
    """
    known = [one for one in measurements() if one.has(what) and one.composition.keys() <= composition.keys()]
    found = [one for one in known if _same(one.composition, composition)] + list(_between(known, composition, what))
    if found:
        return min(found, key=lambda one: (abs(one.temperature_K - temperature_K), one.between is not None))
    names = " + ".join(composition)
    mixed = [one for one in known if len(one.composition) == len(composition)]
    if not mixed:
        return f"decant knows no experimental {what} of {names}"
    first = next(iter(composition))
    ends = [_share(one, first) for one in known if any(one.source == other.source for other in mixed)]
    return (
        f"decant knows an experimental {what} of {names} for mole fractions of {first} from {min(ends):.3g} to "
        f"{max(ends):.3g}, not for {composition[first]:.3g}"
    )


def _between(known: Iterable[Measurement], composition: Mapping[str, float], what: str) -> Iterator[Measurement]:
    """Yield what follows for a binary mixture from two compositions of a source and temperature that enclose it."""
    if len(composition) != 2:
        return
    first = next(iter(composition))
    share = composition[first]

    def series(one: Measurement) -> tuple[str, float]:
        return one.source, one.temperature_K

    for (source, temperature_K), group in groupby(sorted(known, key=series), key=series):
        ordered = sorted(group, key=lambda one: _share(one, first))
        below = [one for one in ordered if _share(one, first) < share]
        above = [one for one in ordered if _share(one, first) > share]
        if below and above:
            ends = _share(below[-1], first), _share(above[0], first)
            weight = (share - ends[0]) / (ends[1] - ends[0])
            value = _interpolated(below[-1], above[0], weight, what)
            if value:
                yield Measurement(composition, temperature_K, source, between=ends, **{what: value})


def _interpolated(low: Measurement, high: Measurement, weight: float, what: str) -> Any:
    """Return a value, or values by the species that both have."""
    if what != "diffusion":
        return (1 - weight) * getattr(low, what) + weight * getattr(high, what)
    common = [name for name in low.diffusion if name in high.diffusion]
    return {name: (1 - weight) * low.diffusion[name] + weight * high.diffusion[name] for name in common}


def _same(one: Mapping[str, float], other: Mapping[str, float]) -> bool:
    return all(abs(one.get(name, 0.0) - other.get(name, 0.0)) <= SAME_COMPOSITION for name in {*one, *other})


def _share(one: Measurement, name: str) -> float:
    return one.composition.get(name, 0.0)


def _measurement(composition: Mapping[str, float], row: Mapping[str, Any]) -> Measurement:
    return Measurement(
        composition,
        row["temperature_K"],
        row["source"],
        row.get("density_g_cm3"),
        row.get("viscosity_mPa_s"),
        row.get("diffusion_1e-5_cm2_s", {}),
    )


def _read(name: str) -> Any:
    return parse_yaml(importlib.resources.files("decant").joinpath("molecules", name).read_text(encoding="utf-8"))
