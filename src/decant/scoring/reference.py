"""What a score compares with: experiment, values of a file, or runs at a reference level."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from decant.analysis.observables import read_observables
from decant.analysis.reference_values import ERRORS, read_values
from decant.foundation.errors import InputError, nearest
from decant.foundation.settings import number, positive, text
from decant.molecules.electrolyte_measurements import measured_electrolyte
from decant.molecules.liquid import parse_liquid
from decant.molecules.measurements import Measurement, citation, measured
from decant.molecules.molecule import Molecule
from decant.molecules.solvents import known_name
from decant.scoring.quantity import Quantity, conductivity, density, diffusion, no_diffusion, transference
from decant.scoring.replicas import pooled

EXPERIMENT = "experiment"
# relative standard error of a value that comes without one: what tables of densities and of NMR diffusion differ by
ASSUMED = {"density": 0.005, "diffusion": 0.05, "conductivity": 0.05}
# relative change per K of organic liquids near room temperature: thermal expansion; an activation energy of 15 kJ/mol
PER_KELVIN = {"density": 0.001, "diffusion": 0.02, "conductivity": 0.02}
VALUES = ("density_g_cm3", "diffusion_1e-5_cm2_s", "conductivity_mS_cm", "cation_transference")
SILENT_K, FARTHEST_K = 2.0, 10.0
TRANSFERENCE_ERROR, TRANSFERENCE_PER_KELVIN = 0.05, 0.01  # absolute: it may be 0; methods differ by 0.05 and more
PRINTED_DENSITY_ERROR = 0.01  # g/cm3, of an electrolyte: that of printed coefficients of a fit
FARTHEST_BAR = 100.0  # compresses a liquid by about 1 %
SAME_K, SAME_BAR = 1.0, 10.0


@dataclass
class Reference:
    """Values to compare with.

    Attributes
    ----------
    name
        ``experiment``, the file, or the run directories.
    source
        Where the values come from.
    periodic
        Whether diffusion is that of a periodic box, to be compared without correction for its size.
    density
        g/cm3; None if there is none.
    diffusion
        1e-5 cm2/s by species.
    conductivity, transference
        mS/cm, and the transference number of the cation with the solvent at rest; None if there is none.
    missing
        Why there is no value, under ``density``, ``diffusion``, ``conductivity`` and ``transference``.
    notes
        What a reader must know.
    """

    name: str
    source: str = ""
    periodic: bool = False
    density: Quantity | None = None
    diffusion: dict[str, Quantity] = field(default_factory=dict)
    conductivity: Quantity | None = None
    transference: Quantity | None = None
    missing: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def take(self, what: str, value: Quantity, gap_K: float) -> Quantity | None:
        """Return a value for a temperature that is `gap_K` away from its own, or None and note why.

        It is not corrected for the gap: its uncertainty grows by what liquids change over it.
        """
        if gap_K > FARTHEST_K:
            self.missing[what] = f"measured {gap_K:.3g} K from the temperature of the run, at most {FARTHEST_K:g} count"
            return None
        if gap_K > SILENT_K:
            self.notes.append(f"{what} was measured {gap_K:.3g} K from the temperature of the run")
        if what == "transference":
            error = TRANSFERENCE_ERROR if value.uncertainty is None else value.uncertainty
            return Quantity(value.value, math.hypot(error, TRANSFERENCE_PER_KELVIN * gap_K))
        error = ASSUMED[what] * value.value if value.uncertainty is None else value.uncertainty
        return Quantity(value.value, math.hypot(error, PER_KELVIN[what] * gap_K * value.value))

    def tell(self, what: str, found: Measurement) -> None:
        """Say where an experimental value comes from, and if it was interpolated."""
        mixture = " + ".join(f"{name} {share:.3g}" for name, share in found.composition.items())
        of = f" of {mixture} (mole fractions)" if len(found.composition) > 1 else ""
        told = f"{what}{of} at {found.temperature_K:g} K: {citation(found.source)}"
        self.source += f"; {told}" if self.source else told
        if found.between is not None:
            low, high = found.between
            first = next(iter(found.composition))
            self.notes.append(
                f"{what} is interpolated linearly in the mole fraction of {first}, between measurements at {low:.3g} "
                f"and {high:.3g}"
            )


def read_reference(names: Sequence[str], run: Path, conditions: Mapping[str, Any]) -> Reference:
    """Return the reference for a run.

    Parameters
    ----------
    names
        ``experiment``, a YAML file, or one or more analysed run directories.
    run
        The run to be scored; it is left out of its own reference.
    conditions
        Of ``observables.yaml``: liquid, temperature_K and pressure_bar are used.

    Raises
    ------
    InputError
        If a name is none of these, several are given of which one is not a run, or the reference is of another
        liquid or was taken at other conditions.
    """
    if list(names) == [EXPERIMENT]:
        return experiment(conditions)
    if len(names) == 1 and Path(names[0]).is_file():
        return from_file(Path(names[0]), conditions)
    for name in names:
        if not Path(name).is_dir():
            problem = "goes alone" if name == EXPERIMENT or Path(name).exists() else "no such file or directory"
            hint = "" if name == EXPERIMENT else nearest(name, [EXPERIMENT])
            raise InputError(
                f"`reference` {name}: {problem}{hint}; expected experiment, a YAML or CSV file, or analysed runs"
            )
    others = [Path(name) for name in dict.fromkeys(names) if Path(name).resolve() != Path(run).resolve()]
    if not others:
        raise InputError(f"`reference` {names[0]}: is the run to be scored itself; give another run of that level")
    return from_runs(others, conditions)


def experiment(conditions: Mapping[str, Any]) -> Reference:
    """Return what was measured of a solvent, mixture or electrolyte at about its temperature and 1 bar."""
    reference = Reference(EXPERIMENT)
    if any(kind.charge for kind in _molecules(conditions)):
        return _electrolyte(reference, conditions)
    shares = _molecules(conditions)
    names = {known_name(kind): kind.name for kind in shares}
    composition = {name: sum(shares[kind] for kind in shares if known_name(kind) == name) for name in names}
    pressure, temperature_K = conditions.get("pressure_bar", 1.0), conditions["temperature_K"]
    for what in ("density", "diffusion"):
        found = measured(composition, what, temperature_K)
        if not isinstance(found, str) and abs(pressure - 1.0) > FARTHEST_BAR:
            found = f"measured at 1 bar, the run is at {pressure:g} bar"
        if isinstance(found, str):
            reference.missing[what] = found
            continue
        gap_K = abs(found.temperature_K - temperature_K)
        if found.density is not None and what == "density":
            reference.density = reference.take(what, Quantity(found.density), gap_K)
        elif what == "diffusion":
            for name, value in found.diffusion.items():
                if taken := reference.take(what, Quantity(value), gap_K):
                    reference.diffusion[names[name]] = taken
        if what not in reference.missing:
            reference.tell(what, found)
    reference.notes = list(dict.fromkeys(reference.notes))
    return reference


def _electrolyte(reference: Reference, conditions: Mapping[str, Any]) -> Reference:
    """Fill in what was measured of an electrolyte; of the self-diffusion of its species decant has no table."""
    liquid, temperature_K = parse_liquid(conditions["liquid"]), conditions["temperature_K"]
    reference.missing["diffusion"] = "decant knows no experimental diffusion of electrolytes"
    for what in ("density", "conductivity", "transference"):
        found = measured_electrolyte(liquid, what, temperature_K)
        if not isinstance(found, str) and abs(conditions.get("pressure_bar", 1.0) - 1.0) > FARTHEST_BAR:
            found = f"measured at 1 bar, the run is at {conditions['pressure_bar']:g} bar"
        if isinstance(found, str):
            reference.missing[what] = found
            continue
        error = PRINTED_DENSITY_ERROR if what == "density" else None
        value = Quantity(getattr(found, what), error)
        setattr(reference, what, reference.take(what, value, abs(found.temperature_K - temperature_K)))
        if what not in reference.missing:
            told = f"{what} at {found.molality:.3g} mol/kg and {found.temperature_K:g} K: {citation(found.source)}"
            reference.source += f"; {told}" if reference.source else told
            if found.between is not None:
                low, high = found.between
                reference.notes.append(f"{what} is interpolated linearly between {low:.3g} and {high:.3g} mol/kg")
    reference.notes = list(dict.fromkeys(reference.notes))
    return reference


def from_file(path: Path, conditions: Mapping[str, Any]) -> Reference:
    """Return the values of a file of one liquid, as `decant.analysis.reference_values.read_values` reads it.

    ``temperature_K``, where given, is compared with that of the run. A value without uncertainty gets one of 0.5 %
    (density) or 5 % (diffusion).
    """
    contents = read_values(path)
    if len(contents) != 1:
        raise InputError(f"{path}: has {len(contents)} rows; a score takes one: give a file with that row alone")
    content = contents[0]
    if not content.keys() & set(VALUES):
        raise InputError(f"{path}: expected at least one of {', '.join(VALUES)}")
    reference = Reference(str(path), _read(path, content, "source", text) or "")
    temperature = _read(path, content, "temperature_K", positive) or conditions["temperature_K"]
    gap = abs(temperature - conditions["temperature_K"])
    value = _read(path, content, "density_g_cm3", positive)
    if value is None:
        reference.missing["density"] = f"{path} has none"
    else:
        error = _read(path, content, "density_uncertainty_g_cm3", _error)
        reference.density = reference.take("density", Quantity(value, error), gap)
    species = [kind.name for kind in _molecules(conditions)]
    values = _read_species(path, content, "diffusion_1e-5_cm2_s", species, positive)
    errors = _read_species(path, content, "diffusion_uncertainty_1e-5_cm2_s", species, _error)
    if not values:
        reference.missing["diffusion"] = f"{path} has none"
    for name, value in values.items():
        if taken := reference.take("diffusion", Quantity(value, errors.get(name)), gap):
            reference.diffusion[name] = taken
    for what, key in (("conductivity", "conductivity_mS_cm"), ("transference", "cation_transference")):
        if (value := _read(path, content, key, number)) is not None:
            error = _read(path, content, ERRORS[key], _error)
            setattr(reference, what, reference.take(what, Quantity(value, error), gap))
    reference.notes = list(dict.fromkeys(reference.notes))
    return reference


def from_runs(paths: Sequence[Path], conditions: Mapping[str, Any]) -> Reference:
    """Return the observables of completed runs of the same liquid, pooled over them."""
    summaries = [read_observables(path) for path in paths]
    for path, summary in zip(paths, summaries, strict=True):
        _require_same(path, summary, conditions)
    potentials = dict.fromkeys(str(summary["conditions"].get("potential", "?")) for summary in summaries)
    source = f"{len(paths)} run{'s' if len(paths) > 1 else ''} of {', '.join(potentials)}"
    reference = Reference(", ".join(map(str, paths)), source, periodic=True)
    densities = [density(summary) for summary in summaries]
    known = [one for one in densities if isinstance(one, Quantity)]
    if known:
        reference.density = pooled(known)
    else:
        reference.missing["density"] = str(densities[0])
    for what, read in (("conductivity", conductivity), ("transference", transference)):
        if ionic := [one for summary in summaries if isinstance(one := read(summary), Quantity)]:
            setattr(reference, what, pooled(ionic))
    measured = [diffusion(summary, corrected=False) for summary in summaries]
    for name in (kind.name for kind in _molecules(conditions)):
        if values := [value for one in measured if isinstance(value := one.get(name), Quantity)]:
            reference.diffusion[name] = pooled(values)
        else:
            reference.missing["diffusion"] = f"{name}: {measured[0].get(name) or no_diffusion(summaries[0])}"
    return reference


def _molecules(conditions: Mapping[str, Any]) -> dict[Molecule, float]:
    """Return the molecules of a liquid with their mole fractions."""
    counts: dict[Molecule, int] = {}
    for kind, count in parse_liquid(conditions["liquid"]):
        counts[kind] = counts.get(kind, 0) + count
    return {kind: count / sum(counts.values()) for kind, count in counts.items()}


def _require_same(path: Path, summary: Mapping[str, Any], conditions: Mapping[str, Any]) -> None:
    """Refuse a reference run that did not complete, or is of another liquid, temperature or pressure."""
    state, own = summary.get("status", {}).get("state"), summary.get("conditions", {})
    if state != "completed":
        raise InputError(f"{path}: is {state}; a reference must be a completed run")
    if own.get("ensemble") != "npt":
        raise InputError(f"{path}: ensemble {own.get('ensemble')}; a reference needs constant pressure (npt)")
    here, there = _molecules(conditions), _molecules(own)
    if here.keys() != there.keys() or any(abs(here[kind] - there[kind]) > 0.01 for kind in here):
        raise InputError(f"{path}: is of {own['liquid']}; expected {conditions['liquid']} of the run to be scored")
    for key, limit in (("temperature_K", SAME_K), ("pressure_bar", SAME_BAR)):
        if abs(own[key] - conditions[key]) > limit:
            raise InputError(f"{path}: has {key} {own[key]:g}; expected {conditions[key]:g} of the run to be scored")


def _error(value: Any) -> float:
    """Return a standard error: a number from 0 on."""
    if number(value) < 0:
        raise InputError(f"expected a number from 0 on, not {value!r}")
    return float(value)


def _read(path: Path, content: Mapping[str, Any], key: str, read: Any) -> Any:
    """Return a value of a reference file, or None if it is not there."""
    if key not in content:
        return None
    try:
        return read(content[key])
    except InputError as error:
        raise InputError(f"{path}: {key}: {error}") from error


def _read_species(
    path: Path, content: Mapping[str, Any], key: str, species: Sequence[str], read: Any
) -> dict[str, float]:
    """Return the values of a mapping by species; empty if it is not there."""
    values = content.get(key, {})
    if not isinstance(values, dict):
        raise InputError(f"{path}: {key}: expected a mapping of species to values, for example {species[0]}: 1.2")
    for name in values:
        if name not in species:
            raise InputError(
                f"{path}: {key}: '{name}' is not in the run{nearest(str(name), species)}; it has {', '.join(species)}"
            )
    return {name: _read(path, values, name, read) for name in values}
