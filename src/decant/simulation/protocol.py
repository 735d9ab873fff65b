"""What to simulate, and every number of a run that follows from it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from decant.foundation.errors import InputError, UnknownElement, warn
from decant.lammps.observe import require_trajectory
from decant.molecules.liquid import parse_liquid, require_once
from decant.molecules.measurements import ROOM_K, measured
from decant.molecules.molecule import Molecule
from decant.molecules.solvents import known_name
from decant.potentials.potential import PAIR, Potential
from decant.simulation.description import ENSEMBLES, SAMPLING, RunDescription
from decant.simulation.run import POTENTIAL, Run

FRAME_INTERVAL_PS, ROW_INTERVAL_PS, RESTART_INTERVAL_PS = 0.1, 0.01, 1.0
LEAST_FRAMES, LEAST_RESTARTS = 100, 10
UNKNOWN_DENSITY = 1.0  # g/cm3, of a solvent whose density is not in the table


@dataclass(frozen=True)
class Protocol:
    """What to simulate.

    Attributes
    ----------
    potential
        Folder of an exported potential; None with a `method`.
    liquid
        Composition, for example ``"EC:4,EMC:8"``.
    copies
        How many times the composition goes into the box.
    ensemble
        npt, nvt or nve; or one of `decant.simulation.description.SAMPLING`, at constant volume or pressure.
    temperature, pressure
        K and bar; in NVE the temperature is that of the equilibration.
    length_ps, equilibration_ps
        Length of the production, and of the equilibration before it (a quarter of the production if None).
    density
        Density of the packed start, g/cm3; None for that of the pure solvents, mixed without change of volume.
    timestep_fs
        Time step.
    seed
        Seed of the packing, the velocities and the Langevin forces.
    start, replicate
        Directory of a run whose last frame, copied so many times along each cell vector, is the start instead of a
        packed liquid; `liquid` and `copies` must be what that gives (see `decant.simulation.start.source`).
    dump_ps, thermo_ps, restart_ps
        Time between frames, thermodynamic rows and restart files; None for what suits the length (`intervals`).
    trajectory
        Atoms whose coordinates are written; see `decant.lammps.observe.TRAJECTORIES`. Without any, RDF and MSD are
        measured on the fly.
    rdf_cutoff
        How far those RDF reach, angstrom; None for the cutoff of the potential, beyond which they cost time.
    viscosity
        Whether the stress is written as often as a Green-Kubo viscosity needs it.
    method
        Reference method that LAMMPS computes, instead of a potential; see `decant.simulation.force_field`.
    ion_charge_scale
        Factor on the charges of ions, with such a method.

    Raises
    ------
    InputError
        If a setting makes no sense.
    """

    potential: Path | None
    liquid: str
    copies: int = 1
    ensemble: str = "npt"
    temperature: float = 298.0
    pressure: float = 1.0
    length_ps: float = 20.0
    equilibration_ps: float | None = None
    density: float | None = None
    timestep_fs: float = 0.5
    seed: int = 1
    start: Path | None = None
    replicate: tuple[int, int, int] = (1, 1, 1)
    dump_ps: float | None = None
    thermo_ps: float | None = None
    restart_ps: float | None = None
    trajectory: str = "all"
    rdf_cutoff: float | None = None
    viscosity: bool = False
    method: str | None = None
    ion_charge_scale: float = 1.0

    def __post_init__(self) -> None:
        _require_sensible(self)


def describe(protocol: Protocol, potential: Potential, ranks: int, threads: int) -> RunDescription:
    """Return the description of a run of a protocol, every default resolved.

    Parameters
    ----------
    protocol
        What to simulate.
    potential
        That of the protocol, opened.
    ranks, threads
        MPI ranks, and OpenMP threads of each.

    Raises
    ------
    InputError
        If there is no such solvent or species, or the potential does not know an element; a range trained on is only
        warned about.
    """
    liquid = [(solvent, count * protocol.copies) for solvent, count in parse_liquid(protocol.liquid)]
    require_once(protocol.liquid, [solvent for solvent, _ in liquid])
    require_known(protocol.liquid, liquid, potential)
    require_trajectory(protocol.trajectory, [solvent.name for solvent, _ in liquid])
    density = protocol.density
    if density is None and protocol.start is None:
        _warn_of_unknown_densities(liquid)
        density = mixture_density(liquid)
    _warn_outside_training(potential.card, protocol.temperature, density)
    warn_of_charge(protocol.liquid, liquid)
    _warn_of_a_long_timestep(liquid, protocol.timestep_fs)
    steps = round(protocol.length_ps / protocol.timestep_fs * 1000.0)
    given = (protocol.dump_ps, protocol.thermo_ps, protocol.restart_ps)
    frame_every, row_every, restart_every = intervals(steps, protocol.timestep_fs, *given)
    return RunDescription(
        potential=potential.path,
        potential_sha256=potential_hash(potential.path),
        elements=tuple(potential.elements),
        liquid=protocol.liquid,
        copies=protocol.copies,
        species=tuple((solvent.name, count) for solvent, count in liquid),
        atoms=sum(len(solvent.symbols) * count for solvent, count in liquid),
        ensemble=protocol.ensemble,
        temperature_K=protocol.temperature,
        pressure_bar=protocol.pressure,
        start_density_g_cm3=None if density is None else round(density, 4),
        length_ps=protocol.length_ps,
        timestep_fs=protocol.timestep_fs,
        production_steps=steps,
        equilibration_steps=_equilibration_steps(protocol, frame_every),
        dump_every=frame_every,
        thermo_every=row_every,
        restart_every=restart_every,
        seed=protocol.seed,
        ranks=ranks,
        threads=threads,
        start=None if protocol.start is None else Path(protocol.start),
        replicate=protocol.replicate,
        trajectory=protocol.trajectory,
        rdf_cutoff_A=protocol.rdf_cutoff,
        viscosity=protocol.viscosity,
        method=protocol.method,
        ion_charge_scale=protocol.ion_charge_scale,
    )


def require_known(text: str, liquid: list[tuple[Molecule, int]], potential: Potential) -> None:
    """Refuse a liquid with an element that a potential does not know."""
    for solvent, _ in liquid:
        if unknown := sorted(set(solvent.symbols) - set(potential.elements)):
            raise UnknownElement(
                f"`liquid` {text}: {solvent.name} has the element {', '.join(unknown)}; "
                f"the potential knows only {', '.join(potential.elements)}"
            )


def _equilibration_steps(protocol: Protocol, frame_every: int) -> int:
    """Return the steps of the equilibration, a whole number of frames: a frame of the production is its very start."""
    if protocol.ensemble in SAMPLING:
        return 0
    length_ps = protocol.length_ps / 4 if protocol.equilibration_ps is None else protocol.equilibration_ps
    return max(1, round(length_ps / protocol.timestep_fs * 1000.0 / frame_every)) * frame_every


def intervals(
    steps: int,
    timestep_fs: float,
    frame_ps: float | None = None,
    row_ps: float | None = None,
    restart_ps: float | None = None,
) -> tuple[int, int, int]:
    """Return the steps between frames, thermodynamic rows and restart files of a production of `steps` steps.

    What is not given follows from the length; restarts then fall on frames.
    """
    per_ps = 1000.0 / timestep_fs

    def whole(given: float | None, otherwise: int) -> int:
        return max(1, otherwise if given is None else round(given * per_ps))

    frame = whole(frame_ps, min(round(FRAME_INTERVAL_PS * per_ps), steps // LEAST_FRAMES))
    row = whole(row_ps, min(round(ROW_INTERVAL_PS * per_ps), frame))
    often = max(1, min(round(RESTART_INTERVAL_PS * per_ps), steps // LEAST_RESTARTS))
    restart = whole(restart_ps, often // frame * frame or often)
    return frame, row, restart


def mixture_density(liquid: list[tuple[Molecule, int]]) -> float:
    """Return the density of an ideal mixture of the pure solvents, g/cm3; 1.0 for a solvent of unknown density."""
    masses = np.array([solvent.molar_mass * count for solvent, count in liquid])
    pure = np.array([known_density(solvent) or UNKNOWN_DENSITY for solvent, _ in liquid])
    return float(masses.sum() / (masses / pure).sum())


def known_density(solvent: Molecule) -> float | None:
    """Return the experimental density of a solvent near room temperature, g/cm3, or None."""
    found = measured({known_name(solvent): 1.0}, "density", ROOM_K)
    return None if isinstance(found, str) else found.density


def _warn_of_unknown_densities(liquid: list[tuple[Molecule, int]]) -> None:
    unknown = [solvent.name for solvent, _ in liquid if known_density(solvent) is None]
    if unknown:
        warn(
            f"no density is known of {', '.join(unknown)}; the box is packed as if it were {UNKNOWN_DENSITY} g/cm3"
            " (`density` sets another)"
        )


def potential_hash(folder: Path) -> str:
    """Return the SHA-256 over what LAMMPS reads of a potential: its model file and pair.lammps."""
    digest = hashlib.sha256()
    for file in sorted([*Path(folder).glob("model.*"), Path(folder) / PAIR]):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def own_potential(run: Run) -> Path | None:
    """Return the potential that a run was made with, None if it is there no more.

    It is what the run links to or names, and by its hash still the same. A relative name counted from where the run was
    begun, so that the link comes first; the name is taken where it means the same folder.
    """
    named, link = run.description.potential, run.path / POTENTIAL
    if not _is_potential_of(run, link):
        return named if _is_potential_of(run, named) else None
    return named if named.is_dir() and named.samefile(link) else link.resolve()


def _is_potential_of(run: Run, folder: Path) -> bool:
    return (folder / PAIR).is_file() and potential_hash(folder) == run.description.potential_sha256


def _lost_potential(run: Run) -> str:
    """Return why the potential that a run was made with cannot be taken over from it."""
    places = (run.path / POTENTIAL, run.description.potential)
    found = next((place for place in places if (place / PAIR).is_file()), None)
    why = f"neither {places[0]} nor {places[1]} is there" if found is None else f"{found} is another one by now"
    return f"{run.path}: the potential that it was made with is missing ({why}); give a potential beside `start`"


def _require_forces(protocol: Protocol) -> None:
    """Require a potential or a method; name what is missing where the run to start from had one."""
    if protocol.start is not None and protocol.potential is None and protocol.method is None:
        run = Run.open(protocol.start)
        if run.description.method is None and own_potential(run) is None:
            raise InputError(_lost_potential(run))
    if (protocol.potential is None) == (protocol.method is None):
        raise InputError("`potential` and `method`: expected one of the two")
    if protocol.method is None and protocol.ion_charge_scale != 1.0:
        raise InputError("`ion_charge_scale`: is of a `method` with charges; a potential has none")


def _require_sensible(protocol: Protocol) -> None:
    _require_forces(protocol)
    if protocol.ensemble not in (*ENSEMBLES, *SAMPLING):
        raise InputError(f"`ensemble` {protocol.ensemble}: expected one of {', '.join(ENSEMBLES)}")
    for name, value in (
        ("`copies`", protocol.copies),
        ("`temperature`", protocol.temperature),
        ("`timestep_fs`", protocol.timestep_fs),
        ("`density`", 1.0 if protocol.density is None else protocol.density),
        ("`rdf_cutoff`", 1.0 if protocol.rdf_cutoff is None else protocol.rdf_cutoff),
        *((f"`replicate` {protocol.replicate}", count) for count in protocol.replicate),
    ):
        if not 0 < value < np.inf:
            raise InputError(f"{name} {value}: expected a positive number")
    if protocol.rdf_cutoff is not None and protocol.trajectory != "none":
        raise InputError("`rdf_cutoff`: is for RDF that are measured on the fly, with `trajectory` none")
    if protocol.viscosity and protocol.ensemble not in ("nvt", "nve"):
        raise InputError(
            f"`viscosity` with `ensemble` {protocol.ensemble}: a barostat changes the stress; take nvt at the density"
            " that npt gave (`start` RUN `density` ...)"
        )
    if not -np.inf < protocol.pressure < np.inf:
        raise InputError(f"`pressure` {protocol.pressure}: expected a number of bar")
    if not protocol.timestep_fs <= protocol.length_ps * 1000.0 < np.inf:
        raise InputError(
            f"`length_ps` {protocol.length_ps} ps: shorter than one time step of"
            f" {protocol.timestep_fs} fs, or no number"
        )


def warn_of_charge(text: str, liquid: list[tuple[Molecule, int]]) -> None:
    """Warn of a box that is not neutral: no liquid is."""
    if charge := sum(kind.charge * count for kind, count in liquid):
        warn(
            f"`liquid` {text}: the box has a charge of {charge:+d} e; where charges are computed a uniform background"
            " makes it neutral, and its pressure means little"
        )


def _warn_of_a_long_timestep(liquid: list[tuple[Molecule, int]], timestep_fs: float) -> None:
    """Warn if the time step is too long for the fastest bond of the liquid."""
    has_hydrogen = any("H" in solvent.symbols for solvent, _ in liquid)
    longest, bonds = (1.0, "bonds of hydrogen") if has_hydrogen else (2.0, "the bonds of this liquid")
    if timestep_fs > longest:
        warn(
            f"`timestep_fs` {timestep_fs:g} fs is too long for {bonds}: {longest:g} fs at most, see 'Time step' in"
            " docs/production.md"
        )


def _warn_outside_training(card: dict[str, Any], temperature: float, density: float | None) -> None:
    """Warn if the conditions lie outside the range that the potential was trained on.

    The temperature of a box of some hundred atoms fluctuates by more than 2 %: 298 K lies in a range from 300 K.
    """
    training = card.get("data") or {}  # null for a bare model file
    for key, value, unit, slack in (
        ("temperature_K", temperature, "K", 0.02),
        ("density_g_cm3", density, "g/cm3", 0.0),
    ):
        low, high = training.get(key) or (-np.inf, np.inf)
        if value is not None and not low * (1.0 - slack) <= value <= high * (1.0 + slack):
            warn(
                f"{key.split('_')[0]} {value:.4g} {unit} is outside the range that the potential was trained on"
                f" ({low:.4g} to {high:.4g} {unit})"
            )
