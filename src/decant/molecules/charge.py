"""The charge and spin of configurations follow their molecules: written by those who know these, else recognized.

A frame carries ``charge`` (e), ``spin`` (the multiplicity 2S + 1, as OMol25 and MACE have it) and ``molecules``: what
its molecules are in the order of ``mol_id``, such as ``[Li+]:1,EC:2``. Radicals in one frame have parallel spins.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers

from decant.molecules.ions import ion_of
from decant.molecules.liquid import composition_name, parse_liquid
from decant.molecules.molecule import Molecule
from decant.molecules.smiles import lewis_structure
from decant.molecules.species import solvent_name
from decant.molecules.topology import formula

CHARGE, SPIN, MOLECULES = "charge", "spin", "molecules"
NOBLE = ("He", "Ne", "Ar", "Kr", "Xe")

Edges = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class ElectronState:
    """How many electrons there are beside those of neutral atoms, and how many of all are unpaired.

    Attributes
    ----------
    charge
        Charge, e.
    unpaired
        Number of unpaired electrons.
    """

    charge: int
    unpaired: int = 0

    @property
    def spin(self) -> int:
        """The multiplicity 2S + 1."""
        return self.unpaired + 1

    def __add__(self, other: ElectronState) -> ElectronState:
        return ElectronState(self.charge + other.charge, self.unpaired + other.unpaired)


def state_of(kinds: Sequence[Molecule]) -> ElectronState:
    """Return the state of molecules side by side."""
    return ElectronState(sum(kind.charge for kind in kinds), sum(kind.unpaired for kind in kinds))


def describe_molecules(atoms: Atoms, kinds: Sequence[Molecule]) -> None:
    """Write on a frame which molecules it holds, in the order of ``mol_id``, and the charge and spin that follow."""
    state = state_of(kinds)
    runs = [(kind, len(list(run))) for kind, run in groupby(kinds)]
    atoms.info |= {MOLECULES: composition_name(runs), CHARGE: state.charge, SPIN: state.spin}


def described_molecules(atoms: Atoms) -> list[Molecule]:
    """Return the molecules of a frame of `describe_molecules`, in the order of ``mol_id``.

    Raises
    ------
    InputError
        If the frame does not say.
    """
    return [kind for kind, count in parse_liquid(atoms.info.get(MOLECULES, "")) for _ in range(count)]


def odd(numbers: np.ndarray, charge: int) -> int:
    """Return 1 if the number of electrons is odd, else 0."""
    return (int(np.sum(numbers)) - charge) % 2


def signed(charge: int) -> str:
    """Return a charge as text: ``+1``, ``0``, ``-2``."""
    return f"{charge:+d}" if charge else "0"


@functools.lru_cache(maxsize=4096)
def recognized(symbols: tuple[str, ...], edges: Edges) -> tuple[str, ElectronState | None]:
    """Recognize a molecule in a liquid from its graph.

    Known are the named ions and solvents, noble gases, and what has a Lewis structure that is neutral, or with one
    positive charge on a nitrogen or phosphorus of four bonds or an aromatic nitrogen (ammonium, imidazolium), or with
    a negative one on a boron of four bonds or an acid of sulfur or phosphorus (sulfonate, sulfonylimide). Whether a
    hydroxyl is a radical or an ion, for example, no graph tells.

    Parameters
    ----------
    symbols
        Chemical symbols.
    edges
        Bonds, pairs of indices i < j.

    Returns
    -------
    str
        Its name, or its formula.
    ElectronState or None
        None if it cannot be known.
    """
    ion = ion_of(symbols, edges)
    if ion is not None:
        return ion.name, state_of([ion])
    name = solvent_name(symbols, edges)
    if name or (len(symbols) == 1 and symbols[0] in NOBLE):
        return name or symbols[0], ElectronState(0)
    if formula(symbols) == "O2":
        return "O2", ElectronState(0, 2)
    return formula(symbols), _perceived(symbols, edges)


def _perceived(symbols: tuple[str, ...], edges: Edges) -> ElectronState | None:
    """Return the charge for which alone a molecule has a sound Lewis structure."""
    numbers = np.array([atomic_numbers[symbol] for symbol in symbols])
    for atom in _phosphonium(symbols, edges):
        numbers[atom] = atomic_numbers["N"]  # of which RDKit knows that it may have four bonds
    if len(symbols) == 1:
        return None
    if not odd(numbers, 0):
        return ElectronState(0) if lewis_structure(numbers, edges, 0) else None
    for charge in (1, -1):
        found = lewis_structure(numbers, edges, charge)
        if found and any(_carries(atom, charge) for atom in found.GetAtoms()):
            return ElectronState(charge)
    return None


def _phosphonium(symbols: tuple[str, ...], edges: Edges) -> list[int]:
    """Return the phosphorus atoms with four bonds, all to carbon or hydrogen."""
    partners: dict[int, list[str]] = {atom: [] for atom, symbol in enumerate(symbols) if symbol == "P"}
    for i, j in edges:
        for atom, other in ((i, j), (j, i)):
            if atom in partners:
                partners[atom].append(symbols[other])
    return [atom for atom, near in partners.items() if len(near) == 4 and set(near) <= {"C", "H"}]


def _carries(atom, charge: int) -> bool:  # type: ignore[no-untyped-def]
    """Say whether an atom carries a charge that it could not be without, were the molecule a neutral radical."""
    if atom.GetFormalCharge() != charge:
        return False
    if charge > 0:
        return bool(atom.GetSymbol() == "N" and (atom.GetDegree() == 4 or atom.GetIsAromatic()))
    acid = any(other.GetSymbol() in "SP" and other.GetDegree() == 4 for other in atom.GetNeighbors())
    return bool(atom.GetSymbol() == "B" and atom.GetDegree() == 4) or (atom.GetSymbol() in "NO" and acid)
