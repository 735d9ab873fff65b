"""What makes a configuration or its label unfit for a training set."""

from __future__ import annotations

import numpy as np
from ase import Atoms

from decant.data.isolated import is_isolated
from decant.data.limits import FORCE_LIMIT
from decant.data.reactions import describe_piece
from decant.molecules.connectivity import whole_molecules
from decant.molecules.topology import renumbered

__all__ = ["FORCE_LIMIT", "broken_molecules", "large_force"]


def broken_molecules(atoms: Atoms) -> str:
    """Say which molecule of ``mol_id`` fell apart, or which two fused; an empty string if all are sound."""
    ids = renumbered(atoms.arrays["mol_id"])
    pieces, fused = whole_molecules(atoms, ids)
    if pieces.max() > ids.max():
        owner = np.array([ids[pieces == piece][0] for piece in range(pieces.max() + 1)])
        torn = np.flatnonzero(np.bincount(owner)[owner] > 1)
        return describe_piece(atoms, pieces, torn.tolist())
    if fused:
        i, j = fused
        distance = atoms.get_distance(i, j, mic=bool(atoms.pbc.any()))
        one, other = atoms.symbols[i], atoms.symbols[j]
        return f"fused molecules: {one}{i} of molecule {ids[i]} is bonded to {other}{j} of {ids[j]}, {distance:.2f} A"
    return ""


def large_force(atoms: Atoms, limit: float) -> str:
    """Say which atom of a labelled frame has the largest force if that is above `limit`, eV/angstrom; else nothing."""
    if is_isolated(atoms):
        return ""
    sizes = np.linalg.norm(atoms.arrays["REF_forces"], axis=1)
    atom = int(sizes.argmax())
    return f"absurd force {sizes[atom]:.1f} eV/A on atom {atom} (limit {limit:g})" if sizes[atom] > limit else ""
