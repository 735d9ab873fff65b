"""`decant simulate`: molecular dynamics of a packed liquid with an exported potential."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from decant.cli.options import Config, Ranks, Seed


def command(
    potential: Annotated[Path, typer.Argument(help="Folder of an exported potential.")],
    liquid: Annotated[str, typer.Option(help="Composition, NAME:COUNT,NAME:COUNT; names or SMILES.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Run directory.")],
    copies: Annotated[int, typer.Option(help="How many times the composition goes into the box.")] = 1,
    ensemble: Annotated[str, typer.Option(help="npt, nvt or nve.")] = "npt",
    temperature: Annotated[float, typer.Option(help="Temperature, K.")] = 298.0,
    pressure: Annotated[float, typer.Option(help="Pressure, bar (npt).")] = 1.0,
    length: Annotated[str, typer.Option(help="Length of the production, with unit fs, ps or ns.")] = "20ps",
    equilibration: Annotated[
        str | None, typer.Option(help="Length of the equilibration before it; a quarter of it by default.")
    ] = None,
    density: Annotated[
        float | None, typer.Option(help="Density of the packed start, g/cm3; by default that of the mixed solvents.")
    ] = None,
    timestep: Annotated[float, typer.Option(help="Time step, fs.")] = 0.5,
    seed: Seed = 1,
    ranks: Ranks = 1,
    threads: Annotated[int, typer.Option(help="OpenMP threads of each rank.", min=1)] = 1,
    config: Config = None,
) -> None:
    """Run molecular dynamics of a packed liquid in LAMMPS, or continue an interrupted run.

    The same command on an interrupted run goes on from its last restart file, and leaves a finished one as it is.
    A run that goes wrong (temperature, density, a stretched bond) is stopped and says so: that is a result.

    \b
    For example:
      decant simulate potentials/mace-a --liquid EC:4,EMC:8 --copies 4 --length 20ps --ranks 2 -o runs/mace-a
      decant simulate potentials/dp-a --liquid EC:12 --ensemble nvt --temperature 313 --density 1.3 -o runs/ec
    """
    from decant.protocol import Protocol, parse_length
    from decant.simulate import simulate

    protocol = Protocol(
        potential=potential,
        liquid=liquid,
        copies=copies,
        ensemble=ensemble,
        temperature=temperature,
        pressure=pressure,
        length_ps=parse_length(length),
        equilibration_ps=None if equilibration is None else parse_length(equilibration),
        density=density,
        timestep_fs=timestep,
        seed=seed,
    )
    status = simulate(protocol, output, ranks, threads).status
    if status["state"] == "stopped":
        value = "" if status["value"] is None else f" ({status['value']:.4g})"
        print(
            f"{output}: stopped at {status['time_ps']:g} ps of the production: {status['message']}{value};"
            f" guard '{status['guard']}', step {status['step']}"
        )
    else:
        print(
            f"{output}: {status['state']}, {status.get('ns_per_day', 0):.3g} ns/day,"
            f" {status.get('katom_step_per_s', 0):.3g} katom-step/s"
        )
