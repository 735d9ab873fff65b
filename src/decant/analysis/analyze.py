"""Measure a run: from trajectory and thermo output to ``observables.yaml``, plots, and a CSV beside each plot."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from decant.analysis import plots
from decant.analysis.averages import Average, average, temperature_held
from decant.analysis.bonds import BondIntegrity
from decant.analysis.conductivity import Conductivity, IonicConductivity, has_ions
from decant.analysis.contacts import Contacts
from decant.analysis.density import density
from decant.analysis.dielectric import Dielectric, DielectricConstant, has_charges
from decant.analysis.diffusion import Diffusion, SelfDiffusion
from decant.analysis.electrolyte_plots import plot_conductivity, plot_solvation
from decant.analysis.energy_drift import conserved_energy, energy_drift
from decant.analysis.frames import Observable, Readers, checked, gather
from decant.analysis.observables import OBSERVABLES, plain
from decant.analysis.on_the_fly import BAROSTAT, NOTE, element_rdfs, species_diffusion
from decant.analysis.onsager import Onsager, onsager
from decant.analysis.performance import performance
from decant.analysis.rdf import Rdf, centre_rdfs, site_rdfs
from decant.analysis.solvation import CationShells, Solvation, survival_columns
from decant.analysis.structures import BROKEN, COLLIDED, SHELLS, plot_structures, worth_a_look, write_structures
from decant.analysis.viscosity import Viscosity, run_viscosity
from decant.foundation.errors import InputError
from decant.foundation.files import write_yaml
from decant.foundation.machine import available_cores
from decant.foundation.ranks import ALONE, Ranks
from decant.foundation.structure import Structure
from decant.foundation.tables import write_csv
from decant.lammps.observe import TRAJECTORIES
from decant.simulation.run import Run

if TYPE_CHECKING:
    from MDAnalysis import Universe

Result = TypeVar("Result")
Planned = dict[str, tuple[Observable[Any] | None, Any]]
"""What is to be measured by name, each with itself or, where it cannot be, why."""
BYTES_PER_JOB = 500e6
CONDITIONS = ("potential", "liquid", "copies", "ensemble", "temperature_K", "pressure_bar", "length_ps", "timestep_fs")


@dataclass
class Measured:
    """Everything measured on a run.

    Attributes
    ----------
    thermo
        Columns of the thermo output, rows that are not finite left out.
    atoms
        Number of atoms.
    density, rdfs, sites, diffusions, viscosity, dielectric, conductivity, onsager, solvation, structures
        None or empty where they could not be measured.
    summary
        Content of ``observables.yaml``.
    """

    thermo: dict[str, np.ndarray]
    atoms: int
    density: Average | None = None
    rdfs: list[Rdf] = field(default_factory=list)
    sites: list[Rdf] = field(default_factory=list)
    diffusions: list[Diffusion] = field(default_factory=list)
    viscosity: Viscosity | None = None
    dielectric: Dielectric | None = None
    conductivity: Conductivity | None = None
    onsager: Onsager | None = None
    solvation: list[Solvation] = field(default_factory=list)
    structures: dict[str, list[Structure]] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)


def measure(
    universe: Universe,
    thermo: Mapping[str, np.ndarray],
    ensemble: str,
    temperature_K: float,
    skip_ps: float | None = None,
    viscosity_mPa_s: float | None = None,
    readers: Readers | None = None,
    trajectory: str = "all",
) -> Measured:
    """Measure what a run's trajectory and thermo output show.

    What cannot be measured (too few frames, no box) is left out, and its place in the summary says why.

    Parameters
    ----------
    universe
        Residues are molecules, resnames are species, coordinates are unwrapped.
    thermo
        Columns of the thermo output.
    ensemble, temperature_K
        Conditions of the run.
    skip_ps
        Measure from this time on; None detects where equilibration ends.
    viscosity_mPa_s
        For the Yeh-Hummer correction, mPa s.
    readers
        Who reads the trajectory; None for this process.
    trajectory
        Which atoms it has, as of a `Protocol`: all, as shells of ions need; centres, one a molecule; or one species,
        whose molecules may drift against the others.
    """
    finite = np.all([np.isfinite(column) for column in thermo.values()], axis=0)
    result = Measured({key: np.asarray(column)[finite] for key, column in thermo.items()}, len(universe.atoms))
    from_ps = _measure_thermo(result, ensemble, skip_ps)
    temperature_K = temperature_held(result.thermo, ensemble, temperature_K, from_ps)
    every_molecule = trajectory in TRAJECTORIES
    planned: Planned = {
        "bonds": _attempt(lambda: BondIntegrity(universe)),
        **({"contacts": _attempt(lambda: Contacts(universe))} if trajectory == "all" else {}),
        "centres": _attempt(lambda: centre_rdfs(universe, from_ps)),
        "sites": _attempt(lambda: site_rdfs(universe, from_ps)),
        "diffusion": _attempt(
            lambda: SelfDiffusion(universe, from_ps, temperature_K, viscosity_mPa_s, whole=every_molecule)
        ),
        **_planned_of_charges(universe, from_ps, temperature_K, trajectory),
    }
    observables = {name: one for name, (one, _) in planned.items() if one is not None}
    rows = dict(zip(observables, gather(universe, list(observables.values()), readers), strict=True))
    found = {
        name: (None, reason) if one is None else _attempt(lambda: one.conclude(checked(rows[name])))  # noqa: B023
        for name, (one, reason) in planned.items()
    }
    result.summary |= {name: found[name][1] for name in ("bonds", "contacts") if name in found}
    result.rdfs, result.sites, result.diffusions = (found[name][0] or [] for name in ("centres", "sites", "diffusion"))
    result.summary["rdf"] = {one.pair: one.summary() for one in result.rdfs + result.sites} or found["centres"][1]
    if result.rdfs and not result.sites:
        result.summary["rdf"]["sites"] = found["sites"][1]
    result.summary["diffusion"] = {one.species: one.summary() for one in result.diffusions} or found["diffusion"][1]
    if "dielectric" in found:
        result.dielectric, reason = found["dielectric"]
        result.summary["dielectric_constant"] = result.dielectric.summary() if result.dielectric else reason
    if "conductivity" in found:
        _take_electrolyte(result, found["conductivity"], found["solvation"])
    result.structures = worth_a_look(universe, result.solvation, observables, rows)
    return result


def _planned_of_charges(universe: Universe, from_ps: float, temperature_K: float, trajectory: str) -> Planned:
    """Return what is to be measured of ions or, where there are none, of the charges of atoms."""
    if not has_ions(universe):
        if trajectory != "all" or not has_charges(universe):
            return {}
        return {"dielectric": _attempt(lambda: DielectricConstant(universe, from_ps, temperature_K))}
    species = f"the trajectory has {trajectory} only; the motion of all charges needs `trajectory` all or centres"
    some = "the trajectory has some atoms only; shells need a run with `trajectory` all"
    found: Planned = {"conductivity": (None, {"not_available": species}), "solvation": (None, {"not_available": some})}
    if trajectory in TRAJECTORIES:
        found["conductivity"] = _attempt(lambda: IonicConductivity(universe, from_ps, temperature_K))
    if trajectory == "all":
        found["solvation"] = _attempt(lambda: CationShells(universe, from_ps))
    return found


def _take_electrolyte(
    result: Measured, conductivity: tuple[Conductivity | None, Any], solvation: tuple[list[Solvation] | None, Any]
) -> None:
    """Put what is measured of ions in its place."""
    summary = result.summary
    result.conductivity, result.solvation = conductivity[0], solvation[0] or []
    if result.conductivity:
        ions = result.conductivity
        summary["conductivity"] = ions.summary(result.diffusions)
        result.onsager, reason = _attempt(lambda: onsager(ions, result.diffusions))
        summary["onsager"] = result.onsager.summary() if result.onsager else reason
    else:
        summary["conductivity"] = summary["onsager"] = conductivity[1]
    shells, reason = _attempt(lambda: {one.cation: one.summary() for one in result.solvation})
    summary["solvation"] = shells or (solvation[1] if solvation[0] is None else reason)


def measure_on_the_fly(
    run: Run, thermo: Mapping[str, np.ndarray], skip_ps: float | None = None, viscosity_mPa_s: float | None = None
) -> Measured:
    """Measure what a run without a trajectory shows: as `measure`, with what LAMMPS measured while it ran."""
    made, finite = run.description, np.all([np.isfinite(column) for column in thermo.values()], axis=0)
    result = Measured({key: np.asarray(column)[finite] for key, column in thermo.items()}, made.atoms)
    from_ps = _measure_thermo(result, made.ensemble, skip_ps)
    made = replace(made, temperature_K=temperature_held(result.thermo, made.ensemble, made.temperature_K, from_ps))
    from_step = made.equilibration_steps + round(from_ps / made.timestep_ps)
    volume = float(result.thermo["volume_A3"].mean())
    rdf_files, msd_files = (run.segment_files(stem, "dat") for stem in ("rdf", "msd"))
    sites, reason = _attempt(lambda: element_rdfs(rdf_files, run.present_elements(), from_step))
    result.sites = sites or []
    result.summary["rdf"] = {one.pair: one.summary() for one in result.sites} or reason
    diffusions, reason = _attempt(lambda: species_diffusion(msd_files, made, volume, viscosity_mPa_s))
    result.diffusions = diffusions or []
    result.summary["diffusion"] = {one.species: one.summary() for one in result.diffusions} or reason
    if diffusions:
        result.summary["diffusion"]["note"] = "; ".join([NOTE, *([BAROSTAT] if made.ensemble == "npt" else [])])
    if any(kind.charge for kind, _ in made.molecules):
        reason = (
            "the run has no trajectory, which the motion of all charges and shells need; `trajectory` all or centres"
        )
        result.summary |= {name: {"not_available": reason} for name in ("conductivity", "onsager", "solvation")}
    return result


def _attempt(action: Callable[[], Result]) -> tuple[Result | None, Any]:
    """Return the result twice, or None and a mapping that says why there is none."""
    try:
        result = action()
    except InputError as error:
        return None, {"not_available": str(error)}
    return result, result


def _measure_thermo(result: Measured, ensemble: str, skip_ps: float | None) -> float:
    """Fill in averages and drift; return the time from which the trajectory is measured, ps."""
    thermo, summary = result.thermo, result.summary
    time = thermo["time_ps"]
    energy_per_atom = thermo["potential_energy_eV"] / result.atoms
    settled, _ = _attempt(lambda: average(time, energy_per_atom, "eV/atom"))
    result.density, reason = _attempt(lambda: density(thermo, skip_ps))
    if skip_ps is not None:
        from_ps, how = skip_ps, "given"
    elif result.density is not None and result.density.standard_deviation > 0:
        from_ps, how = result.density.equilibrated_after_ps, "equilibration of the density"
    else:
        from_ps, how = (settled.equilibrated_after_ps if settled else 0.0), "equilibration of the energy"
    end = float(time[-1]) if len(time) else 0.0
    summary["analysed"] = {"from_ps": from_ps, "to_ps": end, "from_is": how, "thermo_samples": len(time)}
    if skip_ps is None and from_ps > 0.5 * end:
        summary["analysed"]["note"] = f"only {end - from_ps:.3g} of {end:.3g} ps count, the rest is equilibration"
    summary["density"] = result.density.summary() if result.density else reason
    late = time >= from_ps - 1e-9
    for name, values, unit in (
        ("temperature", thermo["temperature_K"], "K"),
        ("pressure", thermo["pressure_bar"], "bar"),
        ("potential_energy", energy_per_atom, "eV/atom"),
    ):
        mean, reason = _attempt(lambda: average(time[late], values[late], unit, detect=False))  # noqa: B023
        summary[name] = mean.summary() if mean else reason
    summary["energy_drift"] = _attempt(lambda: energy_drift(time, conserved_energy(thermo, ensemble), result.atoms))[1]
    return from_ps


TABLES = ("thermo", "rdf", "msd", "dielectric", "conductivity", "survival", "viscosity")
PICTURES = ("density", "thermo", "rdf", "msd", "dielectric", "conductivity", "solvation", "viscosity")
"""Stems of the CSV files and plots that an analysis may write; with those of `structures` that is all."""


def remove_results(folder: Path) -> None:
    """Remove what an earlier analysis has written: not all of it is written again, and others read it."""
    structures = (SHELLS, BROKEN, COLLIDED)
    names = [OBSERVABLES, *(f"{stem}.csv" for stem in TABLES), *(f"{stem}.png" for stem in PICTURES)]
    for name in (*names, *structures, *(str(Path(one).with_suffix(".png")) for one in structures)):
        (folder / name).unlink(missing_ok=True)


def write_results(folder: Path, measured: Measured, target: plots.Target = plots.FREE) -> None:
    """Write ``observables.yaml``, plots and CSV files into `folder`, in place of those of an earlier analysis."""
    remove_results(folder)
    thermo = measured.thermo
    write_csv(folder / "thermo.csv", thermo)
    if measured.density:
        plots.plot_density(folder / "density.png", thermo, measured.density)
    if len(thermo["time_ps"]) > 1:
        plots.plot_thermo(folder / "thermo.png", thermo, measured.atoms, target)
    if measured.rdfs or measured.sites:
        both = measured.rdfs + measured.sites
        columns = {"r_A": both[0].r}
        for one in both:
            columns[f"g {one.pair}"] = one.inter
            columns[f"coordination {one.pair}"] = one.coordination
            if one.intra is not None:
                columns[f"intra_per_A {one.pair}"] = one.intra
        write_csv(folder / "rdf.csv", columns)
        plots.plot_rdf(folder / "rdf.png", measured.rdfs, measured.sites)
    if measured.diffusions:
        columns = {"lag_ps": measured.diffusions[0].lag_ps}
        columns.update({f"msd_A2 {one.species}": one.msd_A2 for one in measured.diffusions})
        write_csv(folder / "msd.csv", columns)
        plots.plot_msd(folder / "msd.png", measured.diffusions)
    if measured.dielectric:
        write_csv(folder / "dielectric.csv", measured.dielectric.columns())
        plots.plot_dielectric(folder / "dielectric.png", measured.dielectric)
    if measured.conductivity:
        write_csv(folder / "conductivity.csv", measured.conductivity.columns())
        plot_conductivity(folder / "conductivity.png", measured.conductivity, measured.onsager)
    if measured.solvation:
        write_csv(folder / "survival.csv", survival_columns(measured.solvation))
        plot_solvation(folder / "solvation.png", measured.solvation)
    for name, structures in measured.structures.items():
        write_structures(folder / name, structures)
        plot_structures((folder / name).with_suffix(".png"), structures)
    if measured.viscosity:
        write_csv(folder / "viscosity.csv", measured.viscosity.columns())
        plots.plot_viscosity(folder / "viscosity.png", measured.viscosity)
    write_yaml(folder / OBSERVABLES, plain(measured.summary))


def analyze(
    path: Path,
    skip_ps: float | None = None,
    viscosity_mPa_s: float | None = None,
    jobs: int = 1,
    ranks: Ranks = ALONE,
) -> dict[str, Any]:
    """Measure a run and write ``observables.yaml``, plots and CSV files into its directory.

    A run that a guard stopped is measured up to there; the reason stands first in the summary.

    Parameters
    ----------
    path
        Run directory.
    skip_ps
        Measure from this time on; None detects where equilibration ends.
    viscosity_mPa_s
        Shear viscosity of the simulated liquid for the Yeh-Hummer correction, mPa s.
    jobs
        Number of processes that read the trajectory; 0 takes as many cores as are worth starting at its size.
    ranks
        Other MPI ranks that take part.

    Returns
    -------
    dict
        The content of ``observables.yaml``.

    Raises
    ------
    InputError
        If the directory is no run, it has no production or trajectory frame yet, or all of it is to be skipped.
    """
    if viscosity_mPa_s is not None and not (math.isfinite(viscosity_mPa_s) and viscosity_mPa_s > 0):
        raise InputError(f"`viscosity_mPa_s` {viscosity_mPa_s}: expected a positive number, mPa s")
    run = Run.open(path)
    status, made = dict(run.status), run.description
    asked = made.as_mapping()
    head: dict[str, Any] = {
        "run": Path(path).resolve().name,
        "status": status,
        "conditions": {key: asked[key] for key in CONDITIONS},
    }
    thermo = run.thermo()
    universe, reason = _attempt(run.universe) if made.has_trajectory else (None, {})
    missing = "" if not made.has_trajectory or universe is not None else reason["not_available"]
    if not missing and not len(thermo.get("time_ps", ())):
        missing = f"{path}: no thermo output in production"
    if missing:
        if status.get("state") != "stopped":
            raise InputError(missing)
        head["production"] = {"not_available": "the run was stopped before its first frame"}
        remove_results(Path(path))
        write_yaml(Path(path) / OBSERVABLES, plain(head))
        return plain(head)
    end = float(thermo["time_ps"][-1])
    if skip_ps is not None and skip_ps >= end and status.get("state") != "stopped":
        raise InputError(f"{path}: `skip_ps` {skip_ps:g} ps leaves nothing of its {end:g} ps of production")
    head |= _lost_frames(run, end)
    found, viscosity = _attempt(lambda: run_viscosity(run, skip_ps or 0.0)) if made.viscosity else (None, None)
    if found and found.converged and viscosity_mPa_s is None:
        viscosity_mPa_s = found.value  # for the Yeh-Hummer correction
    if universe is None:
        measured = measure_on_the_fly(run, thermo, skip_ps, viscosity_mPa_s)
    else:
        readers = Readers(run.path, jobs or _worth_starting(run), ranks)
        given = (skip_ps, viscosity_mPa_s, readers, made.trajectory)
        measured = measure(universe, thermo, made.ensemble, made.temperature_K, *given)
    measured.viscosity = found
    more = {} if viscosity is None else {"viscosity": found.summary() if found else viscosity}
    measured.summary = {**head, **measured.summary, **more, "performance": _attempt(lambda: performance(run))[1]}
    target = plots.Target(made.temperature_K, made.pressure_bar if made.ensemble == "npt" else None)
    write_results(Path(path), measured, target)
    return plain(measured.summary)


def _lost_frames(run: Run, end_ps: float) -> dict[str, Any]:
    """Return the note of a completed run whose trajectory ends before its production does; nothing for a whole one."""
    if run.status.get("state") != "completed":
        return {}
    lost = run.description.time_ps(run.frames_until())
    if lost > end_ps:
        return {}
    return {"trajectory": {"note": f"the frames from {lost:g} ps on are lost: a file was cut; none of them counts"}}


def _worth_starting(run: Run) -> int:
    """Return how many processes read a trajectory best: a small one is read before a second process has started."""
    size = sum(segment.frames * segment.frame_bytes for segment in run.trajectory_segments())
    return min(available_cores(), 1 + int(size // BYTES_PER_JOB))
