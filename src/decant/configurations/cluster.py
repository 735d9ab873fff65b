"""Recipe `cluster`: a few molecules in contact, from squeezed to loose, in the vacuum."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from ase.data.vdw_alvarez import vdw_radii

from decant.configurations.base import Interval, draw
from decant.configurations.thermal import thermal_molecule
from decant.errors import InputError
from decant.molecules import molecule
from decant.topology import bonds, molecule_ids

TRIES = 100


class ClusterRecipe:
    """Clusters grown molecule by molecule: each comes in from a random side until it touches."""

    name = "cluster"

    def build(
        self,
        count: int,
        seed: int,
        molecules: str | list[str],
        size: int | list[int] = 2,
        temperature: Interval = 300.0,
        contact: Interval = [0.7, 1.0],  # noqa: B006  (never changed)
        conformers: int = 4,
        hessian: str = "gfn2-xtb",
    ) -> list[Atoms]:
        """Return `count` clusters.

        Parameters
        ----------
        count, seed
            How many, and the random seed.
        molecules
            Names or SMILES to draw each molecule from, as a list or as text (``"EC,EMC"``).
        size
            Number of molecules, or [fewest, most].
        temperature
            K, a number or [low, high].
        contact
            Shortest distance of atoms of different molecules, in sums of van der Waals radii (Alvarez, Dalton Trans.
            2013, 42, 8617), a number or [low, high]; each molecule draws its own. 0.7 is a hard contact, as H...H at
            1.7 and O...H at 1.9 angstrom.
        conformers, hessian
            See `thermal_molecule`.
        """
        names = molecules.split(",") if isinstance(molecules, str) else list(molecules)
        kinds = [molecule(str(name)) for name in names]
        few, most = (int(end) for end in (np.atleast_1d(size)[0], np.atleast_1d(size)[-1]))
        if not 1 <= few <= most:
            raise InputError(f"size: expected a number of molecules or [fewest, most], not {size!r}")
        frames = []
        for index in range(count):
            random = np.random.default_rng([seed, index])
            kelvin = draw(temperature, random, "temperature")
            parts = [
                thermal_molecule(kinds[random.integers(len(kinds))], kelvin, random, conformers, hessian)
                for _ in range(int(random.integers(few, most + 1)))
            ]
            frames.append(_cluster(parts, contact, kelvin, random))
        return frames


def _cluster(parts: list[Atoms], contact: Interval, temperature: float, random: np.random.Generator) -> Atoms:
    for _ in range(TRIES):
        atoms = _turned(parts[0], random)
        for part in parts[1:]:
            atoms += _docked(atoms, _turned(part, random), draw(contact, random, "contact"), random)
        ids = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
        if np.array_equal(molecule_ids(len(atoms), bonds(atoms)), ids):  # else a contact looks like a bond: draw anew
            atoms.set_array("mol_id", ids)
            atoms.info = {"temperature": temperature}
            return atoms
    raise InputError(f"contact {contact}: molecules so close look bonded in {TRIES} of {TRIES} tries; give larger ones")


def _turned(atoms: Atoms, random: np.random.Generator) -> Atoms:
    """Return a copy centred on the origin in a random orientation."""
    from scipy.spatial.transform import Rotation

    copy = atoms.copy()
    centred = copy.positions - copy.positions.mean(axis=0)
    copy.positions = Rotation.random(rng=random).apply(centred)
    return copy


def _docked(cluster: Atoms, guest: Atoms, contact: float, random: np.random.Generator) -> Atoms:
    """Move `guest` along a random line towards the cluster's centre until the first pair of atoms is in contact."""
    direction = random.standard_normal(3)
    direction /= np.linalg.norm(direction)
    limits = contact * (vdw_radii[cluster.numbers][:, None] + vdw_radii[guest.numbers][None, :])
    # at distance s along the line a pair is at |d + s n|; it touches at the larger root of |d + s n| = limit
    apart = guest.positions[None, :, :] - (cluster.positions - cluster.positions.mean(axis=0))[:, None, :]
    along = apart @ direction
    inside = along**2 - (apart**2).sum(axis=2) + limits**2
    touching = np.where(inside >= 0, np.sqrt(np.maximum(inside, 0)) - along, -np.inf).max()
    guest = guest.copy()
    guest.positions += cluster.positions.mean(axis=0) + max(touching, 0.0) * direction
    return guest
