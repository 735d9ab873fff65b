"""`decant import`: labelled frames of any origin into the house form."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from decant.cli.options import Config


def command(
    source: Annotated[
        Path,
        typer.Argument(
            help="Extended XYZ in eV and angstrom, a DeePMD folder, an ASE database, or a VASP or CP2K output."
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write, in decant's form.")],
    energy_key: Annotated[str, typer.Option(help="Name of the energy in the file; found by itself if empty.")] = "",
    forces_key: Annotated[str, typer.Option(help="Name of the forces in the file.")] = "",
    virial_key: Annotated[str, typer.Option(help="Name of the virial (eV, -stress * volume).")] = "",
    stress_key: Annotated[str, typer.Option(help="Name of the stress (eV/A^3, ASE's sign); used for the virial.")] = "",
    force_limit: Annotated[float, typer.Option(help="Leave out frames with a larger force, eV/A.", min=0.0)] = 50.0,
    bond_scale: Annotated[float, typer.Option(help="Longest bond, in sums of covalent radii.", min=1.0, max=2.0)] = 1.2,
    keep_broken: Annotated[bool, typer.Option(help="Keep frames whose molecules have reacted.")] = False,
    keep_charges: Annotated[
        bool, typer.Option("--keep-charges", help="Keep frames whose charge differs from that of their molecules.")
    ] = False,
    config: Config = None,
) -> None:
    """Read labelled frames, map keys and units, leave out what is not usable and say why.

    Frames left out are listed with index and reason in OUTPUT.rejects.csv.

    \b
    For example:
      decant import ec-emc-dft.extxyz -o data/ec-emc.extxyz
      decant import train.xyz -o data/all.extxyz --energy-key E_dft --forces-key F_dft
      decant import deepmd-data/ -o data/all.extxyz
      decant import run/OUTCAR -o data/vasp.extxyz
    """
    from decant.data.frames import write_frames
    from decant.data.import_ import import_frames, write_rejects
    from decant.data.keys import LabelKeys

    keys = LabelKeys(energy_key, forces_key, virial_key, stress_key)
    result = import_frames(source, keys, force_limit, bond_scale, keep_broken, keep_charges)
    write_frames(output, result.frames)
    rejects = Path(f"{output}.rejects.csv")
    write_rejects(rejects, result.rejects)
    for line in report_lines(result.report):
        typer.echo(line)
    typer.echo(f"left out: {len(result.rejects)} frames ({rejects})")
    for reject in result.rejects[:10]:
        line = "" if reject.line is None else f" (line {reject.line})"
        typer.echo(f"  frame {reject.index}{line}: {reject.reason}")
    typer.echo(f"written: {output}")


def report_lines(report: dict[str, object]) -> list[str]:
    """Return the report of an import as aligned lines."""
    lines = []
    for key, value in report.items():
        if isinstance(value, dict):
            shown = ", ".join(f"{name} {_short(item)}" for name, item in list(value.items())[:8]) or "none"
            text = shown + (f", ... ({len(value)} in all)" if len(value) > 8 else "")
        elif isinstance(value, list):
            text = " ".join(map(str, value)) if isinstance(value[0], str) else " to ".join(map(_short, value))
        else:
            text = "unknown" if value is None else _short(value)
        lines.append(f"{key + ':':18s} {text}")
    return lines


def _short(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
