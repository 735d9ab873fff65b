"""Whether the molecules of a run stayed apart: a potential may have a hole into which two of them fall unbroken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from ase.data import atomic_numbers
from MDAnalysis.lib.distances import self_capped_distance

from decant.analysis.frames import Rows, late_frames
from decant.molecules.contacts import IMPOSSIBLE, contact_lengths

if TYPE_CHECKING:
    from MDAnalysis import Universe
    from MDAnalysis.coordinates.timestep import Timestep

SEEN = 0.7
"""Contacts below this share are looked for: hydrogen bonds and shells of ions are among them, neighbors are not."""
MOST_FRAMES, LEAST_FRAMES, MOST_ATOMS = 1000, 50, 3_000_000
"""Frames that are looked at, evenly over the run: fewer of a large system, for so many atoms in all."""


class Contacts:
    """The nearest that atoms of two molecules come, over the whole run.

    Parameters
    ----------
    universe
        Residues are molecules; with elements.
    impossible_below
        Share of the distance at which two elements touch, `decant.molecules.contacts.contact_lengths`, below which no
        molecules of a liquid are.
    """

    def __init__(self, universe: Universe, impossible_below: float = IMPOSSIBLE) -> None:
        self.impossible_below = impossible_below
        most = min(max(MOST_ATOMS // len(universe.atoms), LEAST_FRAMES), MOST_FRAMES)
        self.frames = late_frames(universe, most=most)
        self.elements = universe.atoms.elements.astype(str)
        self.numbers = np.array([atomic_numbers[element] for element in self.elements])
        self.molecules = universe.atoms.resindices
        self.resnames = universe.residues.resnames.astype(str)
        kinds = np.unique(self.numbers)
        self.reach_A = SEEN * float(contact_lengths(*np.meshgrid(kinds, kinds)).max())

    def of_frame(self, step: Timestep) -> dict[str, Any]:
        """Return the two atoms of different molecules that are nearest to a collision, and how near they are."""
        pairs, distances = self_capped_distance(step.positions, self.reach_A, box=step.dimensions)
        apart = self.molecules[pairs[:, 0]] != self.molecules[pairs[:, 1]]
        pairs, distances = pairs[apart], distances[apart]
        if not len(pairs):
            return {"one": 0, "other": 0, "distance_A": np.inf, "share": np.inf}
        with np.errstate(divide="ignore"):
            shares = distances / contact_lengths(*self.numbers[pairs.T])
        nearest = int(shares.argmin())
        one, other = pairs[nearest]
        return {"one": one, "other": other, "distance_A": distances[nearest], "share": shares[nearest]}

    def conclude(self, rows: Rows) -> dict[str, Any]:
        """Return the numbers for ``observables.yaml``.

        ``closest``, the two atoms that came nearest, with ``closest_A``, ``closest_share`` and ``closest_time_ps``
        (None if none were near); ``first_impossible_ps`` and ``first_impossible`` (None if none were), the
        ``impossible_fraction`` of the frames, and the limit.
        """
        found: dict[str, Any] = dict.fromkeys(("closest", "closest_A", "closest_share", "closest_time_ps"))
        nearest = int(rows["share"].argmin())
        if rows["share"][nearest] < SEEN:
            found = {
                "closest": self._name(rows, nearest),
                "closest_A": float(rows["distance_A"][nearest]),
                "closest_share": float(rows["share"][nearest]),
                "closest_time_ps": float(rows["time_ps"][nearest]),
            }
        wrong = np.flatnonzero(rows["share"] < self.impossible_below)
        first = int(wrong[0]) if len(wrong) else None
        found |= {
            "first_impossible_ps": None if first is None else float(rows["time_ps"][first]),
            "first_impossible": None if first is None else self._name(rows, first),
            "impossible_fraction": len(wrong) / len(rows["share"]),
            "impossible_below": self.impossible_below,
        }
        if first is not None:
            found["note"] = (
                f"from {found['first_impossible_ps']:.6g} ps on molecules are where none can be, first"
                f" {found['first_impossible']}, {rows['distance_A'][first]:.2f} A apart, in"
                f" {100 * found['impossible_fraction']:.0f} % of the frames: the potential has a hole there, and no"
                " other number is one of the liquid"
            )
        return found

    def first_impossible(self, rows: Rows) -> tuple[int, tuple[int, int], str] | None:
        """Return the first frame in which two molecules are too near, the two atoms and their names; None if none."""
        wrong = np.flatnonzero(rows["share"] < self.impossible_below)
        if not len(wrong):
            return None
        row = int(wrong[0])
        return self.frames[row], (int(rows["one"][row]), int(rows["other"][row])), self._name(rows, row)

    def _name(self, rows: Rows, row: int) -> str:
        """Name two atoms as ``C17 of EC 4 and Li241 of Li+ 19``; numbers are 1-based, as in LAMMPS."""
        atoms = sorted((int(rows["one"][row]), int(rows["other"][row])))
        return " and ".join(
            f"{self.elements[atom]}{atom + 1} of {self.resnames[self.molecules[atom]]} {self.molecules[atom] + 1}"
            for atom in atoms
        )
