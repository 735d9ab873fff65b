"""Functional groups of molecules, and whether a liquid is new to a potential by its shape or by its chemistry."""

from __future__ import annotations

import functools
from collections.abc import Iterable

from decant.molecules.molecule import Molecule

GROUPS = {
    "water": "[OX2H2]",
    "carbonate": "[#6][OX2]C(=O)[OX2][#6]",
    "anhydride": "C(=O)[OX2]C(=O)",
    "carbamate": "[#7]C(=O)[OX2]",
    "urea": "[#7]C(=O)[#7]",
    "acid": "[CX3](=O)[OX2H1]",
    "ester": "[#6,#1][CX3](=O)[OX2][#6]",
    "amide": "[#6,#1][CX3](=O)[#7]",
    "aldehyde": "[CX3;H1,H2]=O",
    "ketone": "[#6][CX3](=O)[#6]",
    "sulfone": "[#6]S(=O)(=O)[#6]",
    "sulfoxide": "[#6][SX3](=O)[#6]",
    "nitrile": "C#N",
    "nitro": "[N+](=O)[O-]",
    "phosphate": "P(=O)([OX2])([OX2])[OX2]",
    "alcohol": "[OX2H1][#6]",
    "ether": "[#6][OX2][#6]",
    "thioether": "[#6][SX2][#6]",
    "amine": "[NX3]",
    "fluoride": "[#6]F",
    "chloride": "[#6]Cl",
    "bromide": "[#6]Br",
    "aromatic ring": "c",
    "alkyne": "C#C",
    "alkene": "C=C",
}
"""SMARTS by name. An O, N or other hetero atom belongs to the first group that holds it: an ester is no ether."""


@functools.cache
def functional_groups(molecule: Molecule) -> frozenset[str]:
    """Return the names of the functional groups of a molecule.

    A hetero atom in none of `GROUPS` is a group under its symbol; a molecule without groups is an alkane. Whether a
    group is in a ring makes no difference: a lactone is an ester.
    """
    from rdkit import Chem

    mol = Chem.AddHs(Chem.MolFromSmiles(molecule.smiles))
    Chem.Kekulize(mol, clearAromaticFlags=True)
    Chem.SetAromaticity(mol, Chem.AromaticityModel.AROMATICITY_MDL)  # RDKit's own takes vinylene carbonate for aromatic
    hetero = {atom.GetIdx(): atom.GetSymbol() for atom in mol.GetAtoms() if atom.GetAtomicNum() not in (1, 6)}
    taken: set[int] = set()
    found: set[str] = set()
    for name, smarts in GROUPS.items():
        matches = [set(match) & hetero.keys() for match in mol.GetSubstructMatches(Chem.MolFromSmarts(smarts))]
        free = [match for match in matches if not match & taken]
        if free:
            found.add(name)
            taken.update(*free)
    found.update(symbol for index, symbol in hetero.items() if index not in taken)
    return frozenset(found or {"alkane"})


def change(liquid: Iterable[Molecule], known: Iterable[Molecule]) -> str:
    """Return what makes a liquid new to a potential: ``none``, ``shape`` or ``chemistry``.

    Parameters
    ----------
    liquid
        Molecules of the liquid.
    known
        Molecules that the potential was trained on.

    Returns
    -------
    str
        ``chemistry`` if a molecule has a functional group that no known one has; else ``shape`` if a molecule is not
        among the known ones (a homologue, a branch, a ring or a chain of the same groups); else ``none``.
    """
    known = list(known)
    groups = frozenset().union(*(functional_groups(one) for one in known))
    identities = {one.identity for one in known}
    new = [one for one in liquid if one.identity not in identities]
    if any(functional_groups(one) - groups for one in new):
        return "chemistry"
    return "shape" if new else "none"
