"""``decant export``: a fitted model as a potential that LAMMPS runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from decant.cli.options import Config


def command(
    model: Annotated[
        Path,
        typer.Argument(
            help="Directory of 'decant fit', a .model, .pth or .pt file you trust, the name of a published model, or a"
            " calculator: gfn2-xtb, or the .yaml that describes one."
        ),
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="Directory of the potential.")],
    precision: Annotated[
        str | None,
        typer.Option(help="Arithmetic of the LAMMPS run: double or single. A Deep Potential runs as it was trained."),
    ] = None,
    elements: Annotated[
        str | None,
        typer.Option(help="Elements to keep, as in H,C,O: needed where a model knows many."),
    ] = None,
    head: Annotated[str | None, typer.Option(help="Head to export, where a model has several.")] = None,
    charge: Annotated[
        int | None,
        typer.Option(help="Total charge of the system, where a model is one for any: 0 unless given."),
    ] = None,
    spin: Annotated[
        int | None,
        typer.Option(help="Multiplicity of the system, where a model is one for any: 1 unless given."),
    ] = None,
    format: Annotated[
        str | None,
        typer.Option(help="Forms to write besides: mliap, libtorch or both, for a LAMMPS built so. MACE only."),
    ] = None,
    beside: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            help="What runs beside the model: d3:FUNCTIONAL (dispersion), zbl:INNER:OUTER, lines of LAMMPS as in "
            "'lj/cut 10.0; * * 0.001 3.0', or none. May be repeated.",
            show_default="what was taken off its labels",
        ),
    ] = None,
    good_for: Annotated[
        list[str] | None, typer.Option(help="A sentence for the card: what it was tried for. May be repeated.")
    ] = None,
    not_for: Annotated[
        list[str] | None, typer.Option(help="A sentence for the card: what not to trust it with. May be repeated.")
    ] = None,
    config: Config = None,
) -> None:
    """Export a fitted model as a potential: model file, LAMMPS lines and a card.

    Model files of torch are pickles, and reading one runs the code it contains: export only what you trust. The
    potential itself contains no pickle of MACE, unless --format mliap asks for that form beside ours.

    \b
    For example:
      decant export models/mace-a -o potentials/mace-a
      decant export downloaded.model -o potentials/theirs --precision single
      decant export mace-off23-small -o potentials/off --elements H,C,O
      decant export mace-mpa-0-medium.model -o potentials/mpa --elements H,C,O
      decant export DPA-3.1-3M -o potentials/dpa --head Domains_Drug --elements H,C,O
      decant export gfn2-xtb -o potentials/gfn2 --elements H,C,O
      decant export mace-omol-0 -o potentials/omol --elements H,C,O --charge -1 --spin 2
      decant export models/mace-a -o potentials/mace-a --format mliap,libtorch
      decant export models/pbe -o potentials/pbe-d3 --with d3:pbe
      decant export models/pbe -o potentials/pbe-d3 --with d3:pbe:zero:15:10 --with zbl:0.8:1.2
      decant export models/mace-a -o potentials/mace-a --good-for "EC/EMC, 250-350 K" --not-for "any other solvent"
    """
    from decant.verbs.export import export

    done = export(
        model, output, precision=precision, elements=elements, head=head, charge=charge, spin=spin,
        format=format or (), beside=beside, good_for=good_for or (), not_for=not_for or (),
    )  # fmt: skip
    typer.echo(done)
