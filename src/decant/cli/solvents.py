"""`decant solvents`: the molecules that decant knows by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from decant.cli.options import Config

if TYPE_CHECKING:
    from decant.molecules.electrolyte_measurements import ElectrolyteMeasurement
    from decant.molecules.measurements import Measurement


def command(config: Config = None) -> None:
    """List the named solvents and ions, what was measured of liquids and electrolytes, and the papers and handbooks.

    The viscosity is what ``--viscosity`` of decant analyze takes.

    \b
    For example:
      decant solvents
    """
    from decant.molecules.electrolyte_measurements import electrolyte_measurements
    from decant.molecules.ions import ions
    from decant.molecules.measurements import citation, measurements, sources
    from decant.molecules.solvents import solvent_table, solvents

    typer.echo(f"{'name':6s} {'formula':9s} {'g/mol':>7s}  {'class':28s} SMILES")
    for solvent in solvents():
        kind = solvent_table()[solvent.name]["class"]
        typer.echo(f"{solvent.name:6s} {solvent.formula:9s} {solvent.molar_mass:7.2f}  {kind:28s} {solvent.smiles}")
    typer.echo(f"\n{'ion':6s} {'formula':9s} {'g/mol':>7s}  {'charge':28s} SMILES")
    for ion in ions():
        typer.echo(f"{ion.name:6s} {ion.formula:9s} {ion.molar_mass:7.2f}  {ion.charge:<+28d} {ion.smiles}")
    typer.echo("salts: every neutral pair of them, without charges: LiPF6, NaTFSI, MgCl2, Ca(TFSI)2")
    typer.echo(f"\n{'measured (mole fractions)':26s} {'K':>7s} {'g/cm3':>7s} {'1e-5 cm2/s':>10s} {'mPa s':>6s}  source")
    for one in measurements():
        typer.echo(_row(one))
    typer.echo(f"\n{'electrolytes':44s} {'K':>7s} {'g/cm3':>6s} {'mS/cm':>6s} {'t+':>5s}  source")
    for solution in electrolyte_measurements():
        typer.echo(_solution(solution))
    typer.echo("\nsources")
    for key in sources():
        typer.echo(f"{key:14s} {citation(key)}")


def _row(one: Measurement) -> str:
    several = len(one.composition) > 1
    liquid = ", ".join(f"{name} {share:.3f}" if several else name for name, share in one.composition.items())
    diffusion = ", ".join(f"{name} {value:g}" if several else f"{value:g}" for name, value in one.diffusion.items())
    density, viscosity = ("-" if value is None else f"{value:g}" for value in (one.density, one.viscosity))
    return f"{liquid:26s} {one.temperature_K:7g} {density:>7s} {diffusion or '-':>10s} {viscosity:>6s}  {one.source}"


def _solution(one: ElectrolyteMeasurement) -> str:
    solvents = ", ".join(f"{name} {share:.3f}" for name, share in one.solvents.items())
    values = (one.density, one.conductivity, one.transference)
    density, conductivity, share = ("-" if value is None else f"{value:g}" for value in values)
    told = f"{solvents}, {one.molality:g} mol/kg {one.salt}"
    return f"{told:44s} {one.temperature_K:7g} {density:>6s} {conductivity:>6s} {share:>5s}  {one.source}"
