"""Whether positions and forces fit the bonds of molecules: their lengths, and how stiff they are.

Nearest neighbours stand about the sum of their covalent radii apart, and an atom with one bond is drawn back when that
is stretched, with a stiffness that is known. So the unit of positions, and unit and sign of forces, show in any frame.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.data import covalent_radii

from decant.data.label_units import KINDS, unit_value
from decant.data.misfits import COVALENT, Finding, Sample, is_near, is_sure, misfit, odd_frames, proportion


def check_lengths(frames: Sequence[Atoms]) -> Finding | None:
    """Compare the distances of nearest neighbours with the sums of their covalent radii, by median over nonmetals."""
    ratios = []
    for atoms in [atoms for atoms in frames if len(atoms) > 1][:: max(1, len(frames) // 20)]:
        members = np.flatnonzero(np.isin(atoms.numbers, COVALENT))
        for atom in members[:: max(1, len(members) // 10)]:
            others = np.delete(np.arange(len(atoms)), atom)
            distances = atoms.get_distances(int(atom), others, mic=bool(atoms.pbc.any()))
            ratios.append(
                (distances / (covalent_radii[atoms.numbers[atom]] + covalent_radii[atoms.numbers[others]])).min()
            )
    if not ratios:
        return None
    ratio = float(np.median(ratios))
    for name in KINDS["length"][3]:
        if 0.75 < ratio * unit_value(name, "length") < 1.3 and not 0.75 < ratio < 1.3:
            text = (
                f"nearest neighbours stand {ratio:.3g} sums of their covalent radii apart: positions look like {name}"
            )
            return Finding("length", f"{text}; give `length_unit`")
    return None


_STIFFNESS = {
    (1, 5): 22.0, (1, 6): 31.0, (1, 7): 41.0, (1, 8): 47.0, (1, 9): 60.0, (1, 14): 18.0, (1, 15): 21.0, (1, 16): 26.0,
    (8, 6): 70.0, (7, 6): 110.0, (9, 6): 40.0, (9, 5): 33.0, (9, 15): 35.0, (8, 16): 62.0, (17, 6): 21.0,
    (1, 1): 36.0, (7, 7): 143.0, (9, 9): 29.0, (17, 17): 20.0, (35, 35): 15.0, (53, 53): 11.0,
}  # fmt: skip
"""Force constants of bonds of a terminal atom to its partner, by atomic numbers, eV/angstrom^2: harmonic frequencies of
common molecules (C-H 4.9 mdyn/angstrom, O-H 7.6, C=O 11 to 12), good to 30 %."""


@dataclass(frozen=True)
class Stiffness:
    """The stiffness of bonds over what is known (NaN if the frames do not say), and the tolerance of that."""

    ratio: float
    tolerance: float


def bond_stiffness(made: Sequence[Sample]) -> Stiffness:
    """Return the stiffness of bonds of terminal atoms over what is known, from forces along bonds and bond lengths."""
    rows = [row for sample in made for row in terminal_bonds(sample)]
    hydrogens = [row for row in rows if row[0][0] == 1]
    for chosen, tolerance in ((hydrogens, 2.5), (rows, 4.0)):
        groups = defaultdict(list)
        for kind, length, force in chosen:
            groups[kind].append((length, force))
        columns = [_centred(kind, np.array(values)) for kind, values in groups.items()]
        if not columns:
            continue
        stretch, pull = np.concatenate(columns).T
        if len(stretch) >= 10 and is_sure(stretch, pull, len(stretch) - len(groups) - 1, 0.6):
            return Stiffness(-proportion(pull, stretch), tolerance)
    return Stiffness(float("nan"), 1.0)


def terminal_bonds(sample: Sample) -> list[tuple[tuple[int, int], float, float]]:
    """Return the kind, length and outward force of each bond of an atom that has no other."""
    if not len(sample.bonds):
        return []
    numbers, degree = sample.atoms.numbers, np.bincount(sample.bonds.ravel(), minlength=len(sample.atoms))
    ends = np.concatenate([sample.bonds, sample.bonds[:, ::-1]])
    ends = ends[degree[ends[:, 0]] == 1]
    vectors = sample.whole[ends[:, 0]] - sample.whole[ends[:, 1]]
    lengths = np.linalg.norm(vectors, axis=1)
    pulls = np.einsum("ij,ij->i", vectors, sample.forces[ends[:, 0]]) / lengths
    return [
        ((int(numbers[one]), int(numbers[other])), float(length), float(pull))
        for (one, other), length, pull in zip(ends, lengths, pulls, strict=True)
    ]


def _centred(kind: tuple[int, int], values: np.ndarray) -> np.ndarray:
    """Return stretches, in forces that they should cause, and forces, both about their means."""
    return (values - values.mean(axis=0)) * [stiffness_of(kind), 1.0]


def stiffness_of(kind: tuple[int, int]) -> float:
    """Return the stiffness of a bond by the atomic numbers of its terminal atom and the partner, eV/angstrom^2."""
    return _STIFFNESS.get(kind, 30.0 if kind[0] == 1 else 50.0)


UNANSWERED = 0.5
"""By rank, forces on hydrogens and stretches of their bonds are 0.97 and more correlated in sets of DFT, GFN2-xTB and a
force field with frames of up to 2000 K; sorted by element, on other axes or of another frame they are not."""


def _check_answer(made: Sequence[Sample]) -> Finding | None:
    """See whether forces on hydrogens answer the stretch of their bonds, by rank: contacts push some atoms harder."""
    from scipy.stats import spearmanr

    groups = defaultdict(list)
    for kind, length, pull in [row for sample in made for row in terminal_bonds(sample)]:
        if kind in _STIFFNESS and kind[0] == 1:
            groups[kind].append((length, pull))
    columns = [_centred(kind, np.array(values)) for kind, values in groups.items()]
    rows = np.concatenate(columns) if columns else np.zeros((0, 2))
    stretch, pull = rows.std(axis=0) if len(rows) >= 100 else (0.0, 0.0)
    if stretch < 0.5 or pull < 0.3 * stretch:  # rigid molecules, or relaxed ones: their bonds say nothing
        return None
    correlation = -float(spearmanr(rows[:, 0], rows[:, 1]).statistic)
    if correlation > UNANSWERED:
        return None
    told = f"forces do not draw hydrogens of stretched bonds back ({len(rows)} bonds, correlation {correlation:.2f})"
    asked = "are they of another frame, another order of atoms or other axes? Where they are right, give `forces_sign`"
    return Finding("forces", f"{told}: {asked}", wants=("sign",))


def check_forces(stiffness: Stiffness, made: Sequence[Sample]) -> Finding | None:
    """Compare the stiffness of bonds with what is known: over all frames, then in each that says enough by itself."""
    if np.isnan(stiffness.ratio) and (unanswered := _check_answer(made)):
        return unanswered
    told = "forces answer a stretched bond with {:.3g} times the stiffness of such bonds"
    if not np.isnan(stiffness.ratio) and not is_near(stiffness.ratio, stiffness.tolerance):
        return misfit("forces", told.format(stiffness.ratio), stiffness.ratio)
    each = {sample.number: bond_stiffness([sample]) for sample in made}
    known = {number: one for number, one in each.items() if not np.isnan(one.ratio)}
    odd = {number for number, one in known.items() if not is_near(one.ratio, one.tolerance)}
    return odd_frames("forces", told, {number: one.ratio for number, one in known.items()}, odd)
