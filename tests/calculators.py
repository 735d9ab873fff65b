"""ASE calculators that lack something, for tests of what comes of it."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from ase.calculators.calculator import Calculator, all_changes


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
