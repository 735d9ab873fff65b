"""Centres of mass of molecules as a small universe of their own, on which the other analyses run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from decant.errors import InputError

if TYPE_CHECKING:
    from MDAnalysis import Universe


def frame_range(universe: Universe, from_ps: float = 0.0, most: int | None = None) -> slice:
    """Return the frames from a time on, thinned to at most `most`, up to the first that is not finite.

    Raises
    ------
    InputError
        If no frame is that late.
    """
    times: list[float] = []
    for step in universe.trajectory:
        if not np.isfinite(step.positions).all():
            break
        times.append(step.time)
    late = np.flatnonzero(np.array(times) >= from_ps - 1e-6)
    if not len(late):
        end = f"the last is at {times[-1]:g} ps" if times else "there is none"
        raise InputError(f"no trajectory frame at or after {from_ps:g} ps; {end}")
    stride = 1 if most is None else max(1, -(-len(late) // most))
    return slice(int(late[0]), len(times), stride)


def centres_of_mass(universe: Universe, frames: slice) -> Universe:
    """Return a universe with one particle a molecule, at its centre of mass.

    Parameters
    ----------
    universe
        Residues are molecules, coordinates are unwrapped.
    frames
        Frames to take.

    Returns
    -------
    Universe
        In memory; ``resnames`` are the species, ``masses`` the molar masses, ``dimensions`` those of each frame.

    Raises
    ------
    InputError
        If the frames are not evenly spaced in time.
    """
    import MDAnalysis
    from MDAnalysis.coordinates.memory import MemoryReader

    residues = universe.residues
    positions, boxes, times = [], [], []
    for step in universe.trajectory[frames]:
        positions.append(universe.atoms.center_of_mass(compound="residues"))
        boxes.append(np.zeros(6) if step.dimensions is None else step.dimensions.copy())
        times.append(step.time)
    gaps = np.diff(times)
    if len(gaps) and not np.allclose(gaps, gaps[0], rtol=1e-3):
        raise InputError("the trajectory's frames are not evenly spaced in time")
    count = len(residues)
    centres = MDAnalysis.Universe.empty(count, n_residues=count, atom_resindex=np.arange(count), trajectory=False)
    centres.add_TopologyAttr("resnames", list(residues.resnames))
    centres.add_TopologyAttr("masses", residues.masses)
    centres.load_new(
        np.array(positions),
        format=MemoryReader,
        order="fac",
        dimensions=np.array(boxes),
        dt=float(gaps[0]) if len(gaps) else 1.0,
    )
    return centres


def species(universe: Universe) -> list[str]:
    """Return the names of the species in the order in which they appear."""
    return list(dict.fromkeys(str(name) for name in universe.residues.resnames))
