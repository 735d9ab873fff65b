"""`decant import`: labelled frames of any origin into the house form."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from decant.cli.options import Config


def command(
    source: Annotated[
        Path,
        typer.Argument(help="Extended XYZ, a DeePMD folder or HDF5 file, an ASE database, or a VASP or CP2K output."),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write, in decant's form.")],
    energy_key: Annotated[str, typer.Option(help="Name of the energy in the file; found by itself if empty.")] = "",
    forces_key: Annotated[str, typer.Option(help="Name of the forces in the file.")] = "",
    virial_key: Annotated[str, typer.Option(help="Name of the virial (-stress * volume); none takes none.")] = "",
    stress_key: Annotated[str, typer.Option(help="Name of the stress; used for the virial.")] = "",
    force_limit: Annotated[float, typer.Option(help="Leave out frames with a larger force, eV/A.", min=0.0)] = 50.0,
    pressure_limit: Annotated[
        float, typer.Option(help="Leave out frames with a larger stress either way, GPa.", min=0.0)
    ] = 50.0,
    energy_limit: Annotated[
        float, typer.Option(help="Leave out frames whose energy is further off the others, eV per atom.", min=0.0)
    ] = 5.0,
    energy_unit: Annotated[str, typer.Option(help="Unit of energies, if not eV: Hartree, kcal/mol, meV.")] = "",
    forces_unit: Annotated[str, typer.Option(help="Unit of forces, if not eV/Ang: Hartree/Bohr, kcal/mol/Ang.")] = "",
    virial_unit: Annotated[str, typer.Option(help="Unit of virials, if not eV.")] = "",
    stress_unit: Annotated[str, typer.Option(help="Unit of stresses, if not eV/Ang^3: kbar, GPa.")] = "",
    length_unit: Annotated[str, typer.Option(help="Unit of positions and cells, if not Ang: Bohr, nm.")] = "",
    forces_sign: Annotated[int, typer.Option(help="-1 if the forces are gradients of the energy.", min=-1, max=1)] = 0,
    stress_sign: Annotated[
        int, typer.Option(help="-1 for stress of the other sign than ASE's, as VASP prints.", min=-1, max=1)
    ] = 0,
    virial_sign: Annotated[
        int, typer.Option(help="-1 for virials of the other sign than -stress * volume.", min=-1, max=1)
    ] = 0,
    bond_scale: Annotated[float, typer.Option(help="Longest bond, in sums of covalent radii.", min=1.0, max=2.0)] = 1.2,
    keep_broken: Annotated[bool, typer.Option(help="Keep frames whose molecules have reacted.")] = False,
    keep_charges: Annotated[
        bool, typer.Option("--keep-charges", help="Keep frames whose charge differs from that of their molecules.")
    ] = False,
    config: Config = None,
) -> None:
    """Read labelled frames, map keys and units, leave out what is not usable and say why.

    Labels are of one level of theory, and held against the frames and each other: another unit or sign than eV,
    angstrom and ASE's is refused unless an option says it. Frames left out are listed with index and reason in
    OUTPUT.rejects.csv.

    \b
    For example:
      decant import ec-emc-dft.extxyz -o data/ec-emc.extxyz
      decant import train.xyz -o data/all.extxyz --energy-key E_dft --forces-key F_dft
      decant import deepmd-data/ -o data/all.extxyz
      decant import run/OUTCAR -o data/vasp.extxyz
      decant import hartree.xyz -o data/all.extxyz --energy-unit Hartree --forces-unit Hartree/Bohr
    """
    from decant.verbs.import_ import import_

    done = import_(
        source, output, energy_key=energy_key, forces_key=forces_key, virial_key=virial_key, stress_key=stress_key,
        force_limit=force_limit, pressure_limit=pressure_limit, energy_limit=energy_limit, energy_unit=energy_unit,
        forces_unit=forces_unit, virial_unit=virial_unit, stress_unit=stress_unit, length_unit=length_unit,
        forces_sign=forces_sign, stress_sign=stress_sign, virial_sign=virial_sign, bond_scale=bond_scale,
        keep_broken=keep_broken, keep_charges=keep_charges,
    )  # fmt: skip
    typer.echo(done)
