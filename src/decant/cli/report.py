"""`decant report`: the report of a study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from decant.cli.options import Config


def command(
    folder: Annotated[Path, typer.Argument(help="Folder of a study, finished or not.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="HTML file to write; report.html in the folder by default.")
    ] = None,
    config: Config = None,
) -> None:
    """Report a study: findings in sentences, tables and figures in one HTML file that needs nothing beside it.

    What there is of an unfinished study is shown, and what is missing is said. The numbers of every table and figure
    are written as CSV into a folder beside the file.

    \b
    For example:
      decant report studies/carbonates
      decant report studies/carbonates -o public/carbonates.html
    """
    from decant.verbs.report import report

    written = report(folder, output)
    print(f"wrote {written}, and the numbers behind it in {written.with_suffix('')}/")
