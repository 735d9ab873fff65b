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
    config: Config = None,
) -> None:
    """Measure a run: density, structure, diffusion, bonds, energy drift, speed.

    Writes observables.yaml, and PNG plots with a CSV beside each, into the run directory.

    \b
    For example:
      decant analyze runs/mace-a
      decant analyze runs/mace-a --skip 5ps --viscosity 0.9
    """
    from decant.analyze import analyze, as_text
    from decant.protocol import parse_length

    skip_ps = None if skip is None else parse_length(skip, or_zero=True)
    print(as_text(analyze(run, skip_ps, viscosity)))
