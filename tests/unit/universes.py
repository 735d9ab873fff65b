"""Small universes in memory whose observables are known beforehand."""

from __future__ import annotations

import MDAnalysis
import numpy as np
from MDAnalysis.coordinates.memory import MemoryReader


def universe(
    positions: np.ndarray,
    elements: list[str],
    residue_of_atom: list[int],
    resnames: list[str],
    box: np.ndarray,
    bonds: np.ndarray | None = None,
    dt: float = 1.0,
) -> MDAnalysis.Universe:
    """Build a universe; `positions` (frames, atoms, 3), `box` one edge or one a frame, angstrom; `dt` in ps."""
    made = MDAnalysis.Universe.empty(
        len(elements), n_residues=len(resnames), atom_resindex=residue_of_atom, trajectory=False
    )
    masses = {"H": 1.008, "C": 12.011, "O": 15.999}
    made.add_TopologyAttr("elements", elements)
    made.add_TopologyAttr("masses", [masses[element] for element in elements])
    made.add_TopologyAttr("resnames", resnames)
    if bonds is not None:
        made.add_TopologyAttr("bonds", [tuple(pair) for pair in bonds])
    edges = np.broadcast_to(np.asarray(box, dtype=float), (len(positions),))
    dimensions = np.column_stack([edges, edges, edges, *[np.full(len(positions), 90.0)] * 3])
    made.load_new(np.asarray(positions), format=MemoryReader, order="fac", dimensions=dimensions, dt=dt)
    return made


def random_walkers(
    molecules: int, frames: int, diffusion: float, dt: float, seed: int, box: float = 20.0
) -> MDAnalysis.Universe:
    """Lone carbon atoms, half of them named A and half B, that walk with D = `diffusion` angstrom^2/ps."""
    random = np.random.default_rng(seed)
    steps = random.normal(scale=np.sqrt(2 * diffusion * dt), size=(frames, molecules, 3))
    start = random.uniform(0, box, size=(molecules, 3))
    names = ["A"] * (molecules // 2) + ["B"] * (molecules - molecules // 2)
    return universe(
        start + np.cumsum(steps, axis=0), ["C"] * molecules, list(range(molecules)), names, np.array(box), dt=dt
    )
