"""Molecules side by side as LAMMPS has them: types of atoms, bonds, angles and dihedrals with their coefficients."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from decant.force_field.cache import parameters_of
from decant.force_field.parameters import MoleculeParameters, Rows
from decant.molecules.molecule import Molecule

Placed = tuple[MoleculeParameters, np.ndarray]
"""The parameters of a molecule, and the index in the system of each of its atoms, shape (atoms,)."""

OCTAHEDRAL = "cosine/periodic"
"""LAMMPS's style of the angles of an octahedron: the first word of their coefficients where it is not harmonic."""


@dataclass(frozen=True)
class Terms:
    """All interactions of one kind.

    Attributes
    ----------
    atoms
        0-based indices, shape (terms, atoms of a term).
    types
        LAMMPS type of each, from 1, shape (terms,).
    coefficients
        What follows the number of each type in ``bond_coeff`` and its like.
    """

    atoms: np.ndarray
    types: np.ndarray
    coefficients: tuple[str, ...]


@dataclass(frozen=True)
class MolecularSystem:
    """A system of molecules under a force field.

    Attributes
    ----------
    elements
        Chemical symbol of each LAMMPS atom type; types of an element follow each other.
    pair_coefficients
        epsilon (eV) and sigma (angstrom) of each type, as ``pair_coeff`` has them.
    types
        LAMMPS type of each atom, from 1, shape (atoms,).
    charges
        Partial charge of each atom, e, shape (atoms,).
    mol_id
        Molecule of each atom, from 0, shape (atoms,).
    bonds, angles, dihedrals
        Interactions within molecules; impropers are dihedrals.
    """

    elements: tuple[str, ...]
    pair_coefficients: tuple[str, ...]
    types: np.ndarray
    charges: np.ndarray
    mol_id: np.ndarray
    bonds: Terms
    angles: Terms
    dihedrals: Terms


def molecular_system(molecules: Sequence[Placed], ion_charge_scale: float = 1.0) -> MolecularSystem:
    """Return the system of molecules that together hold every atom once.

    Parameters
    ----------
    molecules
        Their parameters and atoms.
    ion_charge_scale
        Factor on the partial charges of molecules that have a charge.
    """
    kinds = list({id(one): one for one, _ in molecules}.values())
    table = sorted({atom for kind in kinds for atom in _atom_kinds(kind)})
    numbers = {atom: number for number, atom in enumerate(table, start=1)}
    count = sum(len(place) for _, place in molecules)
    types, charges, mol_id = np.zeros(count, dtype=int), np.zeros(count), np.zeros(count, dtype=int)
    own = {id(kind): np.array([numbers[atom] for atom in _atom_kinds(kind)]) for kind in kinds}
    for number, (kind, place) in enumerate(molecules):
        scale = ion_charge_scale if round(sum(kind.charges)) else 1.0
        types[place], charges[place], mol_id[place] = own[id(kind)], scale * np.array(kind.charges), number
    return MolecularSystem(
        elements=tuple(element for element, _, _ in table),
        pair_coefficients=tuple(f"{epsilon:.10g} {sigma:.10g}" for _, epsilon, sigma in table),
        types=types,
        charges=charges,
        mol_id=mol_id,
        bonds=_terms(molecules, 2, lambda one: one.bonds, _harmonic),
        angles=_terms(molecules, 3, _angles, str),
        dihedrals=_terms(molecules, 4, lambda one: one.torsions, _fourier),
    )


def liquid_system(liquid: Sequence[tuple[Molecule, int]], ion_charge_scale: float = 1.0) -> MolecularSystem:
    """Return the system of molecules one after the other, each with its atoms in the order of its SMILES.

    Parameters
    ----------
    liquid
        Molecules, and how many of each.
    ion_charge_scale
        Factor on the partial charges of ions.

    Raises
    ------
    InputError
        If the force field has no parameters for one.
    """
    placed, first = [], 0
    for kind, count in liquid:
        found = parameters_of(kind.smiles)
        for _ in range(count):
            placed.append((found, first + np.arange(len(found.elements))))
            first += len(found.elements)
    return molecular_system(placed, ion_charge_scale)


def _atom_kinds(one: MoleculeParameters) -> Iterator[tuple[str, float, float]]:
    yield from zip(one.elements, one.epsilon, one.sigma, strict=True)


def _harmonic(constant: float, rest: float) -> str:
    return f"{constant:.10g} {rest:.10g}"


def _angles(one: MoleculeParameters) -> Rows:
    """Return the angles with the coefficients of each kind as text; LAMMPS has 2 C / n^2 (1 - B (-1)^n cos n theta).

    Its style fourier/simple would be the same, but has wrong forces in the version of 22 Jul 2025.
    """
    bent = tuple((*row[:3], _harmonic(*row[3:])) for row in one.angles)
    return (*bent, *((*row[:3], f"{OCTAHEDRAL} {row[3]:.10g} 1 4") for row in one.octahedral))


def _fourier(terms: Rows) -> str:
    """Return the coefficients of ``dihedral_style fourier``."""
    return " ".join([str(len(terms)), *(f"{k:.10g} {n} {phase:.10g}" for k, n, phase in terms)])


def _terms(
    molecules: Sequence[Placed], width: int, rows: Callable[[MoleculeParameters], Rows], text: Callable[..., str]
) -> Terms:
    """Join the interactions of one kind of all molecules."""
    numbers: dict[str, int] = {}
    known: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    atoms, types = [np.zeros((0, width), dtype=int)], [np.zeros(0, dtype=int)]
    for one, place in molecules:
        if id(one) not in known:
            found: tuple[tuple[Any, ...], ...] = rows(one)
            kinds = [numbers.setdefault(text(*row[width:]), len(numbers) + 1) for row in found]
            known[id(one)] = (
                np.array([row[:width] for row in found], dtype=int).reshape(-1, width),
                np.array(kinds, int),
            )
        own, kinds_of = known[id(one)]
        atoms.append(place[own])
        types.append(kinds_of)
    return Terms(np.concatenate(atoms), np.concatenate(types), tuple(numbers))
