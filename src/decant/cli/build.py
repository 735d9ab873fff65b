"""`decant build`: configurations from recipes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from decant.cli.options import Config, Seed


def command(
    source: Annotated[
        Path, typer.Argument(help="YAML list of recipes: recipe, count, parameters and, if wished, seed.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Configurations to write, without labels.")],
    seed: Seed = 0,
    config: Config = None,
) -> None:
    """Make configurations from recipes; 'decant recipes' lists what there is.

    Killed, it continues: finished entries are kept in OUTPUT.entries until the whole file is written.

    \b
    For example, with recipes.yaml
      - {recipe: atom, parameters: {elements: "H,C,O"}}
      - {recipe: monomer, count: 20, parameters: {molecule: EC, temperature: [200, 800]}}
      - {recipe: cluster, count: 40, parameters: {molecules: "EC,EMC", size: [2, 3], temperature: [200, 600]}}
      - {recipe: liquid, count: 50, parameters: {liquid: "EC:2,EMC:4", density: [0.9, 1.3], temperature: [200, 600]}}
      - {recipe: volume-scan, count: 24, parameters: {liquid: "EC:3,EMC:7", atoms: 160, density: 1.1}}
    this makes the file that 'decant label' takes:
      decant build recipes.yaml -o configurations.extxyz --seed 1
    """
    from decant.verbs.build import build

    typer.echo(build(source, output, seed=seed))
