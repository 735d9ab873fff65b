"""`decant ready`: the potentials that come with decant."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from decant.cli.options import Config
from decant.foundation.errors import InputError


def command(
    name: Annotated[str, typer.Argument(help="Ready potential to copy; all are listed if empty.")] = "",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder of the copy.", show_default="NAME, here")
    ] = None,
    config: Config = None,
) -> None:
    """List the potentials that come with decant, or copy one to use it.

    \b
    For example:
      decant ready
      decant ready ec-emc-mace -o potentials/ec-emc-mace
    """
    from decant.potentials.potential import Potential
    from decant.potentials.ready import ready, take

    if not name and output is not None:
        raise InputError("--output is of a potential, and none is named: 'decant ready' lists them")
    if name:
        typer.echo(f"written: {take(name, output or Path(name))!r}")
        return
    for folder in ready().values():
        potential = Potential.open(folder)
        typer.echo(f"{folder.name}  {potential.algorithm}, {' '.join(potential.elements)}, {potential.cutoff:g} A")
        for key, heads in (("good_for", "for"), ("not_for", "not for")):
            for line in potential.card.get("use", {}).get(key, []):
                typer.echo(f"  {heads}: {line}")
