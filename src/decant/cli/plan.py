"""`decant plan`: speed, memory and cost of a large run before it is started."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from decant.cli.options import Config


def command(
    potential: Annotated[Path, typer.Argument(help="Folder of an exported potential.")],
    atoms: Annotated[
        float | None, typer.Option(help="Atoms of the run, for example 1e6; with --gpu 20000 by default.", min=1)
    ] = None,
    length: Annotated[str | None, typer.Option(help="Length of the run, with unit fs, ps or ns.")] = None,
    gpu: Annotated[
        str | None,
        typer.Option(help="A card that is not at hand: a100, h100 or h200; counts a step of MACE on one."),
    ] = None,
    cores: Annotated[
        int | None, typer.Option(help="CPU cores in all; by default those of this machine.", min=1)
    ] = None,
    gpus: Annotated[int, typer.Option(help="GPUs instead, one rank each.", min=0)] = 0,
    threads: Annotated[int, typer.Option(help="OpenMP threads of each rank.", min=1)] = 1,
    timestep: Annotated[float, typer.Option(help="Time step, fs.", min=0.001)] = 0.5,
    bench: Annotated[
        list[Path] | None, typer.Option(help="Output of 'decant bench' on such a machine; may be repeated.")
    ] = None,
    run: Annotated[list[Path] | None, typer.Option(help="Run directory to take a speed from; may be repeated.")] = None,
    liquid: Annotated[str, typer.Option(help="What to measure here if nothing is given.")] = "EC:4,EMC:8",
    as_json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON.")] = False,
    config: Config = None,
) -> None:
    """Say what a large run will take: ns/day, wall time, core-hours or GPU-hours, memory of a rank.

    From measured speeds (--bench, --run, or a minute of measuring here) and the scaling model of docs/plan.md. Answers
    are ranges; what was measured and what is assumed is told. With --gpu no run is planned: bytes and operations of
    each kernel are counted from the MACE, and held to the card's published rates and memory.

    \b
    For example:
      decant plan potentials/mace-a --atoms 1e6 --length 10ns --cores 128 --bench bench/mace-a
      decant plan potentials/dp-a --atoms 1e6 --length 10ns --gpus 64 --bench bench/dp-a-gpu
      decant plan potentials/mace-a --gpu h100
    """
    from decant.verbs.plan import plan

    done = plan(
        potential, atoms=atoms, length=length, gpu=gpu, cores=cores, gpus=gpus, threads=threads, timestep=timestep,
        bench=bench, run=run, liquid=liquid,
    )  # fmt: skip
    print(json.dumps(done.as_mapping(), indent=2) if as_json else done)
