"""``decant check``: whether LAMMPS and Python agree on a potential."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from decant.cli.options import Config, whole_numbers


def command(
    potential: Annotated[Path, typer.Argument(help="Directory of 'decant export'.")],
    data: Annotated[
        Path | None,
        typer.Argument(
            help="Frames in the house form, for example test.extxyz.",
            show_default="the examples stored with the potential",
        ),
    ] = None,
    ranks: Annotated[
        str | None,
        typer.Option(help="Numbers of MPI ranks, with commas.", show_default="1,2; 1 where Python computes the forces"),
    ] = None,
    limit: Annotated[int | None, typer.Option(help="Use at most so many frames, evenly spread.", min=1)] = None,
    config: Config = None,
) -> None:
    """Compare energy, forces and virial of LAMMPS with those of the Python calculator.

    Without data, LAMMPS is compared with what the Python calculator said of a few made-up configurations at export:
    that is quick, and needs none of its packages.

    Exits with code 1 if they differ by more than rounding explains, or a frame or LAMMPS fails. The result is written
    into the card.

    \b
    For example:
      decant check potentials/mace-a
      decant check potentials/mace-a data/ec-emc/test.extxyz --ranks 1,2,4 --limit 5
    """
    from decant.verbs.check import check

    done = check(potential, data, ranks=None if ranks is None else whole_numbers("--ranks", ranks), limit=limit)
    typer.echo(done)
    if not done.passed:
        raise typer.Exit(1)
