"""`decant learn`: active learning."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from decant.cli.options import Config


def command(
    settings: Annotated[Path, typer.Argument(help="YAML file that says what to do; see docs/learn.md.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder for everything; by default the file's name, bare.")
    ] = None,
    config: Config = None,
) -> None:
    """Collect training data by active learning: fit a committee, explore, label where it disagrees, and again.

    Run again after an interruption, it continues; with a larger budget under 'stop', too. Each generation leaves its
    data, models, potentials, runs and labelled frames in gen-K, and a row in table.csv. At the end labelled.extxyz
    holds the initial frames and all that were collected.

    \b
    For example, with learn.yaml
      algorithm: mace
      initial: [labelled.extxyz]
      states:
        - {liquid: "EC:2,EMC:4", temperature: [300, 500], pressure: 3000, length: 2ps}
      deviation: [0.1, 0.5]
      stop: {generations: 3, accurate: 0.95}
    this fits committees, and writes frames that either algorithm can be fitted to:
      decant learn learn.yaml -o learned
      decant split learned/labelled.extxyz -o data
    """
    from decant.verbs.learn import learn

    typer.echo(learn(settings, output))
