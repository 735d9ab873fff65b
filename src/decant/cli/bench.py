"""`decant bench`: speed, memory and share of time per kernel of potentials in LAMMPS."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from decant.cli.options import Config, whole_numbers


def command(
    potentials: Annotated[list[Path], typer.Argument(help="Folders of exported potentials.")],
    atoms: Annotated[str, typer.Option(help="Sizes, with commas; nearest number of boxes.")] = "160,1280",
    ranks: Annotated[str, typer.Option(help="Numbers of MPI ranks, with commas.")] = "1,2",
    threads: Annotated[str, typer.Option(help="Numbers of OpenMP threads of each rank, with commas.")] = "1",
    liquid: Annotated[str, typer.Option(help="Composition of the box, NAME:COUNT,NAME:COUNT.")] = "EC:4,EMC:8",
    density: Annotated[float, typer.Option(help="Density of the box, g/cm3.")] = 1.0,
    system: Annotated[
        Path | None,
        typer.Option(help="LAMMPS data file, or extended XYZ file (its last frame), instead of a packed box."),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(
            help="What MACE runs on: cpu, cuda, cuda:1, opencl; by default what DECANT_DEVICE says, or the CPU."
        ),
    ] = None,
    temperature: Annotated[float, typer.Option(help="Temperature, K.", min=1.0)] = 300.0,
    timestep: Annotated[float, typer.Option(help="Time step, fs; ns/day is for it.", min=0.001)] = 0.5,
    steps: Annotated[
        int | None, typer.Option(help="Steps of a timed run; by default as many as take about 10 s.", min=1)
    ] = None,
    repeats: Annotated[int, typer.Option(help="Timed runs of each configuration.", min=1)] = 3,
    oversubscribe: Annotated[
        bool, typer.Option("--oversubscribe", help="Measure also more ranks times threads than there are cores.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder for bench.yaml, bench.csv and bench.png.")
    ] = None,
    config: Config = None,
) -> None:
    """Measure speed, memory and share of time per kernel in LAMMPS, over sizes, ranks and threads.

    The box is repeated to each size. A spring holds each atom near its place, so any potential will do. Configurations
    take turns; leave the machine alone meanwhile. Memory is the peak of rank 0, and its part before the first step.

    \b
    For example:
      decant bench potentials/mace-a --atoms 160,1280 --ranks 1,2 --threads 1,2 -o bench/mace-a
      decant bench potentials/mace-a --device cuda --atoms 160,1280,20000,160000 --ranks 1 -o bench/mace-a-gpu
      decant bench potentials/mace-a potentials/dp-a --system runs/mace-a/system.data --atoms 1280
    """
    from decant.verbs.bench import bench

    done = bench(
        potentials, atoms=whole_numbers("--atoms", atoms), ranks=whole_numbers("--ranks", ranks),
        threads=whole_numbers("--threads", threads), liquid=liquid, density=density, system=system, device=device,
        temperature=temperature, timestep=timestep, steps=steps, repeats=repeats, oversubscribe=oversubscribe,
        output=output,
    )  # fmt: skip
    print(done)
