"""The SMILES of a molecule that was found in a geometry: its bonds are known, their orders are not."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from ase.data import atomic_numbers

from decant.molecules.ions import ion_of

if TYPE_CHECKING:
    from rdkit.Chem import Mol

Edges = tuple[tuple[int, int], ...]

MOST_TRIALS = 20000
"""Bond orders that RDKit may try for one molecule, which is then not recognized."""
CHARGES = (0, -1, 1)
"""Charges of a molecule, tried in this order: a geometry does not tell."""


@lru_cache(maxsize=4096)
def smiles(symbols: tuple[str, ...], edges: Edges) -> str | None:
    """Return the canonical SMILES of a molecular graph: that of the named ion that has it, else one that fits it.

    Parameters
    ----------
    symbols
        Chemical symbol of each atom, hydrogens among them.
    edges
        Bonds, pairs of atom indices.

    Returns
    -------
    str or None
        None of a lone atom, and where the graph is in pieces or no bond orders fit its valences: a molecule that broke
        or fused.
    """
    from rdkit import Chem

    if len(symbols) < 2:
        return None
    ion = ion_of(symbols, edges)
    if ion is not None:
        return str(Chem.CanonSmiles(ion.smiles))
    numbers = np.array([atomic_numbers[symbol] for symbol in symbols])
    for charge in CHARGES:
        mol = lewis_structure(numbers, edges, charge)
        found = str(Chem.MolToSmiles(Chem.RemoveHs(mol))) if mol else "."
        if "." not in found:
            return found
    return None


def lewis_structure(numbers: np.ndarray, edges: Edges, charge: int) -> Mol | None:
    """Return a molecule with bond orders that fit its valences and charge and leave no radical.

    Parameters
    ----------
    numbers
        Atomic numbers, shape (atoms,).
    edges
        Bonds, pairs of atom indices.
    charge
        Charge, e.

    Returns
    -------
    rdkit.Chem.Mol or None
        None where there is no such structure, or RDKit does not find it in `MOST_TRIALS`.
    """
    from rdkit import Chem, RDLogger
    from rdkit.Chem import rdDetermineBonds

    RDLogger.DisableLog("rdApp.*")  # type: ignore[attr-defined]  # of charges that do not fit
    mol = Chem.RWMol()
    for number in numbers.tolist():
        atom = Chem.Atom(number)
        atom.SetNoImplicit(True)
        mol.AddAtom(atom)
    for one, other in edges:
        mol.AddBond(one, other, Chem.BondType.SINGLE)
    try:
        rdDetermineBonds.DetermineBondOrders(mol, charge=charge, embedChiral=False, maxIterations=MOST_TRIALS)
        Chem.SanitizeMol(mol)
    except Exception:  # RDKit raises many kinds where there is no such structure
        return None
    radical = any(atom.GetNumRadicalElectrons() for atom in mol.GetAtoms())
    return None if radical or Chem.GetFormalCharge(mol) != charge else mol
