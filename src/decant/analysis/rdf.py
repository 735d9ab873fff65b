"""Radial distribution functions between molecules and between sites, within and between molecules apart."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Any

import numpy as np

from decant.analysis.box import cell_vectors, widths
from decant.analysis.centres import mass_fractions, species
from decant.analysis.frames import Rows, late_frames
from decant.analysis.pairs import close_pairs
from decant.foundation.errors import InputError

if TYPE_CHECKING:
    from MDAnalysis import Universe
    from MDAnalysis.coordinates.timestep import Timestep
    from scipy.sparse import csr_matrix

LARGEST_R = 12.0
BIN_WIDTH = 0.1
# A frame of a large box holds as many pairs as many frames of a small one, so it is molecules times frames that count.
MOST_FRAMES, LEAST_FRAMES, MOST_MOLECULES = 400, 5, 10_000
FEW_MOLECULES = 8
"""Below this number, that of two by two by two, a g(r) says as much of the box as of the liquid."""
# Site pairs worth a look in a carbonate; those that the liquid has are taken.
SITE_PAIRS = (("O(=C)", "H"), ("O(=C)", "C(=O)"), ("O(=C)", "O(=C)"), ("O(-C)", "H"))


@dataclass(frozen=True)
class Rdf:
    """A radial distribution function.

    Attributes
    ----------
    pair
        For example ``"EC-EMC"`` or ``"O(=C)-H"``.
    kind
        ``"centre of mass"`` or ``"site"``.
    r
        Middle of each bin, angstrom.
    inter
        g(r) between different molecules; 1 in an ideal gas.
    intra
        Probability density of the distance within a molecule, 1/angstrom; None where there is no such pair.
    coordination
        Number of the second within r of the first, in other molecules.
    molecules
        How many molecules have the rarer of the two; None if not known.
    """

    pair: str
    kind: str
    r: np.ndarray
    inter: np.ndarray
    intra: np.ndarray | None
    coordination: np.ndarray
    molecules: int | None = None

    @property
    def note(self) -> str:
        """What a reader must know before trusting the curve."""
        few = self.molecules is not None and self.molecules < FEW_MOLECULES
        return f"from {self.molecules} molecules only: noise and the size of the box shape it" if few else ""

    def summary(self) -> dict[str, Any]:
        """Return the numbers for ``observables.yaml``."""
        top = int(self.inter.argmax())
        result = {
            "kind": self.kind,
            "highest_peak_A": float(self.r[top]),
            "highest_peak_g": float(self.inter[top]),
            "r_max_A": float(self.r[-1] + 0.5 * (self.r[1] - self.r[0])),
        }
        return {**result, "note": self.note} if self.note else result


class Rdfs:
    """Radial distribution functions between groups of points, the same frames for all.

    Parameters
    ----------
    universe
        Coordinates are unwrapped.
    kind
        As in `Rdf`.
    points
        The points of each group: indices of atoms, or of molecules if `weights` are given.
    molecules
        The molecule of each point there is.
    pairs
        Names of two groups for each distribution.
    weights
        What turns positions of atoms into points, shape (points, atoms); None where points are atoms.
    from_ps
        First time to take.

    Raises
    ------
    InputError
        If a frame has no box, or none is that late.
    """

    def __init__(
        self,
        universe: Universe,
        kind: str,
        points: dict[str, np.ndarray],
        molecules: np.ndarray,
        pairs: list[tuple[str, str]],
        weights: csr_matrix | None = None,
        from_ps: float = 0.0,
    ):
        most = min(max(MOST_MOLECULES // len(universe.residues), LEAST_FRAMES), MOST_FRAMES)
        self.frames = late_frames(universe, from_ps, most)
        self.kind, self.points, self.molecules, self.pairs, self.weights = kind, points, molecules, pairs, weights
        self.r_max = largest_r(universe, self.frames)
        self.bins = max(2, round(self.r_max / BIN_WIDTH))

    def of_frame(self, step: Timestep) -> dict[str, Any]:
        """Return histograms of distances between and within molecules, shape (pairs, bins), and the inverse volume."""
        positions = step.positions if self.weights is None else (self.weights @ step.positions).astype(np.float32)
        inter, intra = np.zeros((2, len(self.pairs), self.bins), dtype=int)
        for number, names in enumerate(self.pairs):
            first, second = (self.points[name] for name in names)
            for one, two, distances in close_pairs(positions[first], positions[second], step.dimensions, self.r_max):
                same = self.molecules[first[one]] == self.molecules[second[two]]
                itself = first[one[same]] == second[two[same]]
                within = self._histogram(distances[same][~itself])
                inter[number] += self._histogram(distances) - self._histogram(distances[same])
                intra[number] += within
        return {"inter": inter, "intra": intra, "inverse_volume": 1.0 / step.volume}

    def _histogram(self, distances: np.ndarray) -> np.ndarray:
        """Count distances in bins of one width, several times as fast as NumPy for any bins; shape (bins,)."""
        bins = (distances * (self.bins / self.r_max)).astype(np.int32)
        return np.bincount(bins, minlength=self.bins + 1)[: self.bins]

    def conclude(self, rows: Rows) -> list[Rdf]:
        """Return the distribution of each pair."""
        edges = np.linspace(0.0, self.r_max, self.bins + 1)
        middle, width = 0.5 * (edges[1:] + edges[:-1]), edges[1]
        shells = 4.0 / 3.0 * np.pi * np.diff(edges**3)
        total, frames = int(self.molecules.max()) + 1, len(rows["time_ps"])
        result = []
        for names, inter, intra in zip(self.pairs, rows["inter"].sum(axis=0), rows["intra"].sum(axis=0), strict=True):
            first, second = (self.molecules[self.points[name]] for name in names)
            shared = np.bincount(first, minlength=total) @ np.bincount(second, minlength=total)
            ideal = (len(first) * len(second) - shared) * rows["inverse_volume"].sum() * shells
            between = np.divide(inter, ideal, out=np.zeros_like(ideal), where=ideal > 0)
            inside = intra / (intra.sum() * width) if intra.any() else None
            coordination = np.cumsum(inter) / (frames * len(first))
            few = min(len(np.unique(first)), len(np.unique(second)))
            result.append(Rdf("-".join(names), self.kind, middle, between, inside, coordination, few))
        return result


def largest_r(universe: Universe, frames: range) -> float:
    """Return the largest distance at which g(r) is defined: half the shortest width of the box, at most 12 angstrom.

    Raises
    ------
    InputError
        If a frame has no box.
    """
    shortest = np.inf
    for frame in frames:
        step = universe.trajectory[frame]
        if not np.isfinite(step.positions).all():
            break
        shortest = min(shortest, widths(cell_vectors(step.dimensions)).min())
    if not shortest > 0:
        raise InputError("a radial distribution function needs a periodic box")
    return min(LARGEST_R, 0.5 * shortest)


def centre_rdfs(universe: Universe, from_ps: float = 0.0) -> Rdfs:
    """Measure the centre-of-mass distribution of every pair of species that has two molecules.

    Parameters
    ----------
    universe
        Residues are molecules, resnames are species, coordinates are unwrapped.
    from_ps
        First time to take.
    """
    names = universe.residues.resnames.astype(str)
    points = {name: np.flatnonzero(names == name) for name in species(universe)}
    pairs = [(one, two) for one, two in combinations_with_replacement(points, 2) if one != two or len(points[one]) > 1]
    molecules = np.arange(len(names))
    return Rdfs(universe, "centre of mass", points, molecules, pairs, mass_fractions(universe), from_ps)


def site_names(universe: Universe) -> np.ndarray:
    """Name each atom's site by its element and neighbours.

    Carbonyl oxygen ``O(=C)``, ether or ester oxygen ``O(-C)`` and carbonyl carbon ``C(=O)`` are told apart; any other
    atom is its element. Shape (atoms,).
    """
    elements = np.array([str(element) for element in universe.atoms.elements], dtype=object)
    names = elements.copy()
    neighbours: list[list[int]] = [[] for _ in elements]
    for one, two in universe.bonds.indices if hasattr(universe, "bonds") else ():
        neighbours[one].append(two)
        neighbours[two].append(one)
    for atom in np.flatnonzero(elements == "O"):
        if [elements[other] for other in neighbours[atom]] == ["C"]:
            names[atom], names[neighbours[atom][0]] = "O(=C)", "C(=O)"
        elif [elements[other] for other in neighbours[atom]] == ["C", "C"]:
            names[atom] = "O(-C)"
    return names


def site_rdfs(universe: Universe, from_ps: float = 0.0) -> Rdfs:
    """Measure the distributions between sites: those of a carbonate liquid, or else of all pairs of elements."""
    names = site_names(universe)
    pairs = [pair for pair in SITE_PAIRS if set(pair) <= set(names)]
    if not pairs:
        pairs = list(combinations_with_replacement(sorted(set(names)), 2))
    points = {name: np.flatnonzero(names == name) for pair in pairs for name in pair}
    return Rdfs(universe, "site", points, universe.atoms.resindices, pairs, from_ps=from_ps)
