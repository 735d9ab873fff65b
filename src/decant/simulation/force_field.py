"""A force field as LAMMPS runs it: a folder like that of an exported potential, for the molecules of one liquid."""

from __future__ import annotations

from pathlib import Path

from decant.force_field.lammps_input import CUTOFF_A, force_field_lines
from decant.force_field.system import MolecularSystem
from decant.foundation.errors import InputError, nearest
from decant.foundation.files import sha256, write_beside, write_yaml
from decant.labels.openff import OPENFF, openff_method
from decant.potentials.potential import CARD, FORMAT, PAIR, Potential

METHODS = (OPENFF,)
"""Reference methods that LAMMPS itself computes, on any number of ranks."""
LONG_RANGE = "pppm 1.0e-5"
"""Of a run: forces within 1e-4 eV/angstrom of the exact sum."""
ATOM_STYLE = "full"


def require_method(name: str, ion_charge_scale: float = 1.0) -> None:
    """Refuse a method that LAMMPS does not compute, or that is not installed.

    Raises
    ------
    InputError
        If it is one.
    """
    if name not in METHODS:
        raise InputError(
            f"`method` {name}{nearest(name, METHODS)}: expected {', '.join(METHODS)}, which LAMMPS computes itself;"
            " fit a potential to labels of any other"
        )
    openff_method({"ion_charge_scale": ion_charge_scale})


def write_force_field(folder: Path, system: MolecularSystem, ion_charge_scale: float = 1.0) -> Potential:
    """Write the force field of a system as a potential that its LAMMPS data file goes with.

    Parameters
    ----------
    folder
        Made if missing.
    system
        Its molecules; how many there are of each does not matter.
    ion_charge_scale
        With which it was made; for the record, since charges stand in the data file.
    """
    method = openff_method({"ion_charge_scale": ion_charge_scale})
    told = ", ".join(f"{key} {value}" for key, value in method.settings.items() if key != "long_range")
    folder.mkdir(parents=True, exist_ok=True)
    with write_beside(folder / PAIR) as temporary:
        lines = [f"# {method.name}: {told}", *force_field_lines(system, LONG_RANGE), ""]
        temporary.write_text("\n".join(lines), encoding="ascii")
    card = {
        "format": FORMAT,
        "algorithm": method.name,
        "elements": list(system.elements),
        "cutoff_A": CUTOFF_A,
        "precision": "double",
        "settings": {**method.settings, "long_range": LONG_RANGE},
        "files": {PAIR: sha256(folder / PAIR)},
    }
    write_yaml(folder / CARD, card)
    return Potential(folder, card)
