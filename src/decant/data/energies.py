"""Whether energies fit the bonds of molecules, the size of frames, and the forces of hot frames.

A bond is worth some electronvolt, energies grow with the number of atoms, and where frames of one composition have more
energy because they are hotter, the squares of their forces are larger in proportion: the harmonic approximation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from decant.data.label_units import KINDS, likely_units, unit_value
from decant.data.misfits import COVALENT, Finding, Sample, is_sure, proportion
from decant.data.stiffness import Stiffness, stiffness_of, terminal_bonds

_ATOMIZATION = (0.8, 20.0)
"""Energies of atomization by bond, eV: F2 and I2 have 1.6, CO 11; without spin polarization of the atoms 2 more."""
_TYPICAL_BOND = 5.0
_ENERGY_BY_SQUARE = 0.0065
"""Slope of energy over the sum of squared forces, angstrom^2/eV: 0.011 in liquid carbonates from 300 to 1200 K by DFT,
0.004 in clusters of them by GFN2-xTB; the inverse of twice a mean stiffness where the bonds are harmonic."""


def check_atomization(made: Sequence[Sample], isolated: Mapping[str, float]) -> Finding | None:
    """Compare the energy of atomization of each bond with those of molecules."""
    known = [
        (sum(isolated[symbol] for symbol in sample.atoms.symbols), sample.energy, len(sample.atoms), len(sample.bonds))
        for sample in made
        if len(sample.bonds)
        and set(sample.atoms.symbols) <= set(isolated)
        and np.isin(sample.atoms.numbers, COVALENT).all()
    ]
    if not known:
        return None
    free, energy, atoms, bonds = np.array(known).T
    value, as_per_atom = (float(np.median((free - one) / bonds)) for one in (energy, energy * atoms))
    if _is_bond(value):
        return None
    told = f"the energy of atomization is {value:.4g} eV for each bond (expected 2 to 12)"
    units = likely_units("energy", abs(value) / _TYPICAL_BOND) if value > 0 else []
    if units:
        return Finding("energy", f"{told}: energy looks like {' or '.join(units)}; give `energy_unit`")
    if _is_bond(as_per_atom):
        return Finding("energy", f"{told}: {PER_ATOM}")
    return Finding("energy", f"{told}: the isolated atoms and the frames are not of one method, unit or sign")


PER_ATOM = "energy looks like one per atom; name the total energy with `energy_key`"


def _is_bond(value: float) -> bool:
    return _ATOMIZATION[0] < value < _ATOMIZATION[1]


def check_sizes(made: Sequence[Sample]) -> Finding | None:
    """See whether energies follow the numbers of atoms of each element, or only their shares, where sizes vary."""
    sizes = np.array([len(sample.atoms) for sample in made])
    elements = sorted({int(number) for sample in made for number in np.unique(sample.atoms.numbers)})
    if len(made) < len(elements) + 3 or np.std(np.log(sizes)) < 0.15:
        return None
    counts = np.array([[np.sum(sample.atoms.numbers == element) for element in elements] for sample in made])
    energies = np.array([sample.energy for sample in made])
    by_count, by_share = (
        float(np.linalg.norm(energies - table @ np.linalg.lstsq(table, energies, rcond=None)[0]))
        for table in (counts, counts / sizes[:, None])
    )
    return (
        Finding("energy", f"energies do not grow with the number of atoms: {PER_ATOM}")
        if by_share < by_count / 5
        else None
    )


def check_thermal_energies(
    made: Sequence[Sample], names: Sequence[str], stiffness: Stiffness, scale: float
) -> Finding | None:
    """Compare the spread of energies among frames of one composition with that of their squared forces.

    Parameters
    ----------
    made, names
        Frames, and the composition of each.
    stiffness
        What `bond_stiffness` says: without it the frames are not known to be thermal.
    scale
        What takes the forces to eV/angstrom.
    """
    groups = defaultdict(list)
    for sample, name, stretch in zip(made, names, _stretches(made), strict=True):
        squares = float((sample.forces**2).sum()) * scale**2
        groups[name].append((sample.energy, squares, stretch, len(sample.atoms)))
    columns = [
        (np.array(values) - np.mean(values, axis=0))[:, :3] / np.sqrt(values[0][3])
        for values in groups.values()
        if len(values) > 1
    ]
    if np.isnan(stiffness.ratio) or not columns:
        return None
    energy, square, stretched = np.concatenate(columns).T
    freedom = len(energy) - len(columns) - 1
    # frames that differ in their contacts only have no more stretched bonds where they have more energy
    if not is_sure(energy, square, freedom, 0.75) or not is_sure(energy, stretched, freedom, 0.6):
        return None
    factor = proportion(energy, square) / _ENERGY_BY_SQUARE
    if 0.1 < factor < 10:
        return None
    told = f"energies vary {factor:.3g} times as much as the forces of such frames say"
    if factor < 0:
        return Finding("energy", f"{told}: they have the other sign, or their zero is not that of separate nuclei")
    by_atom = float(np.median([len(sample.atoms) for sample in made]))
    sizes = {name: unit_value(name, "energy") for name in KINDS["energy"][3]} | {"eV per atom": by_atom}
    near = sorted(sizes, key=lambda name: abs(np.log(factor * sizes[name])))[:2]
    return Finding("energy", f"{told}: energy may be in {' or '.join(near)}; give `energy_unit` or `energy_key`")


def _stretches(made: Sequence[Sample]) -> list[float]:
    """Return for each frame the energy in the stretch of the bonds of terminal atoms, eV: it grows with temperature."""
    rows = [terminal_bonds(sample) for sample in made]
    lengths = defaultdict(list)
    for kind, length, _ in [row for frame in rows for row in frame]:
        lengths[kind].append(length)
    means = {kind: float(np.mean(values)) for kind, values in lengths.items()}
    return [sum(stiffness_of(kind) * (length - means[kind]) ** 2 / 2 for kind, length, _ in frame) for frame in rows]
