"""`decant compare`: set runs beside each other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from decant.cli.options import Config


def command(
    runs: Annotated[list[Path], typer.Argument(help="Run directories that decant analyze has measured.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Directory for summary.png and summary.html.")] = Path(
        "summary"
    ),
    potential: Annotated[
        list[Path] | None,
        typer.Option(help="Potential of each run, in the same order; by default the one that the run names."),
    ] = None,
    reference: Annotated[
        Path | None,
        typer.Option(help="Reference values to show beside, in the YAML that decant score takes, or as CSV."),
    ] = None,
    config: Config = None,
) -> None:
    """Set analysed runs beside each other: a table, a page of plots and an HTML file with both.

    \b
    For example:
      decant compare runs/mace-a runs/dp-a -o summary
    """
    from decant.verbs.compare import compare

    print(compare(runs, output, potential=potential, reference=reference))
