"""`decant init`: a study file to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from decant.cli.options import Config
from decant.foundation.errors import InputError


def command(
    output: Annotated[Path, typer.Option("--output", "-o", help="Study file to write; an existing one stays.")] = Path(
        "study.yaml"
    ),
    config: Config = None,
) -> None:
    """Write a commented study of EC/EMC: change the liquid, the data sets and the times to your own.

    \b
    For example:
      decant init -o study.yaml
      decant validate study.yaml
    """
    from decant.foundation.files import write_beside
    from decant.workflow import TEMPLATE

    if output.exists():
        raise InputError(f"{output}: is there already; give another name to -o")
    with write_beside(output) as temporary:
        temporary.write_text(TEMPLATE.read_text(encoding="utf-8"), encoding="utf-8")
    typer.echo(f"written: {output}; next: decant validate {output}")
