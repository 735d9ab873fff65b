"""`decant status`: how a study stands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from decant.cli.options import Config


def command(
    folder: Annotated[Path, typer.Argument(help="Folder of a study.")],
    jobs: Annotated[bool, typer.Option("--jobs", help="List every job as well.")] = False,
    config: Config = None,
) -> None:
    """Show which jobs of a study are done, run, failed or wait, with times; failed ones with the end of their log.

    It only reads, so it can be used at any time: while a run goes on, also on another computer that sees the folder,
    and after a kill. The exit code is 1 if a job failed, as that of decant run.

    \b
    For example:
      decant status study
      decant status study --jobs
      watch -n 10 decant status study
    """
    from decant.workflow.status import read_status
    from decant.workflow.status_text import status_text

    status = read_status(folder)
    typer.echo(status_text(status, jobs))
    if status.failed:
        raise typer.Exit(1)
