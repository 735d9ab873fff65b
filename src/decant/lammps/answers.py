"""What LAMMPS says of one configuration: how its script asks for energy, forces and virial, and how they are read."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from decant.data.prediction import Prediction
from decant.foundation.units import LAMMPS_BAR_PER_EV_A3
from decant.lammps.data import LammpsBox

COMPONENTS = ([0, 1, 2, 0, 0, 1], [0, 1, 2, 1, 2, 2])
"""Rows and columns of a symmetric tensor's components in LAMMPS's order: xx, yy, zz, xy, xz, yz."""
_SCALARS = " ".join(["$(pe:%.17g)", "$(vol:%.17g)", *(f"$(c_virial[{number}]:%.17g)" for number in range(1, 7))])


def asking(scalars: Path | str, forces: Path | str) -> list[str]:
    """Return the commands that compute a configuration and write what `read_answer` reads, in units metal."""
    return [
        "compute virial all pressure NULL virial",
        "thermo_style custom step pe vol c_virial[*]",
        "thermo_modify lost error",
        "run 0",
        f'print "{_SCALARS}" file "{scalars}" screen no',
        f'write_dump all custom "{forces}" id fx fy fz modify sort id format float %.17g',
    ]


def read_answer(scalars: Path, forces: Path, box: LammpsBox) -> Prediction:
    """Return what LAMMPS wrote, turned back into the orientation of the configuration.

    Parameters
    ----------
    scalars, forces
        The two files of `asking`.
    box
        The box that stands for its cell. The virial is None where it is not periodic in all directions.
    """
    energy, volume, *pressure = map(float, scalars.read_text().split())
    table = np.loadtxt(forces, skiprows=9, ndmin=2)
    tensor = np.empty((3, 3))
    tensor[COMPONENTS] = tensor[COMPONENTS[::-1]] = np.array(pressure) * volume / LAMMPS_BAR_PER_EV_A3
    virial = box.tensor_from_lammps(tensor) if box.periodic == 3 else None
    return Prediction(energy, box.vectors_from_lammps(table[:, 1:]), virial)
