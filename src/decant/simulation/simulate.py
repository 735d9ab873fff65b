"""Molecular dynamics of a liquid in LAMMPS: a run directory is made, continued, or left as it is."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from decant.force_field.lammps_input import write_system
from decant.force_field.system import liquid_system
from decant.foundation.directories import require_own, require_same
from decant.foundation.errors import InputError
from decant.foundation.files import read_yaml, write_beside, write_yaml
from decant.foundation.locks import locked
from decant.lammps.command import command
from decant.lammps.contacts import write_contacts
from decant.lammps.data import atom_types, write_data
from decant.lammps.guards import Limits
from decant.lammps.inputs import inputs_directory
from decant.lammps.observe import OBSERVE, types_of_elements
from decant.molecules.liquid import parse_liquid
from decant.potentials.potential import Potential
from decant.simulation.description import DESCRIPTION, ENSEMBLES, SAMPLING, RunDescription
from decant.simulation.force_field import require_method, write_force_field
from decant.simulation.protocol import Protocol, describe
from decant.simulation.python_forces import require_feasible
from decant.simulation.run import POTENTIAL, STATUS, Run
from decant.simulation.segment import Resources, run_segment, segments
from decant.simulation.start import from_here, is_start, starting

SHARED_INPUTS = ("setup.lammps", "production.lammps")
INPUTS = (*(f"in.{ensemble}" for ensemble in (*ENSEMBLES, *SAMPLING)), *SHARED_INPUTS)
LEFT_BEFORE = ("system.data", OBSERVE, *INPUTS)
"""Files that a kill may leave in a directory that is not one of a run yet."""
FREE_TO_CHANGE = ("potential", "ranks", "threads")
"""Keys of run.yaml in which a continued run may differ: they do not change what is simulated."""
LENGTHS = ("length_ps", "production_steps")
FOLLOW_LENGTH = ("equilibration_steps", "dump_every", "thermo_every", "restart_every")
"""Keys of run.yaml that make a run longer, and those that a longer one keeps from what it was."""


def simulate(
    protocol: Protocol,
    output: Path,
    ranks: int = 1,
    threads: int = 1,
    launcher: str | None = None,
    gpus: int = 0,
    until: float | None = None,
) -> Run:
    """Run a protocol in a directory, or what is left of it.

    A finished run is left as it is, or made longer if the protocol is; an interrupted one goes on from its last whole
    restart file. A guard that fires ends the run; that is a result, found in the run's status. A run that is out of
    time has the status interrupted, and the same call continues it.

    Parameters
    ----------
    protocol
        What to simulate.
    output
        Run directory, made if missing.
    ranks, threads, launcher, gpus, until
        On what to run it and for how long; see `decant.simulation.segment.Resources`.

    Returns
    -------
    Run
        Completed, stopped, or interrupted at the end of its time.

    Raises
    ------
    InputError
        If a setting is wrong, the potential does not know an element, the directory holds something else or a run
        with other settings or is in use.
    ProgramFailed
        If LAMMPS failed; the same call continues the run.
    """
    resources = Resources(ranks, threads, launcher, gpus, until)
    # an impossible rank count or launcher is known before any file is written
    command([], ranks, threads, launcher, gpus)
    output = Path(output)
    with _potential(protocol) as potential:
        asked = describe(protocol, potential, ranks, threads)
        require_feasible(potential, protocol, sum(kind.charge * count for kind, count in asked.molecules), resources)
        if protocol.method is not None:
            asked = replace(asked, potential=output / protocol.method)
        if protocol.start is not None:
            asked = replace(asked, from_here=from_here(protocol.start, output))
        require_own(output, DESCRIPTION, "a run directory", LEFT_BEFORE)
        return _simulated(asked, potential, output, resources)


def _simulated(asked: RunDescription, potential: Potential, output: Path, resources: Resources) -> Run:
    """Make or continue the run in its directory."""
    with locked(output) as lock:
        if (output / DESCRIPTION).is_file():
            run = _continued(Run.open(output), asked)
        else:
            run = _prepare(output, asked, potential, resources.launcher)
        recorded = read_yaml(output / STATUS) if (output / STATUS).is_file() else {}
        if recorded.get("state") not in ("completed", "stopped"):
            run = _on_ranks(run, resources.ranks, resources.threads)
            if asked.method is not None:  # the run's own, to stay with it
                shutil.copytree(potential.path, output / asked.method, dirs_exist_ok=True)
                potential = Potential.open(output / asked.method)
            link_potential(output, potential.path)
            run_segment(run, potential.plugin, lock, resources)
    return run


@contextmanager
def _potential(protocol: Protocol) -> Iterator[Potential]:
    """Provide the potential of a protocol; the force field of a method lies in a folder that is gone afterwards."""
    if protocol.potential is not None:
        yield Potential.open(protocol.potential)
        return
    assert protocol.method is not None  # one of the two is there
    scale = protocol.ion_charge_scale
    require_method(protocol.method, scale)
    liquid = [(kind, count * protocol.copies) for kind, count in parse_liquid(protocol.liquid)]
    with tempfile.TemporaryDirectory(prefix="decant-") as folder:
        yield write_force_field(Path(folder), liquid_system(liquid, scale), scale)


def _continued(run: Run, asked: RunDescription) -> Run:
    """Return a run as it goes on: as it was asked for, or longer.

    Raises
    ------
    InputError
        If it was made with other settings, or was longer.
    """
    made = run.description
    longer = asked.production_steps > made.production_steps
    if asked.production_steps < made.production_steps and asked.timestep_fs == made.timestep_fs:
        raise InputError(
            f"{run.path}: was made with a `length_ps` of {made.length_ps:g} ps, not {asked.length_ps:g} ps; a run"
            " can be made longer, not shorter: give its length, or another `output`"
        )
    follows = (LENGTHS if longer else ()) + (FOLLOW_LENGTH if longer or made.lengthened else ())
    settings = {key: value for key, value in asked.as_mapping().items() if key not in follows}
    if made.start is not None and asked.start is not None:
        _require_start(run, asked.start)
        settings = {key: value for key, value in settings.items() if key not in ("from", "from_here")}
    for key in ("elements", "potential_sha256"):  # last: the liquid says more, where that differs
        settings[key] = settings.pop(key)
    require_same(run.path, made.as_mapping(), settings, FREE_TO_CHANGE)
    if not longer:
        return run
    run = run.described(length_ps=asked.length_ps, production_steps=asked.production_steps, lengthened=True)
    if run.status["state"] == "completed":
        write_yaml(run.path / STATUS, {"state": "interrupted", "message": "asked for more length"})
    return run


def _require_start(run: Run, start: Path) -> None:
    """Raise `InputError` if a run was made from another run than the one asked for."""
    if is_start(run, start):
        return
    named, recorded = run.description.start, run.description.from_here
    told = f"{named} ({(run.path.resolve() / recorded).resolve()})" if recorded else f"{named}"
    raise InputError(
        f"{run.path}: was made from the run {told}, not from {start} ({start.resolve()}); give the same `start` to"
        " continue it, or another `output`"
    )


def _on_ranks(run: Run, ranks: int, threads: int) -> Run:
    """Return the run as it goes on: its speed counts from here if the ranks or threads are others than before."""
    if (run.description.ranks, run.description.threads) == (ranks, threads):
        return run
    return run.described(ranks=ranks, threads=threads, speed_from_segment=segments(run))


def link_potential(output: Path, potential: Path) -> None:
    """Link the potential as ``potential`` into a run directory, by a relative path.

    LAMMPS splits a variable's text at blanks wherever it replaces it, so its inputs get this name, whatever the path.
    """
    link = output / POTENTIAL
    if link.exists() and not link.is_symlink():
        raise InputError(f"{link}: is in the way of the link to the potential; remove it")
    link.unlink(missing_ok=True)
    link.symlink_to(os.path.relpath(Path(potential).resolve(), output.resolve()), target_is_directory=True)


def _prepare(output: Path, asked: RunDescription, potential: Potential, launcher: str | None) -> Run:
    """Make the start and write everything that LAMMPS needs; run.yaml comes last and makes it a run."""
    start = starting(asked, launcher)
    density = asked.start_density_g_cm3 or round(start.density_g_cm3, 4)
    description = replace(
        asked,
        start_density_g_cm3=density,
        guards=Limits.around(asked.temperature_K, density, start.longest_bond(), start.closest_contact()),
        centre_atoms=tuple(start.centre_atoms(asked.molecule_counts)) if asked.trajectory == "centres" else (),
    )
    atoms, elements = start.atoms, description.elements
    if description.method is None:
        types = atom_types(atoms.get_chemical_symbols(), elements)
        write_data(output / "system.data", atoms, elements, start.bonds)
        write_contacts(output, elements)
    else:
        system = liquid_system(description.molecules, description.ion_charge_scale)
        types = system.types
        write_system(output / "system.data", atoms, system)
    for name in (f"in.{description.ensemble}", *SHARED_INPUTS):
        shutil.copyfile(inputs_directory() / name, output / name)
    reach = 0.0 if description.has_trajectory else potential.cutoff
    if lines := description.observation.lines(types_of_elements(types, elements), atoms.arrays["mol_id"], reach):
        with write_beside(output / OBSERVE) as temporary:
            temporary.write_text("\n".join([*lines, ""]), encoding="utf-8")
    description.write(output / DESCRIPTION)
    return Run(output, description)
