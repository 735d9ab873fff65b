"""What neighbouring frames say of energies, forces and virials: the finite differences between them.

Between two near frames :math:`\\Delta E = -\\frac12 (f_a + f_b) \\cdot u - \\frac12 (W_a + W_b) : \\epsilon`, with the
strain :math:`\\epsilon` of the cell, the displacements :math:`u` beyond it, and the house virial W (trapezoidal rule).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from ase import Atoms
from ase.geometry import find_mic

from decant.data.energies import PER_ATOM
from decant.data.label_units import likely_units
from decant.data.misfits import Finding, misfit, proportion

REACH = 0.25
"""Largest displacement of an atom between frames that are neighbours, angstrom: bonds are still nearly harmonic."""
STRAIN = 0.12
"""Largest strain of the cell between neighbours; molecules in a liquid then move by less than a contact is long."""
FOLLOWING = 4
"""Each frame is compared with so many of its atoms that come after it."""
LEAST_eV = 2e-3
"""Smaller differences are the noise of their calculation."""
SIZABLE_eV, MANY, UNRELATED = 0.05, 10, 0.85
"""So many differences of this size, which no rounding makes, follow what forces say but for the trapezoidal rule, whose
error is below a percent here; at a correlation below the last number they do not follow."""


def check_neighbors(frames: Sequence[Atoms], kind: str, scale: float, sure: bool) -> list[Finding]:
    """Compare differences of energy with those that forces and virials give.

    Parameters
    ----------
    frames
        Frames in the house form and the order of their file.
    kind
        Whether virials come from a ``virial`` or a ``stress``.
    scale
        What takes the forces to eV/angstrom.
    sure
        Whether that is known, so that what does not fit is the energy.
    """
    still: list[tuple[float, float, float]] = []
    strained: list[tuple[float, float, float]] = []
    for one, other in _pairs(frames):
        found = differences(one, other, scale)
        if found is not None:
            (strained if found[2] else still).append(found)
    findings = []
    both = [(energy, by_forces) for energy, by_forces, _ in still]
    factor = _factor(both, 0.95)
    if factor is not None and not 0.7 < factor < 1.5:
        findings.append(_energy_finding(factor, sure, float(np.median([len(atoms) for atoms in frames]))))
    elif factor is None and (unrelated := _unrelated(both)):
        findings.append(unrelated)
    ratio = _factor([(by_virial, energy - by_forces) for energy, by_forces, by_virial in strained], 0.9)
    if ratio is not None and not 0.5 < ratio < 2 and not findings:
        told = f"virials give {ratio:.4g} times the differences of energy between frames of other volume"
        findings.append(misfit(kind, told, ratio))
    return findings


def _energy_finding(factor: float, sure: bool, atoms: float) -> Finding:
    told = f"energies of neighbouring frames differ by {factor:.4g} times what their forces say"
    if factor < 0:
        return misfit("forces", told, 1 / factor)
    if 0.7 < factor * atoms < 1.5:
        units = "".join(f", or in {unit}: give `energy_unit`" for unit in likely_units("energy", factor))
        return Finding("energy", f"{told}: {PER_ATOM}{units}")
    found = misfit("energy", told, factor)
    if sure and likely_units("energy", factor):
        return found
    return Finding("energy", f"{found.text}; or {misfit('forces', '', 1 / factor).text[2:]}")


def _unrelated(pairs: Sequence[tuple[float, float]]) -> Finding | None:
    """Return the finding of energies that do not follow forces at all: of another frame, or forces of other atoms."""
    both = np.array([pair for pair in pairs if max(map(abs, pair)) > SIZABLE_eV]).reshape(-1, 2)
    size = float(np.linalg.norm(both[:, 0]) * np.linalg.norm(both[:, 1]))
    if len(both) < MANY or size == 0:
        return None
    correlation = float(both[:, 0] @ both[:, 1]) / size
    if correlation > UNRELATED:
        return None
    told = f"energies of neighbouring frames do not differ as their forces say ({len(both)} pairs, correlation"
    asked = "are they of another frame, or forces of another order of atoms? Where they are right, give `energy_unit`"
    return Finding("energy", f"{told} {correlation:.2f}): {asked}")


def _pairs(frames: Sequence[Atoms]) -> list[tuple[Atoms, Atoms]]:
    """Return frames of the same atoms in the same order that follow each other."""
    alike = defaultdict(list)
    for atoms in frames:
        alike[atoms.numbers.tobytes(), bool(atoms.pbc.all())].append(atoms)
    return [
        (one, other)
        for group in alike.values()
        for place, one in enumerate(group)
        for other in group[place + 1 : place + 1 + FOLLOWING]
    ]


def differences(one: Atoms, other: Atoms, scale: float = 1.0) -> tuple[float, float, float] | None:
    """Return the difference of energy between two frames, and what forces and virials give of it, eV.

    None for frames too far apart, or of other volume without virials; the last is zero for frames of one cell.
    """
    if len(one) < 2 or not np.array_equal(one.pbc, other.pbc):
        return None
    strain = np.zeros((3, 3))
    if one.pbc.all():
        strain = np.linalg.solve(one.cell.array, other.cell.array) - np.eye(3)
        if abs(strain).max() > STRAIN:
            return None
    moved = other.positions - one.positions @ (np.eye(3) + strain)
    if one.pbc.any():
        moved = find_mic(moved, other.cell, other.pbc)[0]
    moved -= moved.mean(axis=0)
    if np.linalg.norm(moved, axis=1).max() > REACH:
        return None
    virials = [atoms.info.get("REF_virial") for atoms in (one, other)]
    is_strained = abs(strain).max() > 1e-4
    if is_strained and any(virial is None for virial in virials):
        return None
    energy = float(other.info["REF_energy"] - one.info["REF_energy"])
    forces = scale * (one.arrays["REF_forces"] + other.arrays["REF_forces"]) / 2
    by_virial = -float(np.sum((virials[0] + virials[1]) / 2 * strain)) if is_strained else 0.0
    return energy, -float((forces * moved).sum()), by_virial


def _factor(pairs: Sequence[tuple[float, float]], least: float) -> float | None:
    """Return the first numbers over the second, if they are proportional; None if they are not, or too few."""
    both = np.array([pair for pair in pairs if max(map(abs, pair)) > LEAST_eV]).reshape(-1, 2)
    if len(both) < 6:
        return None
    first, second = both.T
    size = float((first @ first) * (second @ second))
    if size == 0 or abs(first @ second) < least * np.sqrt(size):
        return None
    return proportion(first, second)
