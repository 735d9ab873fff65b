"""Which molecules a frame holds, and the parameters of each in the order of the frame's atoms."""

from __future__ import annotations

import functools

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers

from decant.data.reactions import find_molecules
from decant.force_field.cache import parameters_of
from decant.force_field.system import Placed
from decant.foundation.errors import InputError
from decant.molecules.charge import ElectronState, recognized, signed
from decant.molecules.molecule import graph
from decant.molecules.smiles import lewis_structure
from decant.molecules.solvents import molecule
from decant.molecules.species import known_name
from decant.molecules.topology import bonds, formula, molecule_ids, split_graph

Symbols = tuple[str, ...]
Edges = tuple[tuple[int, int], ...]


def placed_molecules(atoms: Atoms) -> list[Placed]:
    """Return the molecules of a configuration with their parameters.

    Bonds are those of the geometry: a molecule that has reacted is another molecule, or none.

    Raises
    ------
    InputError
        If a molecule is broken, its charge is not known, or the force field has no parameters for it.
    """
    pairs = bonds(atoms)
    ids = molecule_ids(len(atoms), pairs)
    if not all(known_name(*piece) for piece in split_graph(atoms, ids, pairs)):
        found = find_molecules([atoms], [None])[0]
        if found.reacted:
            raise InputError(found.reacted)
        ids, pairs = found.mol_id, found.bonds
    placed = []
    for number, (symbols, edges) in enumerate(split_graph(atoms, ids, pairs)):
        text, order = _identified(symbols, edges)
        placed.append((parameters_of(text), np.flatnonzero(ids == number)[order]))
    return placed


@functools.lru_cache(maxsize=4096)
def _identified(symbols: Symbols, edges: Edges) -> tuple[str, np.ndarray]:
    """Return the SMILES of a molecular graph, and which of its atoms is each atom of the SMILES.

    Raises
    ------
    InputError
        If there is none with a known charge.
    """
    if name := known_name(symbols, edges):
        text = molecule(name).smiles
    else:
        text = _written(symbols, edges, recognized(symbols, edges)[1])
    return text, _order(text, symbols, edges)


def _written(symbols: Symbols, edges: Edges, state: ElectronState | None) -> str:
    """Return the SMILES of a molecule without a name that has this charge."""
    from rdkit import Chem

    numbers = np.array([atomic_numbers[symbol] for symbol in symbols])
    mol = None if state is None or state.unpaired else lewis_structure(numbers, edges, state.charge)
    if mol is None:
        raise InputError(f"{formula(symbols)}: no closed-shell molecule with a known charge, as a force field needs")
    return str(Chem.MolToSmiles(Chem.RemoveHs(mol)))


def _order(text: str, symbols: Symbols, edges: Edges) -> np.ndarray:
    """Return the index in a graph of each atom of a SMILES with the same graph, shape (atoms,)."""
    from networkx import Graph
    from networkx.algorithms.isomorphism import GraphMatcher, categorical_node_match

    one, other = Graph(), Graph()
    for target, (elements, pairs) in ((one, graph(text)), (other, (symbols, edges))):
        target.add_nodes_from((index, {"element": element}) for index, element in enumerate(elements))
        target.add_edges_from(pairs)
    if graph(text) == (symbols, edges):
        return np.arange(len(symbols))
    mapping = next(GraphMatcher(one, other, categorical_node_match("element", "")).isomorphisms_iter())
    return np.array([mapping[index] for index in range(len(symbols))])


def total_charge(placed: list[Placed]) -> int:
    """Return the charge of molecules together, e."""
    return round(sum(sum(one.charges) for one, _ in placed))


def require_charge(placed: list[Placed], charge: int, spin: int | None) -> None:
    """Refuse a charge or spin that molecules with closed shells do not have.

    Raises
    ------
    InputError
        If they have another charge together, or the multiplicity is not 1.
    """
    if spin not in (None, 1):
        raise InputError(f"multiplicity {spin}: a force field knows closed shells only")
    own = total_charge(placed)
    if charge != own:
        raise InputError(
            f"charge {signed(charge)}: its molecules have {signed(own)}, and a force field moves no electrons"
        )
