"""Energy, forces and virial of configurations by a real `lmp` under an MPI launcher, as an MD run would have them."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from decant.data.prediction import Prediction
from decant.foundation.errors import ProgramFailed
from decant.foundation.units import LAMMPS_BAR_PER_EV_A3
from decant.lammps.data import LammpsBox, write_data
from decant.lammps.launch import launch, variables

if TYPE_CHECKING:
    from ase import Atoms

    from decant.potentials.potential import Potential

# LAMMPS's order of the components of a symmetric tensor: xx, yy, zz, xy, xz, yz
_COMPONENTS = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))

# one frame; the next one begins with the same `clear`
_FRAME = """
clear
units metal
atom_style molecular
newton on
boundary {boundary}
bond_style zero nocoeff
read_data {number}.data
bond_coeff *
special_bonds lj/coul 1.0 1.0 1.0
include "${{potential}}/pair.lammps"
neighbor 1.0 bin
compute virial all pressure NULL virial
thermo_style custom step pe vol c_virial[*]
thermo_modify lost error
run 0
print "$(pe:%.17g) $(vol:%.17g) {virial}" file {number}.scalars screen no
write_dump all custom {number}.forces id fx fy fz modify sort id format float %.17g
"""
_VIRIAL = " ".join(f"$(c_virial[{component}]:%.17g)" for component in range(1, 7))


def single_point(potential: Potential, frames: Sequence[Atoms], ranks: int) -> list[Prediction]:
    """Return what LAMMPS says of each frame, in the orientation of the frame.

    Parameters
    ----------
    potential
        An exported potential.
    frames
        Configurations, periodic in all directions or in none. Those without a cell go into a box with open boundaries.
    ranks
        Number of MPI ranks; LAMMPS divides the box among them as it does in a run.

    Returns
    -------
    list of Prediction
        One for each frame; the virial is None for frames without a cell.

    Raises
    ------
    InputError
        If the rank count is impossible, or an element is unknown to the potential.
    ProgramFailed
        If LAMMPS stops with an error.
    """
    with tempfile.TemporaryDirectory(prefix="decant-") as name:
        directory = Path(name)
        boxes = [
            write_data(directory / f"{number}.data", frame, potential.elements) for number, frame in enumerate(frames)
        ]
        script = directory / "in.single_point"
        script.write_text("".join(_commands(number, box) for number, box in enumerate(boxes)), encoding="ascii")
        # a link, since LAMMPS splits a path with blanks once its variable is replaced
        (directory / "potential").symlink_to(potential.path.resolve())
        arguments = ["-in", script.name, "-log", "none", *variables({"potential": "potential"})]
        outcome = launch(arguments, ranks, directory, plugin=potential.algorithm)
        if outcome.code != 0 or not (directory / f"{len(boxes) - 1}.forces").is_file():
            done = sum((directory / f"{number}.forces").is_file() for number in range(len(boxes)))
            raise ProgramFailed(f"{potential.path}: LAMMPS failed on {ranks} ranks at frame {done}: {outcome.reason()}")
        return [_read(directory, number, box) for number, box in enumerate(boxes)]


def _commands(number: int, box: LammpsBox) -> str:
    return _FRAME.format(number=number, boundary=box.boundary, virial=_VIRIAL)


def _read(directory: Path, number: int, box: LammpsBox) -> Prediction:
    """Read the results of one frame and turn them back into its orientation."""
    energy, volume, *pressure = map(float, (directory / f"{number}.scalars").read_text().split())
    table = np.loadtxt(directory / f"{number}.forces", skiprows=9, ndmin=2)
    tensor = np.empty((3, 3))
    for (row, column), value in zip(_COMPONENTS, pressure, strict=True):
        tensor[row, column] = tensor[column, row] = value * volume / LAMMPS_BAR_PER_EV_A3
    virial = box.tensor_from_lammps(tensor) if box.periodic else None
    return Prediction(energy, box.vectors_from_lammps(table[:, 1:]), virial)
