"""`decant watch`: how work stands while it goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from decant.cli.options import Config


def command(
    folder: Annotated[Path, typer.Argument(help="Folder of a run, a fit, active learning or a study.")],
    every: Annotated[str, typer.Option(help="Time between two looks, such as 2s or 1min.")] = "5s",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="HTML file to write at each look; a browser loads it anew.")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Look once, and do not wait for the end.")] = False,
    config: Config = None,
) -> None:
    """Watch a run, a fit, active learning or a study: how far it is, its course, and the time that is left.

    It only reads files, so it can be used at any time, also on another computer that sees the folder. It ends with
    what it watches.

    \b
    For example:
      decant watch runs/mace-a
      decant watch models/mace-a -o watch.html
      decant watch study --every 1min
    """
    from decant.foundation.units import duration
    from decant.watching.watch import watch

    watch(folder, duration(every), output, once=once)
