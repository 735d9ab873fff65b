"""`decant solvents`: the molecules that decant knows by name."""

from __future__ import annotations

from typing import Any

import typer

from decant.cli.options import Config


def command(config: Config = None) -> None:
    """List the named solvents: formula, molar mass, class, experimental density and self-diffusion, and their sources.

    \b
    For example:
      decant solvents
    """
    from decant.molecules.solvents import solvent_table, solvents

    table = solvent_table()
    typer.echo(
        f"{'name':6s} {'formula':9s} {'g/mol':>7s} {'g/cm3':>7s} {'K':>7s} {'1e-5 cm2/s':>10s} {'K':>7s}  "
        f"{'class':28s} {'SMILES':16s} sources of density; diffusion"
    )
    for solvent in solvents():
        entry = table[solvent.name]
        diffusion = f"{_number(entry, 'diffusion_1e-5_cm2_s'):>10s} {_number(entry, 'diffusion_temperature_K'):>7s}"
        sources = "; ".join(str(entry.get(key, "-")) for key in ("source", "diffusion_source"))
        typer.echo(
            f"{solvent.name:6s} {solvent.formula:9s} {solvent.molar_mass:7.2f} {_number(entry, 'density_g_cm3'):>7s} "
            f"{_number(entry, 'temperature_K'):>7s} {diffusion}  {entry['class']:28s} {solvent.smiles:16s} {sources}"
        )


def _number(entry: dict[str, Any], key: str) -> str:
    return f"{entry[key]:.6g}" if key in entry else "-"
