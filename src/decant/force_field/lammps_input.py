"""What LAMMPS reads of a system of molecules: its data file, and the lines that set its force field."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.data import atomic_masses, atomic_numbers

from decant.force_field.system import OCTAHEDRAL, MolecularSystem
from decant.foundation.files import write_beside
from decant.lammps.data import LammpsBox, box_lines, lammps_box

CUTOFF_A = 9.0
"""Of Lennard-Jones and of the real part of the Ewald sum, as Sage was fitted with; without its switching function."""
BONDED_FACTOR = 1e-50
"""Of pairs one or two bonds apart: nothing, but such pairs stay in LAMMPS's lists, and so in its `compute rdf`."""
SCALE_14 = (0.5, 0.8333333333)
"""Of Lennard-Jones and of Coulomb terms of atoms three bonds apart."""


def write_system(path: Path, atoms: Atoms, system: MolecularSystem) -> LammpsBox:
    """Write a LAMMPS data file for ``atom_style full``; coefficients are left to `force_field_lines`.

    Parameters
    ----------
    path
        File to write.
    atoms
        Configuration; positions are kept as given, not wrapped into the box.
    system
        Its molecules under the force field.

    Raises
    ------
    InputError
        If the cell cannot be a LAMMPS box.
    """
    box = lammps_box(atoms)
    with write_beside(Path(path)) as temporary:
        temporary.write_text("".join(_lines(box.vectors_to_lammps(atoms.positions), system, box)), encoding="ascii")
    return box


def _lines(positions: np.ndarray, system: MolecularSystem, box: LammpsBox) -> Iterator[str]:
    kinds = {"bond": system.bonds, "angle": system.angles, "dihedral": system.dihedrals}
    yield "LAMMPS data file by decant: units metal, atom_style full\n\n"
    yield f"{len(positions)} atoms\n{len(system.elements)} atom types\n"
    for name, terms in kinds.items():
        least = 1 if name == "bond" else 0  # inputs set `bond_coeff *` whether there are bonds or not
        yield f"{len(terms.atoms)} {name}s\n{max(least, len(terms.coefficients))} {name} types\n"
    yield "\n"
    yield from box_lines(box)
    yield "\nMasses\n\n"
    for number, element in enumerate(system.elements, start=1):
        yield f"{number} {atomic_masses[atomic_numbers[element]]:.6f}  # {element}\n"
    yield "\nAtoms # full\n\n"
    rows = zip(system.mol_id + 1, system.types, system.charges, positions, strict=True)
    for number, (molecule, kind, charge, (x, y, z)) in enumerate(rows, start=1):
        yield f"{number} {molecule} {kind} {charge:.12g} {x:.16g} {y:.16g} {z:.16g}\n"
    for name, terms in kinds.items():
        if len(terms.atoms):
            yield f"\n{name.capitalize()}s\n\n"
        for number, (kind, members) in enumerate(zip(terms.types, terms.atoms + 1, strict=True), start=1):
            yield f"{number} {kind} {' '.join(map(str, members))}\n"


def force_field_lines(system: MolecularSystem, long_range: str, reach: float = CUTOFF_A) -> list[str]:
    """Return the lines that set the force field once the data file is read.

    Parameters
    ----------
    system
        The molecules.
    long_range
        What follows ``kspace_style``: Coulomb terms are those of the periodic system, and Lennard-Jones terms have a
        correction for what lies beyond the cutoff. Empty for open boundaries: every pair within `reach` as it is.
    reach
        Cutoff, angstrom.
    """
    lj, coulomb = (f"{BONDED_FACTOR:g} {BONDED_FACTOR:g} {factor:.10g}" for factor in SCALE_14)
    lines = [f"special_bonds lj {lj} coul {coulomb}"]
    for name, style, terms in (
        ("bond", "harmonic", system.bonds),
        ("angle", "harmonic", system.angles),
        ("dihedral", "fourier", system.dihedrals),
    ):
        if len(terms.atoms):
            lines += _coefficients(name, style, terms.coefficients)
    charged = bool(np.any(system.charges))
    coulombic = f"/coul/{'long' if long_range else 'cut'}" if charged else ""
    lines += [f"pair_style lj/cut{coulombic} {reach:.10g}", f"pair_modify mix arithmetic tail {_yes(long_range)}"]
    lines += [f"pair_coeff {number} {number} {words}" for number, words in enumerate(system.pair_coefficients, start=1)]
    return [*lines, f"kspace_style {long_range}"] if charged and long_range else lines


def _coefficients(name: str, style: str, coefficients: tuple[str, ...]) -> Iterator[str]:
    """Yield the style and the coefficients of one kind of interaction."""
    styles = [OCTAHEDRAL if words.startswith(OCTAHEDRAL) else style for words in coefficients]
    used = list(dict.fromkeys(styles))
    yield f"{name}_style {'hybrid ' if len(used) > 1 else ''}{' '.join(used)}"
    for number, (own, words) in enumerate(zip(styles, coefficients, strict=True), start=1):
        numbers = words.removeprefix(f"{OCTAHEDRAL} ")
        yield f"{name}_coeff {number} {own if len(used) > 1 else ''} {numbers}"


def _yes(value: str) -> str:
    return "yes" if value else "no"
