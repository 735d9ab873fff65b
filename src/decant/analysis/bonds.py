"""Whether the molecules of a run stayed whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from MDAnalysis.lib.distances import calc_bonds
from scipy.sparse import csr_matrix

from decant.analysis.box import cell_vectors, widths
from decant.analysis.frames import Rows, late_frames
from decant.foundation.errors import InputError

if TYPE_CHECKING:
    from MDAnalysis import Universe
    from MDAnalysis.coordinates.timestep import Timestep

INTACT_WITHIN = 0.25
BROKEN_BEYOND = 0.5
MOST_FRAMES = 2000


class BondIntegrity:
    """How far the bonds of the start are kept, over the whole run.

    Parameters
    ----------
    universe
        With bonds and elements.
    intact_within
        A bond is intact while its length is within this fraction of its reference length.
    broken_beyond
        A bond is broken once it is longer than its reference by this fraction.

    Raises
    ------
    InputError
        If the universe has no bonds.
    """

    def __init__(
        self, universe: Universe, intact_within: float = INTACT_WITHIN, broken_beyond: float = BROKEN_BEYOND
    ) -> None:
        if not hasattr(universe, "bonds") or not len(universe.bonds):
            raise InputError("the run has no bonds to follow")
        self.intact_within, self.broken_beyond = intact_within, broken_beyond
        self.frames = late_frames(universe, most=MOST_FRAMES)
        self.pairs = np.ascontiguousarray(universe.bonds.indices.T)
        self.vectors = bond_vectors(self.pairs, len(universe.atoms))
        self.elements = universe.atoms.elements.astype(str)
        self.molecules = universe.atoms.resindices
        self.resnames = universe.residues.resnames.astype(str)
        self.reference = self._reference_lengths(universe.trajectory[0])

    def _reference_lengths(self, step: Timestep) -> np.ndarray:
        """Return a reference length for each bond: the median over bonds of its kind in a frame.

        Two bonds are of one kind if their atoms agree in element and number of neighbours. Shape (bonds,), angstrom.
        """
        degree = np.bincount(self.pairs.ravel(), minlength=len(self.elements))
        site = [f"{element}{count}" for element, count in zip(self.elements, degree, strict=True)]
        kinds = np.array(["-".join(sorted((site[one], site[two]))) for one, two in self.pairs.T])
        lengths = bond_lengths(step, self.vectors)
        medians = {kind: float(np.median(lengths[kinds == kind])) for kind in np.unique(kinds)}
        return np.array([medians[kind] for kind in kinds])

    def of_frame(self, step: Timestep) -> dict[str, Any]:
        """Return the fraction of intact bonds, and the bond that is stretched most."""
        stretch = bond_lengths(step, self.vectors) / self.reference - 1.0
        worst = int(stretch.argmax())
        intact = np.count_nonzero(np.abs(stretch) <= self.intact_within) / len(stretch)
        return {"intact": intact, "worst": worst, "stretch": stretch[worst]}

    def conclude(self, rows: Rows) -> dict[str, Any]:
        """Return the numbers for ``observables.yaml``.

        ``intact_fraction`` over all bonds and frames, ``intact_fraction_last_frame``, ``largest_stretch`` (length over
        reference, minus 1) with ``largest_stretch_bond`` and ``largest_stretch_time_ps``, ``first_broken_ps`` (None if
        none broke) and ``first_broken_bond``, and the two limits.
        """
        largest = int(rows["stretch"].argmax())
        broken = self._first_broken_row(rows)
        return {
            "bonds": len(self.reference),
            "intact_fraction": float(rows["intact"].mean()),
            "intact_fraction_last_frame": float(rows["intact"][-1]),
            "largest_stretch": float(rows["stretch"][largest]),
            "largest_stretch_bond": self._name(rows["worst"][largest]),
            "largest_stretch_time_ps": float(rows["time_ps"][largest]),
            "first_broken_ps": None if broken is None else float(rows["time_ps"][broken]),
            "first_broken_bond": None if broken is None else self._name(rows["worst"][broken]),
            "intact_within": self.intact_within,
            "broken_beyond": self.broken_beyond,
        }

    def first_broken(self, rows: Rows) -> tuple[int, tuple[int, int], str] | None:
        """Return the frame in which the first bond is broken, its two atoms and its name; None if none breaks."""
        broken = self._first_broken_row(rows)
        if broken is None:
            return None
        bond = int(rows["worst"][broken])
        one, two = self.pairs[:, bond].tolist()
        return self.frames[broken], (one, two), self._name(bond)

    def _first_broken_row(self, rows: Rows) -> int | None:
        broken = np.flatnonzero(rows["stretch"] > self.broken_beyond)
        return int(broken[0]) if len(broken) else None

    def _name(self, bond: int) -> str:
        """Name a bond as ``C17-H23 in EC 4``; numbers are 1-based, as in LAMMPS."""
        one, two = (f"{self.elements[atom]}{atom + 1}" for atom in self.pairs[:, bond])
        molecule = self.molecules[self.pairs[0, bond]]
        return f"{one}-{two} in {self.resnames[molecule]} {molecule + 1}"


def bond_vectors(pairs: np.ndarray, atoms: int) -> csr_matrix:
    """Return what turns positions of atoms into vectors along bonds; `pairs` has shape (2, bonds).

    Shape (bonds, atoms), sparse: far quicker than to look up both ends.
    """
    bonds = pairs.shape[1]
    ends = np.tile(np.array([-1.0, 1.0], np.float32), bonds)
    return csr_matrix((ends, pairs.T.ravel(), np.arange(0, 2 * bonds + 1, 2)), shape=(bonds, atoms))


def bond_lengths(step: Timestep, vectors: csr_matrix) -> np.ndarray:
    """Return the minimum-image lengths of bonds in a frame, angstrom, shape (bonds,); for `vectors` see above."""
    along = vectors @ step.positions
    x, y, z = along.T
    lengths = np.sqrt(x * x + y * y + z * z)
    # a vector shorter than half of the shortest width of the box is its own nearest image: no other has to be tried
    half = 0.5 * widths(cell_vectors(step.dimensions)).min()
    if half > 0 and lengths.max() > half:
        far = lengths > half
        lengths[far] = calc_bonds(np.zeros_like(along[far]), along[far], step.dimensions)
    return lengths
