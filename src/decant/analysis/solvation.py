"""What surrounds the cations of a run: who stands in their first shell, how often ions pair, and how long all stay.

The shell of a cation of one atom ends at the first minimum of its g(r) with all atoms that can donate to it. An ion of
it is separated without an anion in its shell, in contact with one anion that touches no other cation, and aggregated
otherwise: the solvent-separated pairs, contact pairs and aggregates of Raman spectra.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from MDAnalysis.lib.distances import capped_distance

from decant.analysis.averages import Average, average
from decant.analysis.centres import species
from decant.analysis.conductivity import charges_of
from decant.analysis.frames import Rows, late_frames
from decant.analysis.rdf import site_names
from decant.analysis.residence import LEAST_BRIDGED, RETURN_PS, Residence, residence
from decant.foundation.errors import InputError

if TYPE_CHECKING:
    from MDAnalysis import Universe
    from MDAnalysis.coordinates.timestep import Timestep

DONORS = ("N", "O", "F", "S", "Cl", "Br", "I")
MOST_NEIGHBOURS_OF_SULFUR = 2
"""With more it is a sulfonyl's, which its oxygens hide."""
REACH_A = 5.0
NEAREST = 16
"""Donors that are kept of each cation, more than its first shell has."""
MOST_SHELLS = 1_500_000
"""Cations times frames held in memory, 80 bytes each while they are read, and some 250 where they are counted."""
ENOUGH_FRAMES = 5_000
"""More are taken only where fewer are too far apart to tell how long neighbours stay."""
PAIRS_AT_ONCE = 4_000_000
"""Pairs times frames whose contacts are followed at once."""
BIN_A = 0.05
BINS = round(REACH_A / BIN_A)
STEP_A = BIN_A / 2
"""Distances are kept in whole ones of it, of which every end of a shell is some."""
FIRST_SHELL = 1.75
"""The first minimum lies before so many times the distance of the first maximum."""
DEEPEST = 0.2
"""A minimum higher than this part of the maximum does not part a shell from the next."""
LEAST_SHARE = 0.02
PAIRING = ("separated", "contact", "aggregated")


@dataclass(frozen=True)
class Example:
    """A shell to look at.

    Attributes
    ----------
    composition
        What is in it, as in `Solvation.shells`.
    frame
        Of the trajectory.
    cation
        Index of the atom.
    molecules, donors
        Indices of the residues in its shell, and of the atoms that touch it, shapes (molecules,) and (donors,).
    """

    composition: str
    frame: int
    cation: int
    molecules: np.ndarray
    donors: np.ndarray


@dataclass(frozen=True)
class Solvation:
    """The first shell of one species of cations.

    Attributes
    ----------
    cation
        Its name.
    cutoff_A, depth
        Where its shell ends, and g(r) there over g(r) of the maximum.
    time_ps
        Of the frames.
    counts
        Over time, a mean over the cations: donors by species and site, molecules by species, and all donors.
    shells
        Over time, the fraction of cations with each composition of the shell that is not rare.
    pairing
        Over time, the fractions of cations that are `PAIRING`.
    residence
        How long molecules of each species stay.
    example
        A shell of the commonest composition, from the middle of the times at which there is one.
    """

    cation: str
    cutoff_A: float
    depth: float
    time_ps: np.ndarray
    counts: Mapping[str, Mapping[str, np.ndarray]]
    shells: Mapping[str, np.ndarray]
    pairing: Mapping[str, np.ndarray]
    residence: list[Residence] = field(default_factory=list)
    example: Example | None = None

    def summary(self) -> dict[str, Any]:
        """Return the numbers for ``observables.yaml``."""
        result: dict[str, Any] = {
            "shell_A": self.cutoff_A,
            "coordination": self._entry(self.counts["all"]["all"]),
            "by_species": self._entries(self.counts["molecules"]),
            "by_site": self._entries(self.counts["sites"]),
            "shells": self._entries(self.shells),
            "ion_pairing": self._entries(self.pairing),
            "residence": {one.species: one.summary() for one in self.residence},
        }
        return {**result, "note": self.note} if self.note else result

    @property
    def note(self) -> str:
        """What a reader must know before trusting the numbers; empty if nothing."""
        notes = []
        if self.depth > DEEPEST:
            notes.append(f"g(r) falls only to {self.depth:.0%} of its maximum: the shell has no clear end")
        if slow := [one.species for one in self.residence if one.too_short]:
            notes.append(
                f"{', '.join(slow)} hardly exchanged in the run: numbers of the shell are those of its start;"
                " a longer run is needed"
            )
        return "; ".join(notes)

    def _entries(self, series: Mapping[str, np.ndarray]) -> dict[str, Any]:
        return {name: self._entry(values) for name, values in series.items()}

    def _entry(self, values: np.ndarray) -> dict[str, Any]:
        mean = self.mean(values)
        return {"value": mean.value, "uncertainty": mean.uncertainty}

    def mean(self, values: np.ndarray) -> Average:
        """Return the mean of a series over time with an uncertainty that knows of its correlation."""
        return average(self.time_ps, values, "", detect=False)


class CationShells:
    """The first shells of the cations of a run that are one atom each.

    Parameters
    ----------
    universe
        Residues are molecules, resnames are species.
    from_ps
        First time to take.

    Raises
    ------
    InputError
        If there is no such cation, nothing that can donate to one, or no frame is that late.
    """

    def __init__(self, universe: Universe, from_ps: float = 0.0):
        charges, residues = charges_of(universe), universe.atoms.resindices
        alone = np.bincount(residues)[residues] == 1
        self.cations = np.flatnonzero(alone & (charges[residues] > 0))
        if not len(self.cations):
            raise InputError("no cation of one atom, whose shell would have a centre")
        elements = np.array([str(element) for element in universe.atoms.elements])
        degrees = np.bincount(universe.bonds.indices.ravel(), minlength=len(elements)) if _bonded(universe) else 0
        open_ = (elements != "S") | (degrees <= MOST_NEIGHBOURS_OF_SULFUR)
        self.donors = np.flatnonzero(np.isin(elements, DONORS) & open_ & (charges[residues] <= 0))
        if not len(self.donors):
            raise InputError(f"no atom of {', '.join(DONORS)} beside the cations")
        self.frames = _frames(universe, from_ps, MOST_SHELLS // len(self.cations) or 1)
        self.molecules, self.sites = residues.astype(np.int32), site_names(universe)
        self.names, self.charges = universe.residues.resnames.astype(str), charges
        self.species = species(universe)
        names = self.names[residues[self.cations]].tolist()
        self.kind_names = list(dict.fromkeys(names))
        self.kinds = np.array([self.kind_names.index(name) for name in names])

    def of_frame(self, step: Timestep) -> dict[str, Any]:
        """Return the nearest donors of each cation and their distances, and how many donors there are at each distance.

        Shapes are (cations, NEAREST), the nearest first and -1 where there is none, and (species of cations, bins).
        """
        pairs, distances = capped_distance(
            step.positions[self.cations], step.positions[self.donors], REACH_A, box=step.dimensions
        )
        order = np.lexsort((distances, pairs[:, 0]))
        rows = pairs[order, 0]
        place = np.arange(len(rows)) - np.searchsorted(rows, rows)  # among those of its cation
        kept = place < NEAREST
        donors = np.full((len(self.cations), NEAREST), -1, dtype=np.int32)
        steps = np.full((len(self.cations), NEAREST), np.iinfo(np.uint8).max, dtype=np.uint8)
        donors[rows[kept], place[kept]] = self.donors[pairs[order, 1][kept]]
        steps[rows[kept], place[kept]] = distances[order][kept] / STEP_A
        bins = np.minimum(distances / BIN_A, BINS - 1).astype(int) + BINS * self.kinds[pairs[:, 0]]
        found = np.bincount(bins, minlength=BINS * len(self.kind_names)).reshape(-1, BINS).astype(np.int32)
        return {"donors": donors, "steps": steps, "found": found}

    def conclude(self, rows: Rows) -> list[Solvation]:
        """Return the shells of each species of cations.

        Raises
        ------
        InputError
            If there are too few frames, or nothing is ever near a cation.
        """
        found = rows["found"].sum(axis=0)
        shells = [shell_end(one) for one in found]
        ends = np.array([round(cutoff / STEP_A) for cutoff, _ in shells])[self.kinds]
        inside = rows["steps"] < ends[:, None]
        most = max(int(inside.sum(axis=2).max()), 1)
        donors = np.where(inside[:, :, :most], rows["donors"][:, :, :most], -1)
        touched = self._touched(donors)
        shared = self._shared(touched)
        result = []
        for kind, (cutoff, depth) in enumerate(shells):
            parts = (values[:, self.kinds == kind] for values in (donors, touched, shared))
            result.append(self._concluded(self.kind_names[kind], cutoff, depth, rows["time_ps"], *parts))
        return result

    def _touched(self, donors: np.ndarray) -> np.ndarray:
        """Return the molecules in each shell, each once and -1 where there is none, in falling order."""
        found = -np.sort(-np.where(donors >= 0, self.molecules[donors], -1), axis=2)
        found[:, :, 1:][found[:, :, 1:] == found[:, :, :-1]] = -1
        return -np.sort(-found, axis=2)

    def _concluded(
        self, cation: str, cutoff: float, depth: float, time_ps: np.ndarray,
        donors: np.ndarray, touched: np.ndarray, shared: np.ndarray,
    ) -> Solvation:  # fmt: skip
        here = [name for name in self.species if self.charges[self.names == name][0] <= 0]
        kinds = np.array([here.index(name) if name in here else -1 for name in self.names], dtype=np.int16)
        of = np.stack([(np.where(touched >= 0, kinds[touched], -1) == k).sum(axis=2) for k in range(len(here))], axis=2)
        labels = [f"{self.names[m]} {site}" for m, site in zip(self.molecules, self.sites, strict=True)]
        told, number = np.unique(labels, return_inverse=True)
        at = np.append(number, -1).astype(np.int16)[donors]  # the last of -1
        sites = {str(told[k]): (at == k).sum(axis=2).mean(axis=1) for k in np.unique(at[at >= 0])}
        counts = {
            "all": {"all": (donors >= 0).sum(axis=2).mean(axis=1)},
            "molecules": {name: of[:, :, k].mean(axis=1) for k, name in enumerate(here)},
            "sites": sites,
        }
        anions = np.array([self.charges[self.names == name][0] < 0 for name in here])
        held = of[:, :, anions].sum(axis=2)
        separated, contact = held == 0, (held == 1) & ~shared
        states = (separated, contact, ~(separated | contact))
        pairing = {name: state.mean(axis=1) for name, state in zip(PAIRING, states, strict=True)}
        return Solvation(
            cation, cutoff, depth, time_ps, counts, shell_fractions(of, here), pairing,
            [residence(name, self._presence(touched, name), time_ps) for name in here],
            self._example(cation, of, here, touched, donors),
        )  # fmt: skip

    def _example(
        self, cation: str, of: np.ndarray, names: list[str], touched: np.ndarray, donors: np.ndarray
    ) -> Example:
        """Return a shell of the commonest composition; arguments as of `shell_fractions` and from `_touched`."""
        kinds, number, count = np.unique(of.reshape(-1, len(names)), axis=0, return_inverse=True, return_counts=True)
        commonest = int(np.argmax(count))
        occurs = np.flatnonzero(number.ravel() == commonest)
        frame, place = divmod(int(occurs[len(occurs) // 2]), of.shape[1])
        atoms = self.cations[self.names[self.molecules[self.cations]] == cation]
        inside, near = (values[frame, place] for values in (touched, donors))
        return Example(
            _told(names, kinds[commonest]), self.frames[frame], int(atoms[place]), inside[inside >= 0], near[near >= 0]
        )

    def _shared(self, touched: np.ndarray) -> np.ndarray:
        """Return whether a cation touches an anion that touches another cation, too, shape (frames, cations)."""
        is_anion = np.append(self.charges < 0, False)  # of -1
        shared = np.zeros(touched.shape[:2], dtype=bool)
        for frame, shells in enumerate(touched):
            held = np.bincount(shells[is_anion[shells]], minlength=len(is_anion))
            shared[frame] = (is_anion[shells] & (held[shells] > 1)).any(axis=1)
        return shared

    def _presence(self, touched: np.ndarray, name: str) -> Iterator[np.ndarray]:
        """Yield whether each pair of a cation and a molecule that ever touch does, some at a time, (frames, pairs)."""
        inside = np.append(self.names == name, False)[touched]
        frame, cation, _ = np.nonzero(inside)
        pairs, column = np.unique(cation * len(self.names) + touched[inside], return_inverse=True)
        order = np.argsort(column, kind="stable")
        frame, column = frame[order], column[order]
        width = max(1, PAIRS_AT_ONCE // len(touched))
        for first in range(0, len(pairs), width):
            start, end = np.searchsorted(column, (first, first + width))
            present = np.zeros((len(touched), min(width, len(pairs) - first)), dtype=bool)
            present[frame[start:end], column[start:end] - first] = True
            yield present


def _frames(universe: Universe, from_ps: float, most: int) -> range:
    """Return the frames to take, close enough to each other to see how long neighbours stay, but at most `most`."""
    every = late_frames(universe, from_ps)
    enough = ENOUGH_FRAMES
    if len(every) > enough:
        first, last = (universe.trajectory[frame].time for frame in (every[0], every[-1]))
        apart = max(1, int(RETURN_PS / LEAST_BRIDGED / ((last - first) / (len(every) - 1)) + 1e-6))
        enough = max(enough, -(-len(every) // apart))
    return late_frames(universe, from_ps, min(most, enough))


def survival_columns(shells: list[Solvation]) -> dict[str, np.ndarray]:
    """Return the survival functions of all contacts as columns of ``survival.csv``."""
    lag = shells[0].time_ps - shells[0].time_ps[0]
    return {
        "lag_ps": lag,
        **{f"{one.cation} {stay.species}": stay.survival for one in shells for stay in one.residence},
    }


def _bonded(universe: Universe) -> bool:
    return hasattr(universe, "bonds") and len(universe.bonds) > 0


def shell_end(found: np.ndarray) -> tuple[float, float]:
    """Return where the first shell ends, angstrom, and g(r) there over that of its maximum.

    Parameters
    ----------
    found
        How many donors there are at each distance from a cation, in bins of `BIN_A` from 0 to `REACH_A`.

    Raises
    ------
    InputError
        If there is no distance.
    """
    edges = BIN_A * np.arange(BINS + 1)
    if not found.any():
        raise InputError(f"no donor within {REACH_A:g} A of a cation")
    middle = (edges[1:] + edges[:-1])[1:-1] / 2  # of bins with two neighbours: the last alone would look like a minimum
    density = np.convolve(found, [0.25, 0.5, 0.25], "valid") / middle**2
    highest = int(np.argmax(density))
    last = min(len(middle), np.searchsorted(middle, FIRST_SHELL * middle[highest]))
    after = density[highest:last]
    lowest = np.flatnonzero(after <= after.min())
    run = np.split(lowest, np.flatnonzero(np.diff(lowest) > 1) + 1)[0]
    return float(middle[highest + run[len(run) // 2]]), float(after.min() / density[highest])


def shell_fractions(of: np.ndarray, names: list[str]) -> dict[str, np.ndarray]:
    """Return over time the fraction of shells of each composition, the commonest first; rare ones are left out.

    Parameters
    ----------
    of
        Molecules of each species in each shell, shape (frames, cations, species).
    names
        Of the species.
    """
    kinds, number, count = np.unique(of.reshape(-1, len(names)), axis=0, return_inverse=True, return_counts=True)
    number = number.reshape(of.shape[:2])
    share = Counter(dict(enumerate((count / number.size).tolist())))
    told = [_told(names, kind) for kind in kinds]
    return {told[k]: (number == k).mean(axis=1) for k, part in share.most_common() if part >= LEAST_SHARE}


def _told(names: list[str], counts: np.ndarray) -> str:
    """Return the composition of a shell in words: how many molecules of each species."""
    return " ".join(f"{name}:{count}" for name, count in zip(names, counts, strict=True) if count) or "empty"
