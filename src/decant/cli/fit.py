"""``decant fit``: train a potential."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from decant.cli.options import Config, Seed


def command(
    algorithm: Annotated[
        str, typer.Argument(help="Which algorithm: mace or deepmd, or one that an installed package adds.")
    ],
    data: Annotated[
        Path, typer.Argument(help="Directory with train.extxyz, valid.extxyz and test.extxyz (decant split).")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="Model directory to write or to continue.")],
    preset: Annotated[
        str | None,
        typer.Option(
            help="quick, small, medium, paper or finetune (see models/presets), or a YAML file like them.",
            show_default="small, or finetune with --pretrained",
        ),
    ] = None,
    seed: Seed = 1,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="A setting on top of the preset; dots reach into groups. Repeatable."
        ),
    ] = None,
    max_time: Annotated[
        str | None, typer.Option(help="Wall time of the training, e.g. 90s, 30min, 2h; replaces the preset's limits.")
    ] = None,
    max_epochs: Annotated[
        int | None, typer.Option(help="Passes over the training set; replaces the preset's limits.", min=1)
    ] = None,
    pretrained: Annotated[
        str | None,
        typer.Option(
            help="Start from this: a directory of 'decant fit', a trusted model file, or a name (docs/pretrained.md).",
            show_default="random weights",
        ),
    ] = None,
    strategy: Annotated[
        str, typer.Option(help="How to start from it: naive, or (MACE only) replay, which keeps what it knew.")
    ] = "naive",
    replay: Annotated[
        Path | None,
        typer.Option(help="Labelled frames to replay: a file, or a directory with train.extxyz and valid.extxyz."),
    ] = None,
    head: Annotated[
        str | None,
        typer.Option(
            help="Head of it to start from, where it has several; of a Deep Potential also RANDOM, a new one."
        ),
    ] = None,
    evaluate: Annotated[bool, typer.Option(help="Evaluate on test.extxyz at the end, if there is one.")] = True,
    config: Config = None,
) -> None:
    """Train a potential on a data set.

    A fit that was interrupted is continued by the same command; one that is finished is left as it is, or goes on
    where --max-time or --max-epochs is longer than before.

    \b
    For example:
      decant fit mace data/ec-emc/ -o models/mace-a --preset small --seed 1
      decant fit deepmd data/ec-emc/ -o models/dp-a --max-time 30min --set model.descriptor.rcut=7
      decant fit mace data/ec-emc/ -o models/off-a --pretrained mace-off23-small
      decant fit deepmd data/ec-emc/ -o models/dp-b --pretrained DPA-3.1-3M --head Domains_Drug
    """
    from decant.verbs.fit import fit

    done = fit(
        algorithm, data, output, preset=preset, seed=seed, settings=settings or [], max_time=max_time,
        max_epochs=max_epochs, pretrained=pretrained, strategy=strategy, replay=replay, head=head,
    )  # fmt: skip
    typer.echo(done)
    test = data / "test.extxyz"
    if evaluate and test.is_file() and not (output / "errors.yaml").is_file():
        from decant.verbs.evaluate import evaluate as measure

        typer.echo(measure(output, test))
