"""`decant inspect`: a set of frames at a glance."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from decant.cli.options import Config


def command(
    source: Annotated[Path, typer.Argument(help="Data in decant's form, or a folder of decant split.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder for inspect.html, inspect.png and frames.csv.")
    ] = None,
    against: Annotated[
        list[Path] | None, typer.Option(help="Other data that must not share a frame with these; may repeat.")
    ] = None,
    descriptors: Annotated[
        str, typer.Option(help="Of the coverage map: soap, or mace:PATH of a potential or a fit that you trust.")
    ] = "soap",
    config: Config = None,
) -> None:
    """Describe data: counts and ranges by recipe, compositions, duplicates and leaks; with -o as a page of plots, too.

    \b
    For example:
      decant inspect labelled.extxyz
      decant inspect data/ -o inspected
      decant inspect chosen.extxyz --against data/test.extxyz
    """
    from decant.verbs.inspect import inspect

    typer.echo(inspect(source, output=output, against=against, descriptors=descriptors))
