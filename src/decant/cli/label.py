"""`decant label`: energies, forces and virials from a reference method."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from decant.cli.options import Config


def command(
    source: Annotated[Path, typer.Argument(help="Configurations in decant's form.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Labelled file to write.")],
    method: Annotated[
        str | None,
        typer.Option(
            help="Reference method: gfn2-xtb, gfn1-xtb, openff, cp2k:pbe-d3, cp2k:TEMPLATE, ase:IMPORT.PATH, "
            "potential:DIRECTORY, or one that a package adds.",
            show_default="gfn2-xtb; with --subtract, the labels of the file",
        ),
    ] = None,
    subtract: Annotated[
        str | None,
        typer.Option(help="Take dispersion off the labels, d3:FUNCTIONAL, for 'decant export --with' to add again."),
    ] = None,
    settings: Annotated[Path | None, typer.Option(help="YAML file with settings of the method.")] = None,
    override: Annotated[
        list[str] | None, typer.Option("--set", help="One setting, KEY=VALUE; may be repeated.")
    ] = None,
    jobs: Annotated[int, typer.Option(help="Worker processes; 0 takes every core.", min=0)] = 0,
    molecules: Annotated[
        bool, typer.Option("--molecules", help="Label each molecule alone, too: the intramolecular part is stored.")
    ] = False,
    atoms: Annotated[bool, typer.Option(help="Add an isolated atom of each element that has none.")] = True,
    max_force: Annotated[float, typer.Option(help="Leave out frames with a larger force, eV/angstrom.")] = 50.0,
    keep_broken: Annotated[
        bool, typer.Option("--keep-broken", help="Label frames whose molecules fell apart or fused, too.")
    ] = False,
    keep_charges: Annotated[
        bool,
        typer.Option("--keep-charges", help="Label frames whose charge differs from that of their molecules, too."),
    ] = False,
    retry: Annotated[
        bool, typer.Option("--retry", help="Compute anew what the method failed on in an earlier run.")
    ] = False,
    config: Config = None,
) -> None:
    """Label configurations, or take dispersion off their labels; run again after an interruption, it continues.

    Finished labels are kept in OUTPUT.journal. Frames that are left out, and why, are listed in OUTPUT.rejects.csv.
    Under mpirun every rank labels; the first one alone reads and writes.

    \b
    For example:
      decant label configurations.extxyz -o labelled.extxyz
      decant label configurations.extxyz -o labelled.extxyz --method gfn1-xtb --set accuracy=0.01 --jobs 4
      decant label configurations.extxyz -o labelled.extxyz --molecules
      decant label configurations.extxyz -o dft.extxyz --method cp2k:pbe-d3 --set CUTOFF=600
      decant label configurations.extxyz -o short.extxyz --method cp2k:pbe-d3 --subtract d3:pbe:zero
      decant label imported.extxyz -o short.extxyz --subtract d3:pbe
      decant label configurations.extxyz -o emt.extxyz --method ase:ase.calculators.emt.EMT
      mpirun -np 8 decant label configurations.extxyz -o labelled.extxyz
    """
    from decant.foundation.ranks import other_ranks
    from decant.verbs.label import label

    with other_ranks() as ranks:
        if not ranks.leads:
            return
        done = label(
            source, output, method=method, subtract=subtract, settings=_settings(settings, override or []), jobs=jobs,
            molecules=molecules, atoms=atoms, max_force=max_force, keep_broken=keep_broken, keep_charges=keep_charges,
            retry=retry, ranks=ranks,
        )  # fmt: skip
        typer.echo(done)


def _settings(path: Path | None, overrides: list[str]) -> dict[str, Any]:
    from decant.algorithms.presets import apply_override
    from decant.foundation.files import read_yaml

    settings = read_yaml(path) if path else {}
    for override in overrides:
        apply_override(settings, override)
    return settings
