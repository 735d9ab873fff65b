"""A few atoms as a picture, which on a page turns under the pointer."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from ase.data import covalent_radii
from ase.data.colors import jmol_colors
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.patches import Circle

from decant.foundation.looks import GREY
from decant.foundation.svg import panel

if TYPE_CHECKING:
    from ase import Atoms

    from decant.foundation.page import Panel

RADII = 0.5
"""Of atoms in the picture, in covalent radii: bonds are seen between them."""
BOND = "#555555"
SIZE = 3.6
"""Width and height on a page, inch."""


def _no_pairs() -> np.ndarray:
    return np.empty((0, 2), dtype=int)


@dataclass(frozen=True)
class Structure:
    """Atoms to look at, whole and without a cell.

    Attributes
    ----------
    atoms
        The atoms; positions in angstrom.
    bonds, contacts
        Pairs of atoms that a stick, or a dotted line, joins, shapes (bonds, 2) and (contacts, 2).
    """

    atoms: Atoms
    bonds: np.ndarray = field(default_factory=_no_pairs)
    contacts: np.ndarray = field(default_factory=_no_pairs)

    def turned(self) -> np.ndarray:
        """Return positions as seen from where the structure is thinnest, shape (atoms, 3): right, up, to the reader."""
        centred = self.atoms.positions - self.atoms.positions.mean(axis=0)
        _, directions = np.linalg.eigh(centred.T @ centred)
        axes = directions[:, ::-1].copy()
        axes[:, 2] *= np.sign(np.linalg.det(axes))  # a mirror image is another molecule
        return np.asarray(centred @ axes)

    def draw(self, axes: Axes) -> None:
        """Draw it; what is near lies on top."""
        x, y, depth = self.turned().T
        for i, j in self.bonds:
            axes.plot(x[[i, j]], y[[i, j]], color=BOND, linewidth=3, zorder=min(depth[i], depth[j]))
        for i, j in self.contacts:
            axes.plot(x[[i, j]], y[[i, j]], color=GREY, linewidth=1.2, linestyle=":", zorder=depth.min() - 1)
        for i, number in enumerate(self.atoms.numbers):
            ball = Circle((x[i], y[i]), RADII * covalent_radii[number], facecolor=jmol_colors[number], zorder=depth[i])
            ball.set(edgecolor="black", linewidth=0.6)
            axes.add_patch(ball)
        axes.set_aspect("equal")
        axes.set_axis_off()
        axes.autoscale_view()

    def panel(self, title: str, alt: str) -> Panel:
        """Return its picture for a page, with what the page's script needs to turn it."""
        numbers = self.atoms.numbers
        model = {
            "at": np.round(self.turned(), 3).tolist(),
            "radius": np.round(RADII * covalent_radii[numbers], 3).tolist(),
            "colour": [to_hex(jmol_colors[number]) for number in numbers],
            "name": list(self.atoms.symbols),
            "bonds": self.bonds.tolist(),
            "contacts": self.contacts.tolist(),
        }
        return replace(panel(title, alt, self.draw, SIZE, SIZE), structure=json.dumps(model, separators=(",", ":")))
