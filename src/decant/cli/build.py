"""`decant build`: configurations from recipes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from decant.cli.options import Config, Seed


def command(
    source: Annotated[
        Path, typer.Argument(help="YAML list of recipes: recipe, count, parameters and, if wished, seed.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Configurations to write, without labels.")],
    seed: Seed = 0,
    config: Config = None,
) -> None:
    """Make configurations from recipes: isolated atoms, single molecules, clusters, packed liquids.

    \b
    For example, with recipes.yaml
      - {recipe: atom, parameters: {elements: "H,C,O"}}
      - {recipe: monomer, count: 20, parameters: {molecule: EC, temperature: [200, 800]}}
      - {recipe: cluster, count: 40, parameters: {molecules: "EC,EMC", size: [2, 3], temperature: [200, 600]}}
      - {recipe: liquid, count: 50, parameters: {liquid: "EC:2,EMC:4", density: [0.9, 1.3], temperature: [200, 600]}}
    this makes the file that 'decant label' takes:
      decant build recipes.yaml -o configurations.extxyz --seed 1
    """
    from decant.configurations.base import build_entry, read_recipes
    from decant.dataset import write_frames
    from decant.progress import Progress

    entries = read_recipes(source)
    frames = []
    with Progress("build", sum(entry.get("count", 1) for entry in entries), "frames") as progress:
        for number, entry in enumerate(entries):
            made = build_entry(entry, number, seed)
            frames += made
            progress.update(progress.done + entry.get("count", 1), f"{entry['recipe']}")
            typer.echo(f"{entry['recipe']}: {len(made)} frames of {_sizes([len(atoms) for atoms in made])} atoms")
    write_frames(output, frames)
    typer.echo(f"written: {output} ({len(frames)} frames)")


def _sizes(sizes: list[int]) -> str:
    return str(sizes[0]) if min(sizes) == max(sizes) else f"{min(sizes)} to {max(sizes)}"
