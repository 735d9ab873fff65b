"""ASE calculators that lack something, for tests of what comes of it."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from ase.calculators.calculator import Calculator, all_changes
from ase.geometry import find_mic
from ase.stress import full_3x3_to_voigt_6_stress

from decant.molecules.topology import bonds, molecule_ids


class Stressless(Calculator):
    """No forces between atoms, and no stress."""

    implemented_properties: ClassVar[list[str]] = ["energy", "forces"]

    def calculate(self, atoms: Any = None, properties: Any = ("energy",), system_changes: Any = all_changes) -> None:
        super().calculate(atoms, properties, system_changes)
        self.results = {"energy": 0.0, "forces": np.zeros((len(self.atoms), 3))}


class Failing(Calculator):
    """The same with a stress, for some frames; then it fails."""

    implemented_properties: ClassVar[list[str]] = ["energy", "forces", "stress"]
    answers = 8

    def calculate(self, atoms: Any = None, properties: Any = ("energy",), system_changes: Any = all_changes) -> None:
        super().calculate(atoms, properties, system_changes)
        self.answers -= 1
        if self.answers < 0:
            raise RuntimeError("the program is out of memory")
        self.results = {"energy": 0.0, "forces": np.zeros((len(self.atoms), 3)), "stress": np.zeros(6)}


class Ghosts(Calculator):
    """Springs within molecules, as the first frame of a process has them, and nothing between: they pass each other."""

    implemented_properties: ClassVar[list[str]] = ["energy", "forces", "stress"]
    stiffness = 20.0  # eV/angstrom^2
    springs: ClassVar[dict[int, tuple[np.ndarray, np.ndarray, np.ndarray]]] = {}  # by the number of atoms

    def calculate(self, atoms: Any = None, properties: Any = ("energy",), system_changes: Any = all_changes) -> None:
        super().calculate(atoms, properties, system_changes)
        one, other, rest = self.springs.setdefault(len(self.atoms), self._springs())
        vectors, lengths = self._vectors(one, other)
        away = lengths - rest
        pull = (self.stiffness * away / lengths)[:, None] * vectors
        forces = np.zeros((len(self.atoms), 3))
        np.add.at(forces, one, pull)
        np.subtract.at(forces, other, pull)
        stress = full_3x3_to_voigt_6_stress(pull.T @ vectors / self.atoms.get_volume())
        self.results = {"energy": float(0.5 * self.stiffness * (away**2).sum()), "forces": forces, "stress": stress}

    def _springs(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        molecules = molecule_ids(len(self.atoms), bonds(self.atoms))
        one, other = np.triu_indices(len(self.atoms), 1)
        inside = molecules[one] == molecules[other]
        return one[inside], other[inside], self._vectors(one[inside], other[inside])[1]

    def _vectors(self, one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return find_mic(self.atoms.positions[other] - self.atoms.positions[one], self.atoms.cell, self.atoms.pbc)
