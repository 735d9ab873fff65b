"""`decant score`: score a run against a reference."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from decant.cli.options import Config


def command(
    run: Annotated[Path, typer.Argument(help="Run directory that decant analyze has measured.")],
    reference: Annotated[
        list[str] | None,
        typer.Option(help="experiment (the default), a YAML or CSV file, or an analysed run; several runs are pooled."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; score.yaml in the run directory by default.")
    ] = None,
    config: Config = None,
) -> None:
    """Score a run from 0 to 1: how long it stayed physical, and how its density and diffusion agree with a reference.

    docs/score.md has the formula.

    \b
    For example:
      decant score runs/dmc
      decant score runs/dmc --reference dmc.yaml -o scores/dmc.yaml
      decant score runs/dmc --reference reference/1 --reference reference/2
    """
    from decant.verbs.score import score

    print(score(run, reference=reference, output=output))
