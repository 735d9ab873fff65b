"""`decant label`: energies, forces and virials from a reference method."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from decant.cli.options import Config
from decant.errors import InputError


def command(
    source: Annotated[Path, typer.Argument(help="Configurations in decant's form.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Labelled file to write.")],
    method: Annotated[
        str, typer.Option(help="Reference method: gfn2-xtb or gfn1-xtb, or one that a package adds.")
    ] = "gfn2-xtb",
    jobs: Annotated[int, typer.Option(help="Worker processes; 0 takes every core.", min=0)] = 0,
    config: Config = None,
) -> None:
    """Label configurations; run again after an interruption, it continues.

    Finished labels are kept in OUTPUT.journal. Frames that the method fails on are listed in OUTPUT.rejects.csv.

    \b
    For example:
      decant label configurations.extxyz -o labelled.extxyz
      decant label configurations.extxyz -o labelled.extxyz --method gfn1-xtb --jobs 4
    """
    from decant.dataset import read_frames, write_frames
    from decant.import_frames import Reject, write_rejects
    from decant.label import label_frames
    from decant.labels.base import labeler
    from decant.lammps.command import available_cores

    reference = labeler(method)
    frames = read_frames(source, labelled=False)
    result = label_frames(frames, reference, Path(f"{output}.journal"), jobs or available_cores())
    rejects = Path(f"{output}.rejects.csv")
    write_rejects(rejects, [Reject(index, None, reason) for index, reason in result.failures])
    if not result.frames:
        raise InputError(f"{source}: {method} failed on every frame; frame 0: {result.failures[0][1]}")
    write_frames(output, result.frames)
    typer.echo(f"labelled: {len(result.frames)} frames with {method}, {len(result.failures)} left out ({rejects})")
    for index, reason in result.failures[:10]:
        typer.echo(f"  frame {index}: {reason}")
    typer.echo(f"written: {output}")
