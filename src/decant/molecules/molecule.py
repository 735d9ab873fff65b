"""A molecule, from its SMILES: its atoms, bonds, mass and a first geometry."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from ase import Atoms
from ase.data import atomic_masses, atomic_numbers

from decant.foundation.errors import InputError
from decant.molecules.topology import formula

if TYPE_CHECKING:
    from rdkit.Chem import Mol


@dataclass(frozen=True)
class Molecule:
    """A molecule, with explicit hydrogens.

    Attributes
    ----------
    name
        Name of the solvent, or the SMILES if it has none.
    smiles
        SMILES string; the order of the atoms follows it, hydrogens last.
    """

    name: str
    smiles: str

    @property
    def symbols(self) -> tuple[str, ...]:
        """Chemical symbol of each atom."""
        return graph(self.smiles)[0]

    @property
    def bonds(self) -> np.ndarray:
        """Pairs of atom indices i < j, shape (bonds, 2)."""
        return np.array(graph(self.smiles)[1], dtype=int).reshape(-1, 2)

    @property
    def formula(self) -> str:
        """Chemical formula in Hill order."""
        return formula(self.symbols)

    @property
    def molar_mass(self) -> float:
        """Molar mass, g/mol."""
        return float(sum(atomic_masses[atomic_numbers[symbol]] for symbol in self.symbols))

    @property
    def identity(self) -> str:
        """Canonical SMILES, the same however its SMILES was written."""
        return _canonical(self.smiles)

    @property
    def charge(self) -> int:
        """Charge, e: the sum of the formal charges."""
        return electrons(self.smiles)[0]

    @property
    def unpaired(self) -> int:
        """Number of unpaired electrons."""
        return electrons(self.smiles)[1]

    def embed(self, seed: int) -> Atoms:
        """Return a conformer from RDKit's distance geometry (ETKDG), relaxed with MMFF94 or UFF where one knows it.

        Parameters
        ----------
        seed
            Random seed; different seeds may give different conformers.

        Raises
        ------
        InputError
            If no geometry could be found.
        """
        mol = embedded(self.smiles, seed)
        return Atoms(self.symbols, positions=mol.GetConformer().GetPositions())


def embedded(smiles: str, seed: int) -> Mol:
    """Return an RDKit molecule with explicit hydrogens and one conformer, relaxed where a force field knows it."""
    from rdkit import Chem
    from rdkit.Chem import rdDistGeom, rdForceFieldHelpers

    mol = _with_hydrogens(smiles)
    shapes = {5: Chem.ChiralType.CHI_TRIGONALBIPYRAMIDAL, 6: Chem.ChiralType.CHI_OCTAHEDRAL}
    for atom in mol.GetAtoms():  # the neighbours of such an atom would else stand anywhere about it, on each other
        if atom.GetDegree() in shapes and atom.GetChiralTag() == Chem.ChiralType.CHI_UNSPECIFIED:
            atom.SetChiralTag(shapes[atom.GetDegree()])
            atom.SetIntProp("_chiralPermutation", 1)
    if rdDistGeom.EmbedMolecule(mol, randomSeed=seed % 2**31) != 0:  # RDKit takes 32-bit signed seeds
        raise InputError(f"{smiles}: RDKit found no geometry for this molecule")
    if rdForceFieldHelpers.MMFFHasAllMoleculeParams(mol):
        rdForceFieldHelpers.MMFFOptimizeMolecule(mol, maxIters=2000)
    elif rdForceFieldHelpers.UFFHasAllMoleculeParams(mol):
        rdForceFieldHelpers.UFFOptimizeMolecule(mol, maxIters=2000)
    return mol


@functools.lru_cache(maxsize=1024)
def _canonical(smiles: str) -> str:
    from rdkit import Chem

    return str(Chem.CanonSmiles(smiles))


def rotatable_bonds(smiles: str) -> list[tuple[int, int]]:
    """Return the rotatable bonds of a molecule: single, in no ring, next to no triple bond, with atoms at both ends."""
    from rdkit import Chem

    end = "[!D1;!$(*#*)]"
    found = _with_hydrogens(smiles).GetSubstructMatches(Chem.MolFromSmarts(f"{end}-!@{end}"))
    return sorted((min(pair), max(pair)) for pair in found)


def _with_hydrogens(smiles: str) -> Mol:
    from rdkit import Chem, RDLogger

    RDLogger.DisableLog("rdApp.*")  # type: ignore[attr-defined]  # its own message would precede ours
    mol = Chem.MolFromSmiles(smiles)
    if mol is None or mol.GetNumAtoms() == 0:
        raise InputError(f"'{smiles}': not a SMILES string")
    return Chem.AddHs(mol)


@functools.cache
def graph(smiles: str) -> tuple[tuple[str, ...], tuple[tuple[int, int], ...]]:
    """Return the symbols of the atoms of a SMILES string and its bonds, pairs i < j.

    Raises
    ------
    InputError
        If it is none.
    """
    mol = _with_hydrogens(smiles)
    pairs = [sorted((bond.GetBeginAtomIdx(), bond.GetEndAtomIdx())) for bond in mol.GetBonds()]
    return tuple(atom.GetSymbol() for atom in mol.GetAtoms()), tuple(sorted((i, j) for i, j in pairs))


@functools.cache
def electrons(smiles: str) -> tuple[int, int]:
    """Return the charge of a SMILES string, e, and the number of its unpaired electrons: those of its radicals.

    Dioxygen is the triplet that it is, though its SMILES has a double bond. Ions of transition metals have the lowest
    spin.

    Raises
    ------
    InputError
        If it is none.
    """
    from rdkit import Chem

    mol = _with_hydrogens(smiles)
    charge = int(Chem.GetFormalCharge(mol))
    unpaired = sum(atom.GetNumRadicalElectrons() for atom in mol.GetAtoms())
    if Chem.MolToSmiles(Chem.RemoveHs(mol)) == "O=O":
        unpaired = 2
    count = sum(atom.GetAtomicNum() for atom in mol.GetAtoms()) - charge
    return charge, unpaired if unpaired % 2 == count % 2 else count % 2
