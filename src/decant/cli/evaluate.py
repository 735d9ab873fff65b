"""``decant evaluate``: errors on labelled frames."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from decant.cli.options import Config


def command(
    target: Annotated[
        Path, typer.Argument(help="Directory of 'decant fit' or 'decant export', or a model file you trust.")
    ],
    data: Annotated[Path, typer.Argument(help="Labelled frames in the house form, for example test.extxyz.")],
    limit: Annotated[int | None, typer.Option(help="Use at most so many frames, evenly spread.", min=1)] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="File for the errors, instead of a fit's errors.yaml or a potential's card."
        ),
    ] = None,
    predictions: Annotated[
        Path | None, typer.Option(help="File for the frames with what was predicted: energy, forces, virial.")
    ] = None,
    config: Config = None,
) -> None:
    """Measure errors of energy, force and virial, the force also in its molecular parts.

    The result is written into errors.yaml of a fit, or into the card of a potential.

    \b
    For example:
      decant evaluate models/mace-a data/ec-emc/test.extxyz
      decant evaluate potentials/mace-a hot.extxyz -o hot-errors.yaml --predictions hot-predicted.extxyz
    """
    from decant.verbs.evaluate import evaluate

    typer.echo(evaluate(target, data, limit=limit, output=output, predictions=predictions))
