"""`decant select`: the frames of a set that tell most."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from decant.cli.options import Config, Seed


def command(
    sources: Annotated[list[Path], typer.Argument(help="Data in decant's form, with labels or without; joined.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write, frames in the order chosen.")],
    count: Annotated[int | None, typer.Option("--count", "-n", help="Most frames to choose.", min=1)] = None,
    seconds: Annotated[
        float | None, typer.Option(help="Most seconds that labelling them may take on one core.", min=0.0)
    ] = None,
    method: Annotated[
        str, typer.Option(help="Reference method that labels a few frames for --seconds; else known times are used.")
    ] = "",
    known: Annotated[list[Path] | None, typer.Option(help="Data that count as chosen already; may repeat.")] = None,
    descriptors: Annotated[
        str, typer.Option(help="soap, or mace:PATH of an exported potential or of a fit that you trust.")
    ] = "soap",
    min_distance: Annotated[
        float, typer.Option(help="Least distance of descriptors between two frames chosen.", min=0.0, max=2.0)
    ] = 0.0,
    min_deviation: Annotated[float | None, typer.Option(help="Least force deviation max_devi_f, eV/A.")] = None,
    max_deviation: Annotated[float | None, typer.Option(help="Largest force deviation max_devi_f, eV/A.")] = None,
    potential: Annotated[
        list[Path] | None,
        typer.Option(help="Member of a committee whose force deviation is computed; give two or more."),
    ] = None,
    random: Annotated[
        bool, typer.Option("--random", help="Choose by chance; fewer of the same data and seed lie inside more.")
    ] = False,
    seed: Seed = 0,
    config: Config = None,
) -> None:
    """Choose frames that are far from what is known and from each other.

    Frames that repeat a geometry are never chosen twice. Of isolated atoms one of each element is kept; they do not
    count. With --random the choice is by chance; without --count that is all, in the order of the files, so that files
    are joined.

    \b
    For example:
      decant select labelled.extxyz -n 200 -o chosen.extxyz
      decant select candidates.extxyz -n 50 --known data/train.extxyz -o next.extxyz
      decant select md.extxyz -n 50 --potential potentials/a --potential potentials/b --min-deviation 0.1 \\
        --max-deviation 1 -o next.extxyz
      decant select configurations.extxyz --seconds 3600 --method gfn2-xtb -o chosen.extxyz
      decant select liquid.extxyz clusters.extxyz --random -n 100 --seed 1 -o part.extxyz
    """
    from decant.verbs.select import select

    done = select(
        sources, output, count=count, seconds=seconds, method=method, known=known, descriptors=descriptors,
        min_distance=min_distance, min_deviation=min_deviation, max_deviation=max_deviation, potential=potential,
        random=random, seed=seed,
    )  # fmt: skip
    typer.echo(done)
