"""`decant trust`: whether a potential can be trusted with a liquid that it has not seen."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from decant.cli.options import Config, Ranks, Seed


def command(
    potential: Annotated[Path, typer.Argument(help="Folder of an exported potential.")],
    liquid: Annotated[str, typer.Option(help="Liquid, NAME or NAME:SHARE,NAME:SHARE; names or SMILES.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for samples, labels, runs and the verdict.")],
    home: Annotated[
        str | None, typer.Option(help="Liquid to compare with; that of the potential's training data.")
    ] = None,
    method: Annotated[
        str | None, typer.Option(help="Reference method, as of 'decant label'; that of the training data.")
    ] = None,
    settings: Annotated[Path | None, typer.Option(help="YAML file with settings of the method.")] = None,
    configurations: Annotated[
        int, typer.Option(help="Molecules alone to label for each liquid, and boxes; twice as many pairs.", min=2)
    ] = 8,
    atoms: Annotated[int, typer.Option(help="About how many atoms the dynamics of each liquid has.", min=1)] = 200,
    length: Annotated[str, typer.Option(help="Length of the dynamics of each liquid, with unit fs or ps.")] = "500fs",
    temperature: Annotated[float, typer.Option(help="Temperature of samples and dynamics, K.")] = 298.0,
    pressure: Annotated[float, typer.Option(help="Pressure of the dynamics, bar.")] = 1.0,
    seed: Seed = 1,
    ranks: Ranks = 1,
    jobs: Annotated[int, typer.Option(help="Processes that label; 0 takes every core.", min=0)] = 0,
    config: Config = None,
) -> None:
    """Judge a potential on a liquid: which part of it is wrong, the molecule, the pairs or the liquid.

    A few molecules, pairs and boxes are built and labelled at the potential's own level of theory, and so are as many
    of the liquid that it was trained on; both are run for a moment. The verdict is that of the comparison.
    Killed, the same command continues.

    \b
    For example:
      decant trust potentials/mace-a --liquid DME -o trust/dme
      decant trust potentials/mace-a --liquid EC:1,DMC:2 --pressure 3000 --ranks 2 -o trust/ec-dmc
      decant trust potentials/dft-a --liquid PC --method cp2k:pbe-d3 --home EC:1,EMC:2 --configurations 4 -o trust/pc
    """
    from decant.foundation.files import read_yaml
    from decant.verbs.trust import trust

    done = trust(
        potential, output, liquid=liquid, method=method, settings=read_yaml(settings) if settings else None, home=home,
        temperature=temperature, pressure=pressure, length=length, configurations=configurations, atoms=atoms,
        ranks=ranks, jobs=jobs, seed=seed,
    )  # fmt: skip
    typer.echo(done)
