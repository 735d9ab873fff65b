"""The parameters that a force field gives one molecule, in LAMMPS's metal units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

Rows = tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class MoleculeParameters:
    """The force field of one molecule.

    The energy is the sum of K (r - r0)^2 over bonds, K (theta - theta0)^2 over angles, K/8 (1 - cos 4 theta) over those
    of an octahedron, K (1 + cos(n phi - phase)) over the terms of each torsion, impropers among them, and, between
    atoms that are three bonds or more apart, of Lennard-Jones and Coulomb terms.

    Attributes
    ----------
    smiles
        SMILES whose order of atoms, hydrogens last, is that of the parameters.
    elements
        Chemical symbol of each atom.
    charges
        Partial charge of each atom, e; they add up to that of the molecule.
    sigma, epsilon
        Lennard-Jones parameters of each atom, angstrom and eV; a pair has the arithmetic and the geometric mean.
    bonds
        (i, j, K, r0): atoms from 0, eV/angstrom^2, angstrom.
    angles
        (i, j, k, K, theta0): eV/radian^2, degrees; j is the middle.
    octahedral
        (i, j, k, K): eV/radian^2; angles around an atom with six bonds, which rest at 90 and at 180 degrees.
    torsions
        (i, j, k, l, ((K, n, phase), ...)): eV, degrees.
    """

    smiles: str
    elements: tuple[str, ...]
    charges: tuple[float, ...]
    sigma: tuple[float, ...]
    epsilon: tuple[float, ...]
    bonds: Rows
    angles: Rows
    octahedral: Rows
    torsions: Rows

    @classmethod
    def from_mapping(cls, content: Mapping[str, Any]) -> MoleculeParameters:
        """Return what `as_mapping` made, also after it went through JSON, which has lists for tuples."""
        return cls(**{name: _tuples(value) for name, value in content.items()})

    def as_mapping(self) -> dict[str, Any]:
        """Return plain values by name."""
        return asdict(self)


def _tuples(value: Any) -> Any:
    return tuple(_tuples(one) for one in value) if isinstance(value, list | tuple) else value
