"""`decant analyze`: measure a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from decant.cli.options import Config


def command(
    run: Annotated[Path, typer.Argument(help="Run directory that decant simulate made.")],
    skip: Annotated[
        float | None,
        typer.Option(help="Measure from this time on, ps. Without it, the end of equilibration is detected.", min=0.0),
    ] = None,
    viscosity: Annotated[
        float | None,
        typer.Option(help="Viscosity of the liquid, mPa s, for the Yeh-Hummer correction of diffusion.", min=1e-6),
    ] = None,
    config: Config = None,
) -> None:
    """Measure a run: density, structure, diffusion, bonds, energy drift, speed.

    Writes observables.yaml, and PNG plots with a CSV beside each, into the run directory.

    Examples
    --------
        decant analyze runs/mace-a

        decant analyze runs/mace-a --skip 5 --viscosity 0.9
    """
    from decant.analyze import analyze, as_text

    print(as_text(analyze(run, skip, viscosity)))
