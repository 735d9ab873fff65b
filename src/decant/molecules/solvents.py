"""Molecules by name or SMILES: their atoms, bonds, mass and a first geometry."""

from __future__ import annotations

import functools
import importlib.resources
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml
from ase import Atoms
from ase.data import atomic_masses, atomic_numbers

from decant.foundation.errors import InputError, nearest
from decant.foundation.settings import text as nonempty
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
        return _graph(self.smiles)[0]

    @property
    def bonds(self) -> np.ndarray:
        """Pairs of atom indices i < j, shape (bonds, 2)."""
        return np.array(_graph(self.smiles)[1], dtype=int).reshape(-1, 2)

    @property
    def formula(self) -> str:
        """Chemical formula in Hill order."""
        return formula(self.symbols)

    @property
    def molar_mass(self) -> float:
        """Molar mass, g/mol."""
        return float(sum(atomic_masses[atomic_numbers[symbol]] for symbol in self.symbols))

    def embed(self, seed: int) -> Atoms:
        """Return a conformer from RDKit's distance geometry (ETKDG), relaxed with MMFF94 where it has parameters.

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
    """Return an RDKit molecule with explicit hydrogens and one relaxed conformer."""
    from rdkit.Chem import rdDistGeom, rdForceFieldHelpers

    mol = _with_hydrogens(smiles)
    if rdDistGeom.EmbedMolecule(mol, randomSeed=seed % 2**31) != 0:  # RDKit takes 32-bit signed seeds
        raise InputError(f"{smiles}: RDKit found no geometry for this molecule")
    if rdForceFieldHelpers.MMFFHasAllMoleculeParams(mol):
        rdForceFieldHelpers.MMFFOptimizeMolecule(mol, maxIters=2000)
    else:
        rdForceFieldHelpers.UFFOptimizeMolecule(mol, maxIters=2000)
    return mol


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
def _graph(smiles: str) -> tuple[tuple[str, ...], tuple[tuple[int, int], ...]]:
    mol = _with_hydrogens(smiles)
    pairs = [sorted((bond.GetBeginAtomIdx(), bond.GetEndAtomIdx())) for bond in mol.GetBonds()]
    return tuple(atom.GetSymbol() for atom in mol.GetAtoms()), tuple(sorted((i, j) for i, j in pairs))


@functools.cache
def solvent_table() -> dict[str, dict[str, Any]]:
    """Return the table of named solvents as it stands in ``solvents.yaml``."""
    text = importlib.resources.files("decant").joinpath("molecules/solvents.yaml").read_text(encoding="utf-8")
    table: dict[str, dict[str, Any]] = yaml.safe_load(text)
    return table


@functools.cache
def solvents() -> tuple[Molecule, ...]:
    """Return every named solvent."""
    return tuple(Molecule(name, entry["smiles"]) for name, entry in solvent_table().items())


def molecule(name_or_smiles: str) -> Molecule:
    """Return the solvent of this name (any case), or the molecule of this SMILES.

    Raises
    ------
    InputError
        If it is neither; the message names the nearest solvent.
    """
    text = name_or_smiles.strip()
    for solvent in solvents():
        if solvent.name.lower() == text.lower():
            return solvent
    try:
        _graph(text)
    except InputError as error:
        hint = nearest(text, solvent_table())
        raise InputError(
            f"unknown solvent '{text}'{hint}; expected a name listed by 'decant solvents' or a SMILES string"
        ) from error
    return Molecule(text, text)


def parse_liquid(text: str) -> list[tuple[Molecule, int]]:
    """Parse a composition such as ``"EC:4,EMC:8"`` into molecules and their counts.

    Raises
    ------
    InputError
        If the syntax is wrong, a count is not a positive whole number, or a solvent is unknown.
    """
    liquid = []
    for part in str(text).split(","):
        name, separator, count = part.rpartition(":")  # a SMILES may hold ':', a count never
        if not separator or not count.strip().isdigit() or int(count) == 0:
            raise InputError(f"liquid '{text}': expected NAME:COUNT,NAME:COUNT, for example EC:4,EMC:8")
        liquid.append((molecule(name), int(count)))
    return liquid


def mixture(text: str, atoms: int | None = None, molecules: int | None = None) -> list[tuple[Molecule, int]]:
    """Parse a composition by counts, or by mole ratio for a box of a given size.

    Parameters
    ----------
    text
        Such as ``"EC:4,EMC:8"``; with a size the numbers are a ratio and need not be whole: ``"EC:0.3,EMC:0.7"``.
    atoms
        About how many atoms the box has.
    molecules
        How many molecules the box has; their numbers are the nearest whole ones to the ratio that add up to it.

    Raises
    ------
    InputError
        If the syntax is wrong, both sizes are given, or the box has no room for one molecule of each kind.
    """
    if atoms is None and molecules is None:
        return parse_liquid(text)
    if atoms is not None and molecules is not None:
        raise InputError(f"liquid '{text}': give atoms or molecules, not both")
    parts = _parse_ratio(text)
    shares = np.array([share for _, share in parts]) / sum(share for _, share in parts)
    if molecules is None:
        molecules = round(
            int(atoms or 0) / sum(x * len(kind.symbols) for (kind, _), x in zip(parts, shares, strict=True))
        )
    counts = np.floor(shares * molecules).astype(int)
    for index in np.argsort(counts - shares * molecules, kind="stable")[: molecules - counts.sum()]:
        counts[index] += 1
    if counts.min() < 1:
        raise InputError(f"liquid '{text}': a box of {molecules} molecules has none of some kind; make it larger")
    return [(kind, int(count)) for (kind, _), count in zip(parts, counts, strict=True)]


def _parse_ratio(text: str) -> list[tuple[Molecule, float]]:
    parts = []
    for part in str(text).split(","):
        name, _, share = part.rpartition(":")
        try:
            value = float(share)
        except ValueError:
            value = 0.0
        if not name or not 0 < value < np.inf:
            raise InputError(f"liquid '{text}': expected NAME:SHARE,NAME:SHARE, for example EC:3,EMC:7")
        parts.append((molecule(name), value))
    return parts


def composition_name(liquid: list[tuple[Molecule, int]]) -> str:
    """Return a composition as text, for example ``EC:4,EMC:8``."""
    return ",".join(f"{kind.name}:{count}" for kind, count in liquid)


def composition(value: Any) -> str:
    """Return a composition such as ``EC:2,EMC:4`` after a check of its molecules; a reader of settings."""
    parse_liquid(nonempty(value))
    return str(value)
