"""`decant solvents`: the molecules that decant knows by name."""

from __future__ import annotations

import typer

from decant.cli.options import Config


def command(config: Config = None) -> None:
    """List the named solvents: formula, molar mass, class, experimental density and its source.

    \b
    For example:
      decant solvents
    """
    from decant.molecules import solvent_table, solvents

    table = solvent_table()
    typer.echo(f"{'name':6s} {'formula':9s} {'g/mol':>7s} {'g/cm3':>7s} {'K':>7s}  {'class':28s} {'SMILES':16s} source")
    for solvent in solvents():
        entry = table[solvent.name]
        density = f"{entry['density_g_cm3']:g}" if "density_g_cm3" in entry else "-"
        temperature = f"{entry['temperature_K']:.2f}" if "temperature_K" in entry else "-"
        typer.echo(
            f"{solvent.name:6s} {solvent.formula:9s} {solvent.molar_mass:7.2f} {density:>7s} {temperature:>7s}  "
            f"{entry['class']:28s} {solvent.smiles:16s} {entry.get('source', '-')}"
        )
