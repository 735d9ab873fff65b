"""LAMMPS data files: atoms, molecules and bonds (for analysis only) in a box of LAMMPS's orientation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import ase
import numpy as np
from ase.data import atomic_masses, atomic_numbers

from decant.foundation.errors import InputError
from decant.foundation.files import write_beside
from decant.molecules.periodicity import enclosing_cell, has_cell

ROOM = 10.0
"""Space left around the atoms of a system without a cell, angstrom."""


@dataclass(frozen=True)
class LammpsBox:
    """The simulation box that stands for a cell, and how to come back from it.

    LAMMPS wants the first cell vector along x and the second in the xy plane [1]_; any other cell is rotated (a
    left-handed one is also mirrored), and positions become ``positions @ rotation``.

    Attributes
    ----------
    cell
        Cell vectors as rows, lower triangular, angstrom, shape (3, 3).
    origin
        Lower corner of the box, angstrom, shape (3,).
    rotation
        Orthogonal matrix from the given orientation to that of LAMMPS, shape (3, 3).
    periodic
        Number of directions in which the system is periodic: those of the first cell vectors.

    References
    ----------
    .. [1] https://docs.lammps.org/Howto_triclinic.html
    """

    cell: np.ndarray
    origin: np.ndarray
    rotation: np.ndarray
    periodic: int

    @property
    def boundary(self) -> str:
        """Arguments for the LAMMPS command ``boundary``."""
        # a box shrunk onto a flat or linear molecule would be too thin for LAMMPS's bins
        return " ".join("p" if axis < self.periodic else "f" for axis in range(3))

    @property
    def triclinic(self) -> bool:
        """Whether the box has tilt factors."""
        return bool(np.any(np.abs(self.cell[np.tril_indices(3, -1)]) > 1e-10))

    def vectors_to_lammps(self, vectors: np.ndarray) -> np.ndarray:
        """Turn vectors (positions, velocities, forces), shape (n, 3), into the orientation of LAMMPS."""
        return np.asarray(vectors @ self.rotation)

    def vectors_from_lammps(self, vectors: np.ndarray) -> np.ndarray:
        """Turn vectors of LAMMPS, shape (n, 3), back into the given orientation."""
        return np.asarray(vectors @ self.rotation.T)

    def tensor_from_lammps(self, tensor: np.ndarray) -> np.ndarray:
        """Turn a tensor of LAMMPS (virial, stress), shape (3, 3), back into the given orientation."""
        return np.asarray(self.rotation @ tensor @ self.rotation.T)


def lammps_box(atoms: ase.Atoms) -> LammpsBox:
    """Return the LAMMPS box of a configuration.

    Tilts are reduced to at most half a cell vector, which describes the same crystal. In directions that are not
    periodic, the box ends some way from the atoms; those that are periodic come first, since LAMMPS lets a box lean
    along periodic directions only.

    Raises
    ------
    InputError
        If the vectors of the periodic directions span no volume.
    """
    if not has_cell(atoms):
        raise InputError("the periodic cell has no volume; expected independent cell vectors")
    count = int(atoms.pbc.sum())
    cell, origin = enclosing_cell(atoms, ROOM)
    cell = cell[np.argsort(~atoms.pbc, kind="stable")]
    orthogonal, upper = np.linalg.qr(cell.T)  # cell = upper.T @ orthogonal.T, and upper.T is lower triangular
    signs = np.sign(np.diag(upper))
    rotation = orthogonal * signs
    return LammpsBox(_reduce_tilts(upper.T * signs), origin @ rotation, rotation, count)


def _reduce_tilts(cell: np.ndarray) -> np.ndarray:
    """Subtract whole cell vectors from later ones until each tilt is at most half the vector it leans along."""
    cell = cell.copy()
    for row, column in ((1, 0), (2, 1), (2, 0)):
        # the small margin keeps tilts of exactly one half (hexagonal cells) as they are
        cell[row] -= cell[column] * np.rint(cell[row, column] / cell[column, column] * (1.0 - 1e-9))
    return cell


def atom_types(symbols: Sequence[str], elements: Sequence[str]) -> np.ndarray:
    """Return the LAMMPS type of each atom: 1 + the position of its element in `elements`.

    Raises
    ------
    InputError
        If an atom's element is not in `elements`.
    """
    unknown = sorted(set(symbols) - set(elements))
    if unknown:
        raise InputError(f"element {', '.join(unknown)}: the potential knows only {', '.join(elements)}")
    index = {element: number for number, element in enumerate(elements, start=1)}
    return np.array([index[symbol] for symbol in symbols], dtype=int)


def write_data(
    path: Path,
    atoms: ase.Atoms,
    elements: Sequence[str],
    bonds: np.ndarray | None = None,
    mol_id: np.ndarray | None = None,
) -> LammpsBox:
    """Write a LAMMPS data file for ``atom_style molecular`` and ``bond_style zero``.

    The file always declares one bond type, so that one LAMMPS input serves with and without bonds. Positions are
    kept as given, not wrapped into the box: LAMMPS wraps them and remembers the image, so molecules that are whole
    here stay whole in an unwrapped trajectory.

    Parameters
    ----------
    path
        File to write.
    atoms
        Configuration; periodic in any of its directions.
    elements
        Chemical symbols in the order of the potential's LAMMPS types.
    bonds
        Pairs of 0-based atom indices, shape (k, 2); None for no bonds.
    mol_id
        0-based molecule of each atom, shape (n,); by default ``atoms.arrays["mol_id"]`` if present, else one molecule.

    Returns
    -------
    LammpsBox
        The box, with the rotation that brings forces and virial back.

    Raises
    ------
    InputError
        If an element is not in `elements`, or the cell cannot be a LAMMPS box.
    """
    types = atom_types(atoms.get_chemical_symbols(), elements)
    box = lammps_box(atoms)
    if mol_id is None:
        mol_id = atoms.arrays.get("mol_id", np.zeros(len(atoms), dtype=int))
    pairs = np.empty((0, 2), dtype=int) if bonds is None else np.asarray(bonds, dtype=int).reshape(-1, 2)
    positions = box.vectors_to_lammps(atoms.positions)
    with write_beside(Path(path)) as temporary, temporary.open("w", encoding="ascii") as stream:
        stream.writelines(_header(len(atoms), len(pairs), len(elements), box))
        stream.write("\nMasses\n\n")
        stream.writelines(
            f"{number} {atomic_masses[atomic_numbers[element]]:.6f}  # {element}\n"
            for number, element in enumerate(elements, start=1)
        )
        if len(atoms):
            stream.write("\nAtoms # molecular\n\n")
        stream.writelines(
            f"{number} {molecule + 1} {kind} {x:.16g} {y:.16g} {z:.16g}\n"
            for number, (molecule, kind, (x, y, z)) in enumerate(zip(mol_id, types, positions, strict=True), start=1)
        )
        if len(pairs):
            stream.write("\nBonds\n\n")
        stream.writelines(f"{number} 1 {i} {j}\n" for number, (i, j) in enumerate(pairs + 1, start=1))
    return box


def _header(atoms: int, bonds: int, types: int, box: LammpsBox) -> Iterator[str]:
    """Yield the lines of a data file before its first section."""
    yield "LAMMPS data file by decant: units metal, atom_style molecular; bonds are for analysis only\n\n"
    yield f"{atoms} atoms\n{bonds} bonds\n{types} atom types\n1 bond types\n\n"
    yield from box_lines(box)


def box_lines(box: LammpsBox) -> Iterator[str]:
    """Yield the lines of a data file's header that say the box."""
    for axis, (low, length) in zip("xyz", zip(box.origin, np.diag(box.cell), strict=True), strict=True):
        yield f"{low:.16g} {low + length:.16g} {axis}lo {axis}hi\n"
    if box.triclinic:
        yield f"{box.cell[1, 0]:.16g} {box.cell[2, 0]:.16g} {box.cell[2, 1]:.16g} xy xz yz\n"


@dataclass(frozen=True)
class Topology:
    """What a data file says of its atoms apart from where they are.

    Attributes
    ----------
    types
        LAMMPS type of each atom, from 1, shape (n,).
    mol_id
        Molecule of each atom, from 0, shape (n,).
    bonds
        Pairs of 0-based atom indices, shape (k, 2).
    charges
        Of each atom, e, shape (n,); None where the file has none (``atom_style molecular``).
    """

    types: np.ndarray
    mol_id: np.ndarray
    bonds: np.ndarray
    charges: np.ndarray | None = None


def read_topology(path: Path) -> Topology:
    """Read types, molecules, bonds and charges from a data file made by `write_data`."""
    sections = _sections(path)
    rows = sections.get("Atoms", [])
    atoms = np.array([row[:3] for row in rows], dtype=int).reshape(-1, 3)
    bonds = np.array([row[2:4] for row in sections.get("Bonds", [])], dtype=int).reshape(-1, 2)
    # after atom, molecule and type stand positions and perhaps images, three columns each; a charge comes before them
    charges = np.array([row[3] for row in rows], dtype=float) if rows and len(rows[0]) % 3 == 1 else None
    return Topology(types=atoms[:, 2], mol_id=atoms[:, 1] - 1, bonds=bonds - 1, charges=charges)


def read_positions(path: Path) -> np.ndarray:
    """Return the positions in a data file made by `write_data`, as they stand there, shape (n, 3), angstrom."""
    rows = _sections(path).get("Atoms", [])
    first = 4 if rows and len(rows[0]) % 3 == 1 else 3  # see `read_topology`
    return np.array([row[first : first + 3] for row in rows], dtype=float).reshape(-1, 3)


def read_configuration(path: Path, elements: Sequence[str]) -> tuple[ase.Atoms, np.ndarray]:
    """Read the periodic configuration of a data file that LAMMPS wrote from one of `write_data`.

    Parameters
    ----------
    path
        Data file of ``atom_style molecular`` or ``full``, with images.
    elements
        Chemical symbols in the order of the LAMMPS types.

    Returns
    -------
    ase.Atoms
        In the order of the atoms' numbers; unwrapped by their images, the box's lower corner at the origin; with the
        array ``mol_id`` from 0.
    numpy.ndarray
        Bonds as pairs of 0-based atom indices, shape (k, 2).
    """
    sections = _sections(path)
    limits = {row[2][0]: (float(row[0]), float(row[1])) for row in sections[""] if row[-1].endswith("hi")}
    tilts = next((list(map(float, row[:3])) for row in sections[""] if row[-1] == "yz"), [0.0, 0.0, 0.0])
    cell = np.diag([limits[axis][1] - limits[axis][0] for axis in "xyz"])
    cell[1, 0], cell[2, 0], cell[2, 1] = tilts
    rows = np.array(sections["Atoms"], dtype=float)
    rows = rows[np.argsort(rows[:, 0])]
    # positions and images are the last six columns; ``atom_style full`` has a charge before them
    positions = rows[:, -6:-3] - [limits[axis][0] for axis in "xyz"] + rows[:, -3:] @ cell
    symbols = [elements[int(kind) - 1] for kind in rows[:, 2]]
    atoms = ase.Atoms(symbols, positions=positions, cell=cell, pbc=True)
    atoms.set_array("mol_id", rows[:, 1].astype(int) - 1)
    bonds = np.array([row[2:4] for row in sections.get("Bonds", [])], dtype=int).reshape(-1, 2) - 1
    return atoms, bonds


def _sections(path: Path) -> dict[str, list[list[str]]]:
    """Return the rows of words of each section of a data file; those before the first section under an empty name."""
    rows: list[list[str]] = []
    sections = {"": rows}
    for line in Path(path).read_text(encoding="ascii").splitlines()[1:]:
        words = line.split("#")[0].split()
        if words and words[0].isalpha() and words[0].istitle():
            rows = sections.setdefault(words[0], [])
        elif words:
            rows.append(words)
    return sections
