"""Whether labels fit the frames and each other: what bonds, virials and neighbouring frames say of units and signs.

Each check compares a label with what another one or the geometry demands, and says by which factor it is off:

* nearest neighbours stand about the sum of their covalent radii apart (lengths);
* an atom with one bond is drawn back when it is stretched, with a known stiffness (forces);
* the energies of bonds are 2 to 12 eV (energies, where isolated atoms are known);
* energies of hot frames follow the squares of their forces (energies; the harmonic approximation);
* the virial of molecules is mostly their internal one, :math:`\\sum_i f_i \\otimes (r_i - R)` (virial);
* neighbouring frames differ by forces times displacements and virials times strains (`decant.data.neighbors`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.data import covalent_radii

from decant.data.label_units import KINDS, likely_units, unit_value
from decant.data.reactions import Molecules
from decant.molecules.topology import molecule_trees, unwrap

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
        What the caller may say of it: ``unit``, ``sign``.
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
    bonds
        Pairs of atom indices, shape (bonds, 2).
    mol_id
        Molecule of each atom, shape (atoms,).
    whole
        Positions with whole molecules, angstrom, shape (atoms, 3).
    """

    atoms: Atoms
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


def samples(frames: Sequence[Atoms], molecules: Sequence[Molecules]) -> list[Sample]:
    """Return up to `SAMPLE` frames, spread evenly, with their molecules made whole."""
    chosen = np.linspace(0, len(frames) - 1, min(SAMPLE, len(frames))).round().astype(int)
    made = []
    for index in chosen:
        atoms, mol_id = frames[index], molecules[index].mol_id
        whole = unwrap(atoms, molecule_trees(atoms, mol_id)) if atoms.pbc.any() else atoms.positions
        made.append(Sample(atoms, molecules[index].bonds, mol_id, whole))
    return made


def misfit(kind: str, told: str, factor: float) -> Finding:
    """Return the finding of a label that is `factor` times what it should be: of which unit and sign it may be."""
    named = [f"{name} (factor {1 / unit_value(name, kind):.4g})" for name in likely_units(kind, abs(factor))]
    unit = " or ".join(named) if named else "" if 0.4 < abs(factor) < 2.5 else "another unit"
    wants = ("unit",) * bool(unit) + ("sign",) * (factor < 0)
    looks = " and ".join(filter(None, [unit, "the other sign" if factor < 0 else ""]))
    options = " and ".join(f"`{SIGNS.get(kind, kind) if want == 'sign' else kind}_{want}`" for want in wants)
    return Finding(kind, f"{told}: {kind} look{'' if kind == 'forces' else 's'} like {looks}; give {options}", wants)


SIGNS = {"virial": "stress"}
"""Labels whose sign is said with that of another."""


_COVALENT = (1, 5, 6, 7, 8, 9, 14, 15, 16, 17, 35, 53)


def check_lengths(frames: Sequence[Atoms]) -> Finding | None:
    """Compare the distances of nearest neighbours with the sums of their covalent radii, by median over nonmetals."""
    ratios = []
    for atoms in [atoms for atoms in frames if len(atoms) > 1][:: max(1, len(frames) // 20)]:
        members = np.flatnonzero(np.isin(atoms.numbers, _COVALENT))
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
    rows = [row for sample in made for row in _terminal_bonds(sample)]
    hydrogens = [row for row in rows if row[0][0] == 1]
    for chosen, tolerance in ((hydrogens, 2.5), (rows, 4.0)):
        groups = defaultdict(list)
        for kind, length, force in chosen:
            groups[kind].append((length, force))
        columns = [_centred(kind, np.array(values)) for kind, values in groups.items()]
        if not columns:
            continue
        stretch, pull = np.concatenate(columns).T
        if len(stretch) >= 10 and _is_sure(stretch, pull, len(stretch) - len(groups) - 1, 0.6):
            return Stiffness(float(-(stretch @ pull) / (stretch @ stretch)), tolerance)
    return Stiffness(float("nan"), 1.0)


def _terminal_bonds(sample: Sample) -> list[tuple[tuple[int, int], float, float]]:
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
    return (values - values.mean(axis=0)) * [_stiffness(kind), 1.0]


def _stiffness(kind: tuple[int, int]) -> float:
    return _STIFFNESS.get(kind, 30.0 if kind[0] == 1 else 50.0)


def _is_sure(x: np.ndarray, y: np.ndarray, freedom: int, least: float) -> bool:
    """Say whether two series about zero are correlated, by at least `least` and five standard errors."""
    size = float((x @ x) * (y @ y))
    if freedom < 3 or size <= 0 or np.std(x) < 1e-6:
        return False
    square = float((x @ y) ** 2 / size)
    return square > least**2 and square * freedom > 25 * (1 - square)


def check_forces(stiffness: Stiffness) -> Finding | None:
    """Compare the stiffness of bonds with what is known."""
    ratio = stiffness.ratio
    if np.isnan(ratio) or 1 / stiffness.tolerance < ratio < stiffness.tolerance:
        return None
    return misfit("forces", f"forces answer a stretched bond with {ratio:.3g} times the stiffness of such bonds", ratio)


_ATOMIZATION = (0.8, 16.0)
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
        and np.isin(sample.atoms.numbers, _COVALENT).all()
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
    """See whether energies grow with the number of atoms, where that varies."""
    energies, atoms = (np.array([value(sample) for sample in made]) for value in (_energy, _atoms))
    if len(made) < 5 or np.std(np.log(atoms)) < 0.15 or (energies >= 0).any():
        return None
    power = float(np.polyfit(np.log(atoms), np.log(-energies), 1)[0])
    return Finding("energy", f"energies do not grow with the number of atoms: {PER_ATOM}") if power < 0.4 else None


def _energy(sample: Sample) -> float:
    return sample.energy


def _atoms(sample: Sample) -> int:
    return len(sample.atoms)


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
    if not _is_sure(energy, square, freedom, 0.75) or not _is_sure(energy, stretched, freedom, 0.6):
        return None
    factor = float(np.copysign(np.sqrt((energy @ energy) / (square @ square)), energy @ square)) / _ENERGY_BY_SQUARE
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
    rows = [_terminal_bonds(sample) for sample in made]
    lengths = defaultdict(list)
    for kind, length, _ in [row for frame in rows for row in frame]:
        lengths[kind].append(length)
    means = {kind: float(np.mean(values)) for kind, values in lengths.items()}
    return [sum(_stiffness(kind) * (length - means[kind]) ** 2 / 2 for kind, length, _ in frame) for frame in rows]


def check_virials(made: Sequence[Sample], kind: str, scale: float) -> Finding | None:
    """Compare virials with the internal ones of the molecules, without their traces.

    Frames whose molecules push each other harder than their bonds do are left out: what molecules do together is not
    in the internal virial.

    Parameters
    ----------
    made
        Frames with or without virial.
    kind
        Whether virials come from a ``virial`` or a ``stress``.
    scale
        What takes the forces to eV/angstrom.
    """
    pairs = []
    for sample in made:
        if "REF_virial" in sample.atoms.info and _is_internal(sample):
            pairs.append((_deviator(sample.atoms.info["REF_virial"]), _deviator(internal_virial(sample)) * scale))
    if not pairs:
        return None
    virial, inner = (np.concatenate(column) for column in zip(*pairs, strict=True))
    if not _is_sure(virial, inner, 5 * len(pairs) - 1, 0.85):
        return None
    factor = float((virial @ inner) / (inner @ inner))
    if 0.5 < factor < 2:
        return None
    volume = float(np.median([sample.atoms.get_volume() for sample in made if "REF_virial" in sample.atoms.info]))
    other = {"virial": 1 / volume, "stress": volume}[kind]
    found = misfit(kind, f"the virial is {factor:.4g} times what the forces within molecules say", factor)
    if not 0.6 < -factor / other < 1.6:
        return found
    text = f"{found.text}, or the key is that of a {'stress' if kind == 'virial' else 'virial'}, not of a {kind}"
    return Finding(kind, text, found.wants)


def internal_virial(sample: Sample) -> np.ndarray:
    """Return the symmetric sum of force times position about the centre of its molecule, eV, shape (3, 3)."""
    sizes = np.bincount(sample.mol_id)
    centres = np.column_stack([np.bincount(sample.mol_id, sample.whole[:, axis]) for axis in range(3)]) / sizes[:, None]
    matrix = sample.forces.T @ (sample.whole - centres[sample.mol_id])
    return np.asarray(matrix + matrix.T) / 2


def _is_internal(sample: Sample) -> bool:
    """Say whether the forces on the molecules as a whole are small beside those on their atoms."""
    nets = np.column_stack([np.bincount(sample.mol_id, sample.forces[:, axis]) for axis in range(3)])
    return bool((nets**2).sum() < 0.1 * (sample.forces**2).sum())


def _deviator(matrix: np.ndarray) -> np.ndarray:
    return np.asarray(matrix - np.eye(3) * np.trace(matrix) / 3).ravel()
