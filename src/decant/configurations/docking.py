"""Bringing molecules into contact from random sides in random orientations."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from ase.data.vdw_alvarez import vdw_radii


def turned(atoms: Atoms, random: np.random.Generator) -> Atoms:
    """Return a copy centred on the origin in a random orientation."""
    from scipy.spatial.transform import Rotation

    copy = atoms.copy()
    centred = copy.positions - copy.positions.mean(axis=0)
    copy.positions = Rotation.random(rng=random).apply(centred)
    return copy


def direction(random: np.random.Generator) -> np.ndarray:
    """Return a random unit vector, shape (3,)."""
    vector = random.standard_normal(3)
    return vector / np.linalg.norm(vector)


def docked(cluster: Atoms, guest: Atoms, contact: float | np.ndarray, along: np.ndarray) -> Atoms:
    """Move `guest` along a line towards the cluster's centre until the first pair of atoms is in contact.

    Parameters
    ----------
    cluster, guest
        Molecules; the guest is centred on the origin.
    contact
        Distance of contact in sums of van der Waals radii (Alvarez, Dalton Trans. 2013, 42, 8617); a number, or one an
        atom of the cluster, shape (atoms, 1).
    along
        Unit vector from the cluster's centre to where the guest comes from.
    """
    limits = contact * (vdw_radii[cluster.numbers][:, None] + vdw_radii[guest.numbers][None, :])
    # at distance s along the line a pair is at |d + s n|; it touches at the larger root of |d + s n| = limit
    apart = guest.positions[None, :, :] - (cluster.positions - cluster.positions.mean(axis=0))[:, None, :]
    ahead = apart @ along
    inside = ahead**2 - (apart**2).sum(axis=2) + limits**2
    touching = np.where(inside >= 0, np.sqrt(np.maximum(inside, 0)) - ahead, -np.inf).max()
    guest = guest.copy()
    guest.positions += cluster.positions.mean(axis=0) + max(touching, 0.0) * along
    return guest
