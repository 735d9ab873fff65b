"""Small universes in memory whose observables are known beforehand."""

from __future__ import annotations

import numpy as np
from MDAnalysis import Universe
from MDAnalysis.coordinates.memory import MemoryReader
from scipy.spatial.transform import Rotation


def universe(
    positions: np.ndarray,
    elements: list[str],
    residue_of_atom: list[int],
    resnames: list[str],
    box: np.ndarray,
    bonds: np.ndarray | None = None,
    dt: float = 1.0,
) -> Universe:
    """Build a universe; `positions` (frames, atoms, 3), `box` one edge or one a frame, angstrom; `dt` in ps."""
    made = Universe.empty(len(elements), n_residues=len(resnames), atom_resindex=residue_of_atom, trajectory=False)
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


def random_walkers(molecules: int, frames: int, diffusion: float, dt: float, seed: int, box: float = 20.0) -> Universe:
    """Lone carbon atoms, half of them named A and half B, that walk with D = `diffusion` angstrom^2/ps."""
    random = np.random.default_rng(seed)
    steps = random.normal(scale=np.sqrt(2 * diffusion * dt), size=(frames, molecules, 3))
    start = random.uniform(0, box, size=(molecules, 3))
    names = ["A"] * (molecules // 2) + ["B"] * (molecules - molecules // 2)
    return universe(
        start + np.cumsum(steps, axis=0), ["C"] * molecules, list(range(molecules)), names, np.array(box), dt=dt
    )


# dimethyl carbonate without hydrogens, drawn flat: C(=O)(O)O and a carbon on each ester oxygen
CARBONATE = ["C", "O", "O", "O", "C", "C"]
CARBONATE_BONDS = np.array([[0, 1], [0, 2], [0, 3], [2, 4], [3, 5]])
CARBONATE_POSITIONS = np.array(
    [[0, 0, 0], [0, 1.2, 0], [1.15, -0.66, 0], [-1.15, -0.66, 0], [2.35, 0.1, 0], [-2.35, 0.1, 0]], dtype=float
)


def tumbling_carbonates(molecules: int, frames: int, seed: int, box: float = 20.0, dt: float = 0.1) -> Universe:
    """Rigid carbonates, half of them named DMC and half X, that walk and turn without seeing each other."""
    random = np.random.default_rng(seed)
    walk = random.uniform(0, box, size=(molecules, 3)) + np.cumsum(
        random.normal(scale=np.sqrt(2 * 0.1 * dt), size=(frames, molecules, 3)), axis=0
    )
    turns = Rotation.random(frames * molecules, rng=random).as_matrix().reshape(frames, molecules, 3, 3)
    positions = walk[:, :, None, :] + np.einsum("fmab,kb->fmka", turns, CARBONATE_POSITIONS)
    positions += random.normal(scale=0.02, size=positions.shape)
    size = len(CARBONATE)
    bonds = np.concatenate([CARBONATE_BONDS + size * molecule for molecule in range(molecules)])
    residues = np.repeat(np.arange(molecules), size).tolist()
    names = ["DMC"] * (molecules // 2) + ["X"] * (molecules - molecules // 2)
    shape = (frames, size * molecules, 3)
    return universe(positions.reshape(shape), CARBONATE * molecules, residues, names, np.array(box), bonds, dt)


def thermo_of(frames: int, seed: int, dt: float = 0.1) -> dict[str, np.ndarray]:
    """Thermo columns of an imagined NPT run that settles within a tenth of its length."""
    random, time = np.random.default_rng(seed), np.arange(frames) * dt
    settling = np.exp(-10 * 3 * time / time[-1])
    noise = np.convolve(random.normal(size=frames + 4), np.ones(5) / 5, "valid")
    return {
        "step": np.arange(frames) * 200.0,
        "time_ps": time,
        "temperature_K": 298 + 8 * random.normal(size=frames),
        "pressure_bar": 1 + 2000 * random.normal(size=frames),
        "density_g_cm3": 1.1 - 0.15 * settling + 0.01 * noise,
        "potential_energy_eV": -9000 + 3 * settling + 0.5 * noise,
        "total_energy_eV": -8990 + 0.01 * random.normal(size=frames),
        "volume_A3": np.full(frames, 8000.0),
    }
