"""What a label that does not fit its frames is told as, and the frames that such checks look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from ase import Atoms

from decant.data.label_units import likely_units, unit_value
from decant.data.reactions import Molecules
from decant.molecules.topology import whole_positions

COVALENT = (1, 5, 6, 7, 8, 9, 14, 15, 16, 17, 35, 53)
"""Elements whose atoms have bonds of known length and energy."""
SAMPLE = 400
"""So many frames, spread over the set, say enough."""


@dataclass(frozen=True)
class Finding:
    """A label that does not fit.

    Attributes
    ----------
    kind
        Which: a key of `KINDS`.
    text
        What to tell.
    wants
        What the caller may say of it, to be taken at the word: ``unit``, ``sign``; nothing that helps where empty.
    """

    kind: str
    text: str
    wants: tuple[str, ...] = ("unit",)


@dataclass(frozen=True)
class Sample:
    """A labelled frame with its molecules.

    Attributes
    ----------
    atoms
        The frame in the house form.
    number
        Its place in the file.
    kind
        Whether its virial comes from a ``virial`` or a ``stress``.
    bonds
        Pairs of atom indices, shape (bonds, 2).
    mol_id
        Molecule of each atom, shape (atoms,).
    whole
        Positions with whole molecules, angstrom, shape (atoms, 3).
    """

    atoms: Atoms
    number: int
    kind: str
    bonds: np.ndarray
    mol_id: np.ndarray
    whole: np.ndarray

    @property
    def forces(self) -> np.ndarray:
        """Forces, eV/angstrom, shape (atoms, 3)."""
        return np.asarray(self.atoms.arrays["REF_forces"])

    @property
    def energy(self) -> float:
        """Energy, eV."""
        return float(self.atoms.info["REF_energy"])


def samples(
    frames: Sequence[Atoms], molecules: Sequence[Molecules], numbers: Sequence[int], kinds: Sequence[str]
) -> list[Sample]:
    """Return up to `SAMPLE` frames, spread evenly, with their molecules made whole."""
    chosen = np.linspace(0, len(frames) - 1, min(SAMPLE, len(frames))).round().astype(int)
    made = []
    for index in chosen:
        atoms, mol_id = frames[index], molecules[index].mol_id
        whole = whole_positions(atoms, mol_id)
        made.append(Sample(atoms, numbers[index], kinds[index], molecules[index].bonds, mol_id, whole))
    return made


def misfit(kind: str, told: str, factor: float) -> Finding:
    """Return the finding of a label that is `factor` times what it should be: of which unit and sign it may be."""
    named = [f"{name} (factor {1 / unit_value(name, kind):.4g})" for name in likely_units(kind, abs(factor))]
    near = 0.4 < abs(factor) < 2.5
    unit = " or ".join(named) or ("" if near and factor < 0 else "another unit")
    wants = ("unit",) * bool(unit) + ("sign",) * (factor < 0)
    looks = " and ".join(filter(None, [unit, "the other sign" if factor < 0 else ""]))
    many = kind == "forces"
    says = f"look{'' if many else 's'} like {looks}"
    if near and factor > 0 and not named:
        says = f"{'are' if many else 'is'} in no usual unit (factor {factor:.4g})"
    options = " and ".join(f"`{kind}_{want}`" for want in wants)
    return Finding(kind, f"{told}: {kind} {says}; give {options}", wants)


def is_sure(x: np.ndarray, y: np.ndarray, freedom: int, least: float) -> bool:
    """Say whether two series about zero are correlated, by at least `least` and five standard errors."""
    size = float((x @ x) * (y @ y))
    if freedom < 3 or size <= 0 or np.std(x) < 1e-6:
        return False
    square = float((x @ y) ** 2 / size)
    return square > least**2 and square * freedom > 25 * (1 - square)


def proportion(y: np.ndarray, x: np.ndarray) -> float:
    """Return the ratio of two series that are proportional but for noise in both."""
    return float(np.copysign(np.sqrt((y @ y) / (x @ x)), x @ y))


def is_near(ratio: float, tolerance: float) -> bool:
    """Say whether a ratio is one within a factor."""
    return 1 / tolerance < ratio < tolerance


def odd_frames(kind: str, told: str, ratios: Mapping[int, float], odd: set[int]) -> Finding | None:
    """Return a finding of odd frames among those with a ratio, by their numbers, if they are no rare exception."""
    if len(odd) < max(2, 0.05 * len(ratios)):
        return None
    ratio = float(np.median([ratios[number] for number in odd]))
    return misfit(
        kind, f"in {len(odd)} of {len(ratios)} frames (the first: frame {min(odd)}) {told.format(ratio)}", ratio
    )
