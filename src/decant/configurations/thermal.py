"""Molecules distorted as they are at a temperature: classical normal-mode sampling around a relaxed conformer.

In the harmonic approximation the classical distribution of a normal coordinate with mass-weighted force constant
lambda is a Gaussian of variance kT / lambda (McQuarrie, Statistical Mechanics, chapter 7).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.units import _amu, _e, _hbar, invcm, kB, kcal, mol

from decant.foundation.errors import InputError, nearest
from decant.labels.base import LabelError
from decant.labels.registry import labeler
from decant.molecules.charge import CHARGE, SPIN
from decant.molecules.molecule import Molecule, embedded
from decant.molecules.topology import bonds

FIRST_STEP_A, RELAXED_EV_A = 0.1, 2e-3
"""Length of the first step of a relaxation, over all coordinates, and the largest force along one at its end."""
STEP = 0.01  # angstrom, of the finite differences
SOFTEST = (
    100.0  # cm-1; softer modes (torsions) are taken as this stiff: a straight displacement cannot follow a rotation
)
TRIES = 500
MMFF94 = "mmff94"
HESSIANS = ("gfn2-xtb", "gfn1-xtb", MMFF94)
QUANTUM = _hbar * 1e10 / np.sqrt(_e * _amu)  # hbar omega in eV for sqrt(lambda) of 1 sqrt(eV / amu) / angstrom

EnergyForces = Callable[[np.ndarray], tuple[float, np.ndarray]]


@dataclass(frozen=True)
class Modes:
    """Normal modes of a relaxed conformer.

    Attributes
    ----------
    atoms
        The relaxed conformer.
    stiffness
        Mass-weighted force constants, eV/amu/angstrom^2, shape (modes,).
    vectors
        Cartesian displacement of each atom for a unit of each mass-weighted coordinate, shape (modes, atoms, 3).
    """

    atoms: Atoms
    stiffness: np.ndarray
    vectors: np.ndarray

    @property
    def wavenumbers(self) -> np.ndarray:
        """Harmonic wavenumbers, cm-1; negative where the curvature is."""
        return np.sign(self.stiffness) * QUANTUM * np.sqrt(abs(self.stiffness)) / invcm

    def sample(self, temperature: float, random: np.random.Generator) -> Atoms:
        """Return the conformer displaced along all modes, as at `temperature` (K)."""
        floor = (SOFTEST * invcm / QUANTUM) ** 2
        spread = np.sqrt(kB * temperature / np.maximum(self.stiffness, floor))
        atoms = self.atoms.copy()
        atoms.positions += np.tensordot(spread * random.standard_normal(len(spread)), self.vectors, axes=1)
        return atoms


@dataclass(frozen=True)
class Disorder:
    """What the thermal disorder of a molecule starts from.

    Attributes
    ----------
    conformers
        Conformers to choose from; each costs one relaxation and one Hessian, once.
    hessian
        What relaxes conformers and gives their vibrations: gfn2-xtb, gfn1-xtb, or mmff94, which is quicker; a molecule
        that MMFF94 does not know, such as PF6-, has those of gfn2-xtb.
    """

    conformers: int = 4
    hessian: str = "gfn2-xtb"

    def check(self) -> None:
        """Raise `InputError` if there are no conformers, or nothing of this name gives their vibrations."""
        if isinstance(self.conformers, bool) or not isinstance(self.conformers, int) or self.conformers < 1:
            raise InputError(f"conformers: expected a positive whole number, not {self.conformers!r}")
        if self.hessian not in HESSIANS:
            hint = nearest(str(self.hessian), HESSIANS)
            raise InputError(f"hessian '{self.hessian}'{hint}: expected one of {', '.join(HESSIANS)}")


def thermal_molecule(molecule: Molecule, temperature: float, random: np.random.Generator, disorder: Disorder) -> Atoms:
    """Return a molecule with the harmonic thermal disorder of a random conformer.

    Parameters
    ----------
    molecule
        The molecule.
    temperature
        Temperature in K.
    random
        Source of random numbers.
    disorder
        Its conformers, and what gives their force constants.

    Raises
    ------
    InputError
        If the temperature is so high that the molecule does not stay whole.
    """
    if temperature < 0:
        raise InputError(f"temperature {temperature:g}: expected K, not below 0")
    modes = normal_modes(molecule, int(random.integers(disorder.conformers)) + 1, disorder.hessian)
    for _ in range(TRIES):
        atoms = modes.sample(temperature, random)
        if np.array_equal(bonds(atoms), molecule.bonds):
            return atoms
    raise InputError(
        f"{molecule.name} at {temperature:g} K: no sample of {TRIES} keeps its bonds; lower the temperature"
    )


@functools.lru_cache(maxsize=256)
def normal_modes(molecule: Molecule, seed: int, hessian: str = "gfn2-xtb") -> Modes:
    """Relax a conformer and return its normal modes, by central differences of the forces.

    Parameters
    ----------
    molecule
        The molecule.
    seed
        Seed of the conformer.
    hessian
        As of `Disorder`.
    """
    surface = _surface(molecule, seed, hessian)
    start = molecule.embed(seed)
    positions = _relaxed(surface, start.positions)
    atoms = Atoms(molecule.symbols, positions=positions)
    count = len(atoms)
    matrix = np.empty((3 * count, 3 * count))
    for column in range(3 * count):
        moved = np.zeros(3 * count)
        moved[column] = STEP
        plus, minus = (surface(positions + sign * moved.reshape(-1, 3))[1] for sign in (1, -1))
        matrix[column] = -(plus - minus).ravel() / (2 * STEP)
    roots = np.repeat(np.sqrt(atoms.get_masses()), 3)
    weighted = (matrix + matrix.T) / 2 / np.outer(roots, roots)
    rigid = rigid_motions(atoms)
    outside = np.eye(3 * count) - rigid.T @ rigid
    values, vectors = np.linalg.eigh(outside @ weighted @ outside)
    kept = np.sort(np.argsort(abs(values))[len(rigid) :])  # the projected rigid motions have eigenvalue zero
    return Modes(atoms, values[kept], (vectors[:, kept] / roots[:, None]).T.reshape(-1, count, 3))


def rigid_motions(atoms: Atoms) -> np.ndarray:
    """Return orthonormal mass-weighted translations and rotations, shape (6 or, if linear, 5, 3 * atoms)."""
    roots = np.sqrt(atoms.get_masses())[:, None]
    arm = atoms.positions - atoms.get_center_of_mass()
    motions = [np.broadcast_to(axis, arm.shape) for axis in np.eye(3)] + [np.cross(axis, arm) for axis in np.eye(3)]
    _, sizes, basis = np.linalg.svd(np.array([(roots * motion).ravel() for motion in motions]), full_matrices=False)
    return basis[sizes > 1e-3 * sizes[0]]


def _relaxed(surface: EnergyForces, start: np.ndarray) -> np.ndarray:
    from scipy.optimize import minimize

    # the first step is one unit long whatever the forces, and one of an angstrom pushes the oxygens of ClO4- too far
    def value(steps: np.ndarray) -> tuple[float, np.ndarray]:
        energy, forces = surface(start + FIRST_STEP_A * steps.reshape(-1, 3))
        return energy, -FIRST_STEP_A * forces.ravel()

    options = {"gtol": FIRST_STEP_A * RELAXED_EV_A, "ftol": 1e-12, "maxiter": 500}
    found = minimize(value, np.zeros(start.size), jac=True, method="L-BFGS-B", options=options)
    return start + FIRST_STEP_A * np.asarray(found.x).reshape(-1, 3)


def _surface(molecule: Molecule, seed: int, hessian: str) -> EnergyForces:
    """Return energy (eV) and forces (eV/angstrom) as a function of the positions."""
    classical = _mmff94(molecule, seed) if hessian == MMFF94 else None
    if classical:
        return classical
    method = labeler(HESSIANS[0] if hessian == MMFF94 else hessian)
    state = {CHARGE: molecule.charge, SPIN: molecule.unpaired + 1}

    def tight_binding(positions: np.ndarray) -> tuple[float, np.ndarray]:
        try:
            answer = method.label(Atoms(molecule.symbols, positions=positions, info=state))
        except LabelError as error:
            raise InputError(f"{molecule.name}: {hessian} failed while relaxing the molecule: {error}") from error
        return answer.energy, answer.forces

    return tight_binding


def _mmff94(molecule: Molecule, seed: int) -> EnergyForces | None:
    from rdkit.Chem import rdForceFieldHelpers

    structure = embedded(molecule.smiles, seed)
    properties = rdForceFieldHelpers.MMFFGetMoleculeProperties(structure)
    if properties is None:
        return None
    field = rdForceFieldHelpers.MMFFGetMoleculeForceField(structure, properties)

    def classical(positions: np.ndarray) -> tuple[float, np.ndarray]:
        flat = positions.ravel().tolist()
        energy = field.CalcEnergy(flat)  # first: it renews the distances that CalcGrad takes from a cache
        gradient = np.array(field.CalcGrad(flat)).reshape(-1, 3)
        return energy * kcal / mol, -gradient * kcal / mol

    return classical
