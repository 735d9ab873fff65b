"""``decant export``: a fitted model as a potential that LAMMPS runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from decant.cli.options import Config


def command(
    model: Annotated[Path, typer.Argument(help="Directory of 'decant fit', or a .model, .pth or .pt file you trust.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Directory of the potential.")],
    precision: Annotated[str, typer.Option(help="Arithmetic of the LAMMPS run: double or single.")] = "double",
    config: Config = None,
) -> None:
    """Export a fitted model as a potential: model file, LAMMPS lines and a card.

    Model files of torch are pickles, and reading one runs the code it contains: export only what you trust. The
    potential itself contains no pickle of MACE.

    \b
    For example:
      decant export models/mace-a -o potentials/mace-a
      decant export downloaded.model -o potentials/theirs --precision single
    """
    from decant.potential import export

    potential, new = export(model, output, precision)
    said = "written" if new else "is up to date"
    typer.echo(
        f"{potential.path}: {said}: {potential.algorithm}, {' '.join(potential.elements)}, "
        f"cutoff {potential.cutoff:g} A, {potential.precision} precision"
    )
