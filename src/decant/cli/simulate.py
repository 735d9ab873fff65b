"""`decant simulate`: molecular dynamics of a liquid with an exported potential."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from decant.cli.options import Config, Launcher, Ranks, Seed
from decant.foundation.errors import OUT_OF_TIME, InputError

if TYPE_CHECKING:
    from decant.simulation.run import Run


def command(
    output: Annotated[Path, typer.Option("--output", "-o", help="Run directory.")],
    potential: Annotated[
        Path | None, typer.Argument(help="Folder of an exported potential; by default that of --from.")
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(
            help="Reference method instead of a potential: openff, which LAMMPS computes.", show_default=False
        ),
    ] = None,
    ion_charge_scale: Annotated[
        float | None,
        typer.Option(
            help="Factor on the charges of ions with --method, such as 0.8; 1 by default.", show_default=False
        ),
    ] = None,
    liquid: Annotated[
        str | None,
        typer.Option(
            help="Composition, NAME:COUNT,NAME:COUNT; names or SMILES. With --molecules a ratio.", show_default=False
        ),
    ] = None,
    molecules: Annotated[
        int | None, typer.Option(help="How many molecules and ions; --liquid then is a ratio.", min=1)
    ] = None,
    by: Annotated[str, typer.Option(help="What that ratio is of: mole, mass or volume.")] = "mole",
    salt: Annotated[
        str | None,
        typer.Option(
            help="Salt, such as LiPF6, or several by mole, LiPF6:3,LiFSI:1; needs --molecules.", show_default=False
        ),
    ] = None,
    molality: Annotated[float | None, typer.Option(help="Of the salt, mol in a kg of solvent.")] = None,
    molarity: Annotated[
        float | None, typer.Option(help="Of the salt, mol in a litre of the solution of --density.")
    ] = None,
    copies: Annotated[int, typer.Option(help="How many times the composition goes into the box.")] = 1,
    start: Annotated[
        Path | None,
        typer.Option("--from", help="Run whose last frame is the start, instead of a packed --liquid."),
    ] = None,
    replicate: Annotated[
        str, typer.Option(help="Copies of the box of --from along each cell vector, such as 3,3,3.")
    ] = "1,1,1",
    ensemble: Annotated[str, typer.Option(help="npt, nvt or nve.")] = "npt",
    temperature: Annotated[
        float | None, typer.Option(help="Temperature, K; 298, or that of --from.", show_default=False)
    ] = None,
    pressure: Annotated[
        float | None, typer.Option(help="Pressure, bar (npt); 1, or that of --from.", show_default=False)
    ] = None,
    length: Annotated[
        str, typer.Option(help="Length of the production, with unit fs, ps or ns; a longer one continues a whole run.")
    ] = "20ps",
    equilibration: Annotated[
        str | None, typer.Option(help="Length of the equilibration before it; a quarter of it by default.")
    ] = None,
    density: Annotated[
        float | None,
        typer.Option(help="Density of the start, g/cm3; by default that of the mixed solvents, or of --from."),
    ] = None,
    timestep: Annotated[
        float | None, typer.Option(help="Time step, fs; 0.5, or that of --from.", show_default=False)
    ] = None,
    dump_every: Annotated[
        str | None, typer.Option(help="Time between frames, and between measurements on the fly; 0.1 ps or less.")
    ] = None,
    thermo_every: Annotated[str | None, typer.Option(help="Time between thermodynamic rows; 10 fs or less.")] = None,
    restart_every: Annotated[str | None, typer.Option(help="Time between restart files; 1 ps or less.")] = None,
    trajectory: Annotated[
        str,
        typer.Option(
            help="Atoms in the trajectory: all, centres (one a molecule), a species, or none: RDF and MSD then"
            " are measured on the fly."
        ),
    ] = "all",
    rdf_cutoff: Annotated[
        float | None,
        typer.Option(help="How far the RDF on the fly reach, angstrom; by default the potential's cutoff."),
    ] = None,
    viscosity: Annotated[
        bool, typer.Option("--viscosity", help="Write the stress for a Green-Kubo viscosity.")
    ] = False,
    seed: Seed = 1,
    ranks: Ranks = 1,
    threads: Annotated[int, typer.Option(help="OpenMP threads of each rank.", min=1)] = 1,
    gpus: Annotated[int, typer.Option(help="GPUs of a node, one a rank; 0 leaves them to the pair style.", min=0)] = 0,
    launcher: Launcher = None,
    walltime: Annotated[
        str | None,
        typer.Option(
            help="Stop in time with a restart file, such as 30min or 24h; by default at the end of a Slurm job."
        ),
    ] = None,
    config: Config = None,
) -> None:
    """Run molecular dynamics of a liquid in LAMMPS, or continue an interrupted run.

    The same command on an interrupted run goes on from its last restart file, and leaves a finished one as it is.
    A run that goes wrong (temperature, density, a stretched bond, molecules in each other) is stopped and says so:
    that is a result.
    A run that is out of time ends with exit status 75.

    \b
    For example:
      decant simulate potentials/mace-a --liquid EC:4,EMC:8 --copies 4 --length 20ps --ranks 2 -o runs/mace-a
      decant simulate potentials/dp-a --liquid EC:12 --ensemble nvt --temperature 313 --density 1.3 -o runs/ec
      decant simulate potentials/x --liquid EC:3,EMC:7 --by mass --salt LiPF6 --molality 1 --molecules 500 -o runs/salt
      decant simulate --method openff --liquid EC:4,EMC:8 --copies 4 --length 100ps --ranks 2 -o runs/openff
      decant simulate --from runs/mace-a --replicate 3,3,3 --length 1ns --dump-every 1ps --ranks 64 -o runs/large
    """
    from decant.verbs.simulate import simulate

    run = simulate(
        output, potential, method=method, ion_charge_scale=ion_charge_scale, liquid=liquid, molecules=molecules, by=by,
        salt=salt, molality=molality, molarity=molarity, copies=copies, start=start, replicate=copies_of_box(replicate),
        ensemble=ensemble, temperature=temperature, pressure=pressure, length=length, equilibration=equilibration,
        density=density, timestep=timestep, dump_every=dump_every, thermo_every=thermo_every,
        restart_every=restart_every, trajectory=trajectory, rdf_cutoff=rdf_cutoff, viscosity=viscosity, seed=seed,
        ranks=ranks, threads=threads, gpus=gpus, launcher=launcher, walltime=walltime,
    )  # fmt: skip
    print(f"{output}: {outcome(run)}")
    if run.status["state"] == "interrupted":
        raise typer.Exit(OUT_OF_TIME)


def copies_of_box(text: str) -> tuple[int, int, int]:
    """Return the three numbers of ``--replicate``."""
    words = str(text).strip("[]").replace("x", ",").split(",")  # a configuration file may give a list
    if len(words) != 3 or not all(word.strip().isdigit() and int(word) > 0 for word in words):
        raise InputError(f"--replicate {text}: expected three positive whole numbers, for example 3,3,3")
    one, two, three = (int(word) for word in words)
    return one, two, three


def outcome(run: Run) -> str:
    """Return one line on how a run ended."""
    status = run.status
    if status["state"] == "stopped":
        value = "" if status["value"] is None else f", value {status['value']:.4g}"
        since = run.description.stopped_ps(status)
        early = status["phase"] == "equilibration"
        time = since if early else since - run.description.equilibration_ps
        when = f"in equilibration at {time:.6g} ps" if early else f"at {time:.6g} ps of the production"
        return f"stopped {when}, step {status['step']}: {status['message']}; guard '{status['guard']}'{value}"
    speed = f"{status.get('ns_per_day', 0):.3g} ns/day, {status.get('katom_step_per_s', 0):.3g} katom-step/s"
    return f"{status.get('message', status['state'])}, {speed}"
