"""Radial distribution functions between molecules and between sites, within and between molecules apart."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Any

import numpy as np
from MDAnalysis.analysis.base import AnalysisBase
from MDAnalysis.lib.distances import capped_distance
from MDAnalysis.lib.mdamath import triclinic_vectors

from decant.analysis.centres import centres_of_mass, frame_range, species
from decant.errors import InputError

if TYPE_CHECKING:
    from MDAnalysis import AtomGroup, Universe

LARGEST_R = 12.0
BIN_WIDTH = 0.1
MOST_FRAMES = 400
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
    """

    pair: str
    kind: str
    r: np.ndarray
    inter: np.ndarray
    intra: np.ndarray | None
    coordination: np.ndarray

    def summary(self) -> dict[str, Any]:
        """Return the numbers for ``observables.yaml``."""
        top = int(self.inter.argmax())
        return {
            "kind": self.kind,
            "highest_peak_A": float(self.r[top]),
            "highest_peak_g": float(self.inter[top]),
            "r_max_A": float(self.r[-1] + 0.5 * (self.r[1] - self.r[0])),
        }


class PairDistances(AnalysisBase):
    """Histogram of distances between two groups, split by whether the atoms share a residue.

    Parameters
    ----------
    first, second
        Atom groups; they may overlap.
    edges
        Bin edges, angstrom.
    """

    def __init__(self, first: AtomGroup, second: AtomGroup, edges: np.ndarray, **options: Any):
        super().__init__(first.universe.trajectory, **options)
        self.first, self.second, self.edges = first, second, edges

    def _prepare(self) -> None:
        self._inter, self._intra = np.zeros(len(self.edges) - 1), np.zeros(len(self.edges) - 1)
        self._inverse_volume = 0.0

    def _single_frame(self) -> None:
        pairs, distances = capped_distance(
            self.first.positions, self.second.positions, self.edges[-1], box=self._ts.dimensions
        )
        one, two = pairs[:, 0], pairs[:, 1]
        same = self.first.resindices[one] == self.second.resindices[two]
        self_pair = self.first.ix[one] == self.second.ix[two]
        self._inter += np.histogram(distances[~same], self.edges)[0]
        self._intra += np.histogram(distances[same & ~self_pair], self.edges)[0]
        self._inverse_volume += 1.0 / self._ts.volume

    def _conclude(self) -> None:
        residues = len(self.first.universe.residues)
        shared = np.bincount(self.first.resindices, minlength=residues) @ np.bincount(
            self.second.resindices, minlength=residues
        )
        pairs = len(self.first) * len(self.second) - shared
        shells = 4.0 / 3.0 * np.pi * np.diff(self.edges**3)
        ideal = pairs * self._inverse_volume * shells
        self.results.inter = np.divide(self._inter, ideal, out=np.zeros_like(ideal), where=ideal > 0)
        self.results.coordination = np.cumsum(self._inter) / (self.n_frames * len(self.first))
        widths = np.diff(self.edges)
        self.results.intra = self._intra / (self._intra.sum() * widths) if self._intra.any() else None


def largest_r(universe: Universe, frames: slice) -> float:
    """Return the largest distance at which g(r) is defined: half the shortest width of the box, at most 12 angstrom.

    Raises
    ------
    InputError
        If a frame has no box.
    """
    widths = []
    for step in universe.trajectory[frames]:
        if step.dimensions is None or not np.all(step.dimensions[:3] > 0):
            raise InputError("a radial distribution function needs a periodic box")
        a, b, c = triclinic_vectors(step.dimensions).astype(float)
        areas = [np.linalg.norm(np.cross(*pair)) for pair in ((b, c), (c, a), (a, b))]
        widths.append(abs(np.dot(a, np.cross(b, c))) / max(areas))
    return min(LARGEST_R, 0.5 * min(widths))


def pair_rdf(
    name: str, kind: str, first: AtomGroup, second: AtomGroup, frames: slice, r_max: float, bin_width: float = BIN_WIDTH
) -> Rdf:
    """Return the distribution between two groups up to `r_max` (angstrom) over the given frames."""
    edges = np.linspace(0.0, r_max, max(2, round(r_max / bin_width)) + 1)
    results = PairDistances(first, second, edges).run(frames.start, frames.stop, frames.step).results
    middle = 0.5 * (edges[1:] + edges[:-1])
    return Rdf(name, kind, middle, results.inter, results.intra, results.coordination)


def centre_rdfs(universe: Universe, from_ps: float = 0.0) -> list[Rdf]:
    """Return the centre-of-mass distribution of every pair of species that has two molecules.

    Parameters
    ----------
    universe
        Residues are molecules, resnames are species, coordinates are unwrapped.
    from_ps
        First time to take.
    """
    frames = frame_range(universe, from_ps, MOST_FRAMES)
    centres, r_max = centres_of_mass(universe, frames), largest_r(universe, frames)
    every = slice(0, len(centres.trajectory), 1)
    result = []
    for one, two in combinations_with_replacement(species(universe), 2):
        first, second = (centres.select_atoms(f"resname {name}") for name in (one, two))
        if one != two or len(first) > 1:
            result.append(pair_rdf(f"{one}-{two}", "centre of mass", first, second, every, r_max))
    return result


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


def site_rdfs(universe: Universe, from_ps: float = 0.0) -> list[Rdf]:
    """Return the distributions between sites: those of a carbonate liquid, or else of all pairs of elements."""
    frames = frame_range(universe, from_ps, MOST_FRAMES)
    r_max = largest_r(universe, frames)
    names = site_names(universe)
    pairs = [pair for pair in SITE_PAIRS if set(pair) <= set(names)]
    if not pairs:
        pairs = list(combinations_with_replacement(sorted(set(names)), 2))
    groups = {name: universe.atoms[np.flatnonzero(names == name)] for pair in pairs for name in pair}
    return [pair_rdf(f"{one}-{two}", "site", groups[one], groups[two], frames, r_max) for one, two in pairs]
