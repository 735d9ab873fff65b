"""`decant validate`: what a study is, and what it will cost."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from decant.cli.options import Config


def command(
    study: Annotated[Path, typer.Argument(help="Study file; see docs/study.md.")],
    cores: Annotated[int, typer.Option(help="Cores for the estimate.", min=1)] = 2,
    config: Config = None,
) -> None:
    """Check a study file against everything it names, and show its matrix and its cost before anything runs.

    The cost is an estimate: limits that the study sets, and speeds that were measured on one machine (docs/study.md).

    \b
    For example:
      decant validate study.yaml
      decant validate study.yaml --cores 16
    """
    from decant.workflow.execute import load
    from decant.workflow.jobs import study_jobs
    from decant.workflow.matrix import cost_table, matrix

    content = load(study)[1]
    typer.echo(matrix(content))
    typer.echo("")
    typer.echo(cost_table(study_jobs(content), cores))
