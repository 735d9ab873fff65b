"""How near atoms of different molecules are, in shares of the distance at which two of their elements touch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from ase.data import covalent_radii
from ase.data.vdw_alvarez import vdw_radii

from decant.molecules.periodicity import enclosing_cell
from decant.molecules.topology import is_coordinating

if TYPE_CHECKING:
    from ase import Atoms

IMPOSSIBLE = 0.5
"""Below this share of a contact no two molecules of a liquid are: a potential that lets them has a hole there.

In runs of OpenFF Sage of 13 solvents and of LiPF6 in EC:EMC, 298 to 313 K, the least is 0.57: hydrogen bonds of acids,
and Li-O. In runs of potentials with holes the least was 0.1 to 0.46."""
COORDINATED = 1.6
"""Contact of a cation and an atom that coordinates it, in sums of covalent radii: they come nearer than others."""
DONORS = (7, 8, 9, 15, 16, 17, 34, 35, 53)


def contact_lengths(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the distances at which two elements touch, angstrom.

    The sum of their van der Waals radii (S. Alvarez, Dalton Trans. 2013, 42, 8617), or for a cation of a metal and an
    atom that coordinates it 1.6 times that of their covalent radii (B. Cordero et al., Dalton Trans. 2008, 2832). Of
    Pm, Po, At, Rn, Fr and Ra no radius is known; 0 says that they touch nothing.

    Parameters
    ----------
    first, second
        Atomic numbers, of one shape.
    """
    cations = is_coordinating(first), is_coordinating(second)
    donors = np.isin(first, DONORS), np.isin(second, DONORS)
    joined = (cations[0] & donors[1]) | (donors[0] & cations[1])
    touching = vdw_radii[first] + vdw_radii[second]
    lengths = np.where(joined, COORDINATED * (covalent_radii[first] + covalent_radii[second]), touching)
    return np.nan_to_num(lengths, nan=0.0)


def closest_contact(atoms: Atoms, below: float = 1.0) -> float:
    """Return the least distance of atoms of different molecules, in shares of a contact; infinite if none is `below`.

    Parameters
    ----------
    atoms
        Whole molecules, with ``arrays["mol_id"]``.
    below
        Largest share to look for.
    """
    return closest_pair(atoms, below)[0]


def closest_pair(atoms: Atoms, below: float = 1.0) -> tuple[float, int, int]:
    """Return the share of `closest_contact`, and the indices of the two atoms; -1 if none is `below`."""
    from matscipy.neighbours import neighbour_list

    kinds = np.unique(atoms.numbers)
    reach = {(int(one), int(other)): below * float(contact_lengths(one, other)) for one in kinds for other in kinds}
    cell, origin = enclosing_cell(atoms, margin=1.0)
    first, second, distances, shifts = neighbour_list(
        "ijdS", positions=np.ascontiguousarray(atoms.positions, dtype=float), cell=cell, pbc=atoms.pbc,
        numbers=atoms.numbers.astype(np.int32), cutoff=reach, cell_origin=origin,
    )  # fmt: skip
    ids = atoms.arrays["mol_id"]
    # molecules are whole, so a shift within one leads to its own image
    apart = (ids[first] != ids[second]) | shifts.any(axis=1)
    with np.errstate(divide="ignore"):
        shares = distances / contact_lengths(atoms.numbers[first], atoms.numbers[second])
    shares[~apart | (shares >= below)] = np.inf
    nearest = int(shares.argmin()) if len(shares) else -1
    if nearest < 0 or np.isinf(shares[nearest]):
        return np.inf, -1, -1
    return float(shares[nearest]), int(first[nearest]), int(second[nearest])
