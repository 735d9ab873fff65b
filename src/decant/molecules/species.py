"""What a molecule found in a geometry is called: the named solvent or ion with its graph, else its formula."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

import numpy as np
from ase import Atoms

from decant.molecules.ions import ion_of
from decant.molecules.solvents import solvents
from decant.molecules.topology import formula, graph_signature, is_coordinating, split_graph


def species_names(atoms: Atoms, mol_id: np.ndarray, bonds: np.ndarray) -> list[str]:
    """Name every molecule: the named solvent or ion with the same molecular graph, else the chemical formula.

    Atoms of a frame of nothing but metal are no ions.

    Parameters
    ----------
    atoms
        The configuration.
    mol_id
        Molecule of each atom, 0-based and without gaps, shape (atoms,).
    bonds
        Pairs of atom indices, shape (bonds, 2).

    Returns
    -------
    list of str
        One name a molecule.
    """
    pieces = split_graph(atoms, mol_id, bonds)
    if is_coordinating(atoms.numbers).all():
        return [formula(symbols) for symbols, _ in pieces]
    return [known_name(*piece) or formula(piece[0]) for piece in pieces]


def known_name(symbols: tuple[str, ...], edges: tuple[tuple[int, int], ...]) -> str:
    """Return the named solvent or ion with this molecular graph, or an empty string."""
    ion = ion_of(symbols, edges)
    return ion.name if ion else solvent_name(symbols, edges)


@lru_cache(maxsize=4096)
def solvent_name(symbols: tuple[str, ...], edges: tuple[tuple[int, int], ...]) -> str:
    """Return the named solvent with this molecular graph, or an empty string."""
    wanted = formula(symbols)
    alike = [solvent for solvent in solvents() if solvent.formula == wanted]  # cheap, and mostly none
    return next(
        (
            solvent.name
            for solvent in alike
            if graph_signature(solvent.symbols, _pairs(solvent.bonds)) == graph_signature(symbols, edges)
        ),
        "",
    )


def _pairs(bonds: np.ndarray) -> tuple[tuple[int, int], ...]:
    return tuple((int(i), int(j)) for i, j in bonds)


def composition(names: list[str]) -> str:
    """Return species names with their counts, for example ``EC:4,EMC:8``."""
    return ",".join(f"{name}:{count}" for name, count in sorted(Counter(names).items()))
