"""`decant split`: train, valid and test parts that share no group."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from decant.cli.options import Config, Seed
from decant.foundation.errors import InputError


def command(
    sources: Annotated[list[Path], typer.Argument(help="Labelled data in decant's form; several files are joined.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for train, valid and test.extxyz.")],
    fractions: Annotated[str, typer.Option(help="Shares of train, valid and test.")] = "0.8,0.1,0.1",
    seed: Seed = 0,
    apart: Annotated[
        list[Path] | None,
        typer.Option("--without", help="Data kept for tests: frames that repeat one of its geometries are left out."),
    ] = None,
    config: Config = None,
) -> None:
    """Divide labelled data into train, valid and test; a group of related frames is never divided.

    Frames of equal geometry are put into one group first. Isolated atoms go into train.

    \b
    For example:
      decant split data/ec-emc.extxyz -o data/ec-emc/
      decant split all.extxyz -o data/ --fractions 0.9,0.1,0 --without test.extxyz
      decant split packed.extxyz sampled.extxyz -o data/ --fractions 0.7,0.15,0.15 --seed 3
    """
    from decant.verbs.split import split

    try:
        train, valid, test = (float(share) for share in fractions.split(","))
    except ValueError as error:
        raise InputError(f"--fractions {fractions}: expected three numbers, for example 0.8,0.1,0.1") from error
    typer.echo(split(sources, output, fractions=(train, valid, test), seed=seed, without=apart))
