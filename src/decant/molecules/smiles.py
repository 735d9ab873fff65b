"""The SMILES of a molecule that was found in a geometry: its bonds are known, their orders are not."""

from __future__ import annotations

from functools import lru_cache

CHARGES = (0, -1, 1)
"""Charges of a molecule, tried in this order: a geometry does not tell."""


@lru_cache(maxsize=4096)
def smiles(symbols: tuple[str, ...], edges: tuple[tuple[int, int], ...]) -> str | None:
    """Return the canonical SMILES of a molecular graph.

    Parameters
    ----------
    symbols
        Chemical symbol of each atom, hydrogens among them.
    edges
        Bonds, pairs of atom indices.

    Returns
    -------
    str or None
        None where the graph is in pieces or no bond orders fit its valences: a molecule that broke or fused.
    """
    from rdkit import Chem, RDLogger
    from rdkit.Chem import rdDetermineBonds

    RDLogger.DisableLog("rdApp.*")  # type: ignore[attr-defined]  # of charges that do not fit
    bare = Chem.RWMol()
    for symbol in symbols:
        atom = Chem.Atom(symbol)
        atom.SetNoImplicit(True)
        bare.AddAtom(atom)
    for one, other in edges:
        bare.AddBond(one, other, Chem.BondType.SINGLE)
    for charge in CHARGES if len(symbols) > 1 else ():
        mol = Chem.Mol(bare)
        try:
            rdDetermineBonds.DetermineBondOrders(mol, charge=charge, embedChiral=False)
            found = str(Chem.MolToSmiles(Chem.RemoveHs(mol)))
        except (ValueError, RuntimeError):  # of valences; bonds that come to no end
            continue
        if "." not in found and not any(atom.GetNumRadicalElectrons() for atom in mol.GetAtoms()):
            return found
    return None
