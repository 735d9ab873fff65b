"""Centres of mass of molecules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix

if TYPE_CHECKING:
    from MDAnalysis import Universe


def mass_fractions(universe: Universe) -> csr_matrix:
    """Return each atom's share in the mass of its residue; times positions, it gives centres of mass.

    Residues are molecules. Shape (molecules, atoms), sparse.
    """
    residues, masses = universe.atoms.resindices, universe.atoms.masses
    shares = masses / np.bincount(residues, masses)[residues]
    return csr_matrix((shares, (residues, np.arange(len(residues)))), shape=(len(universe.residues), len(residues)))


def species(universe: Universe) -> list[str]:
    """Return the names of the species in the order in which they appear."""
    return list(dict.fromkeys(str(name) for name in universe.residues.resnames))
