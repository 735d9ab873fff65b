"""A picture of who stands around a cation: a shell of the commonest composition, as it was in the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import ase
import ase.io
import numpy as np
from ase.data import covalent_radii
from ase.data.colors import jmol_colors
from matplotlib.axes import Axes
from matplotlib.patches import Circle
from MDAnalysis.lib.distances import minimize_vectors

from decant.analysis.solvation import Solvation
from decant.foundation.files import write_beside
from decant.foundation.looks import GREY
from decant.foundation.plotting import page

if TYPE_CHECKING:
    from MDAnalysis import Universe

RADII = 0.5
"""Of atoms in the picture, in covalent radii: bonds are seen between them."""


@dataclass(frozen=True)
class Shell:
    """A cation and the molecules around it.

    Attributes
    ----------
    atoms
        The cation first, at the origin, and each molecule in its image next to it, without a cell; ``info`` has cation,
        composition and time_ps.
    bonds
        Pairs of atoms, shape (bonds, 2).
    donors
        Atoms within reach of the cation, shape (donors,).
    """

    atoms: ase.Atoms
    bonds: np.ndarray
    donors: np.ndarray


def shell_of(universe: Universe, one: Solvation) -> Shell:
    """Return the example among the shells of a cation; the trajectory of the run is moved to its frame."""
    assert one.example is not None
    step = universe.trajectory[one.example.frame]
    centre = universe.atoms[[one.example.cation]]
    parts = [centre, *(universe.residues[molecule].atoms for molecule in one.example.molecules)]
    atoms = ase.Atoms()
    for part in parts:
        vectors = (part.positions - centre.positions).astype(float)
        if step.dimensions is not None:  # molecules are whole: one image for all of their atoms
            nearest = minimize_vectors(vectors.copy(), step.dimensions)
            closest = int(np.argmin(np.linalg.norm(nearest, axis=1)))
            vectors += nearest[closest] - vectors[closest]
        atoms += ase.Atoms([str(element) for element in part.elements], vectors)
    atoms.info = {"cation": one.cation, "composition": one.example.composition, "time_ps": round(float(step.time), 6)}
    indices = np.concatenate([part.indices for part in parts])
    place = dict(zip(indices.tolist(), range(len(indices)), strict=True))
    bonds = universe.bonds.indices if hasattr(universe, "bonds") else np.empty((0, 2), dtype=int)
    inside = bonds[np.isin(bonds, indices).all(axis=1)].tolist()
    return Shell(
        atoms,
        np.array([(place[i], place[j]) for i, j in inside], dtype=int).reshape(-1, 2),
        np.array([place[atom] for atom in one.example.donors.tolist()], dtype=int),
    )


def write_xyz(path: Path, shells: Sequence[Shell]) -> None:
    """Write shells for a viewer, a frame each."""
    with write_beside(path) as temporary:
        ase.io.write(temporary, [shell.atoms for shell in shells], format="extxyz")


def plot_shells(path: Path, shells: Sequence[Shell]) -> None:
    """Draw shells, each from the side from which least of it is hidden."""
    with page(path, 4.6 * len(shells), 4.6) as figure:
        for axes, shell in zip(figure.subplots(1, len(shells), squeeze=False)[0], shells, strict=True):
            draw_shell(axes, shell)


def draw_shell(axes: Axes, shell: Shell) -> None:
    """Draw one shell along the direction in which it is thinnest; what is near lies on top."""
    atoms = shell.atoms
    _, directions = np.linalg.eigh(atoms.positions.T @ atoms.positions)
    x, y, depth = (atoms.positions @ directions[:, ::-1]).T  # the widest direction across, the thinnest to the reader
    for i, j in shell.bonds:
        axes.plot(x[[i, j]], y[[i, j]], color="#555555", linewidth=3, zorder=min(depth[i], depth[j]))
    for donor in shell.donors:
        axes.plot(x[[0, donor]], y[[0, donor]], color=GREY, linewidth=1.2, linestyle=":", zorder=depth.min() - 1)
    for i, number in enumerate(atoms.numbers):
        ball = Circle((x[i], y[i]), RADII * covalent_radii[number], facecolor=jmol_colors[number], zorder=depth[i])
        ball.set(edgecolor="black", linewidth=0.6)
        axes.add_patch(ball)
    axes.set_aspect("equal")
    axes.set_axis_off()
    axes.autoscale_view()
    info = atoms.info
    axes.set_title(f"{info['cation']} with {info['composition']}, at {info['time_ps']:g} ps", fontsize=9)
