"""`decant analyze`: measure a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from decant.cli.options import Config


def command(
    run: Annotated[Path, typer.Argument(help="Run directory that decant simulate made.")],
    skip: Annotated[
        str | None,
        typer.Option(help="Measure from this time on, with unit fs, ps or ns. Without it, equilibration is detected."),
    ] = None,
    viscosity: Annotated[
        float | None,
        typer.Option(help="Viscosity of the liquid, mPa s, for the Yeh-Hummer correction of diffusion.", min=1e-6),
    ] = None,
    jobs: Annotated[
        int, typer.Option(help="Processes that read the trajectory; 0 takes as many as pay at its size.", min=0)
    ] = 0,
    config: Config = None,
) -> None:
    """Measure a run: density, structure, diffusion, bonds, energy drift, speed.

    Writes observables.yaml, and PNG plots with a CSV beside each, into the run directory.
    Under mpirun every rank reads; the first one alone writes. Memory does not grow with the length of the trajectory.

    \b
    For example:
      decant analyze runs/mace-a
      decant analyze runs/mace-a --skip 5ps --viscosity 0.9
      decant analyze runs/long --jobs 8
      mpirun -np 64 decant analyze runs/long
    """
    from decant.foundation.ranks import other_ranks
    from decant.verbs.analyze import analyze

    with other_ranks() as ranks:
        if ranks.leads:
            print(analyze(run, skip=skip, viscosity=viscosity, jobs=jobs, ranks=ranks))
