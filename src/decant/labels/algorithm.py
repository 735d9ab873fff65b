"""A reference method as an algorithm without a fit: LAMMPS runs any ASE calculator, on one rank.

What a fit would leave behind is a description here: a YAML file with the words of ``decant label``.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.data import atomic_numbers, chemical_symbols
from ase.stress import full_3x3_to_voigt_6_stress

from decant.algorithms.base import WHOLE, Algorithm, Exported, Part
from decant.data.prediction import require_known
from decant.foundation.errors import InputError, nearest, warn
from decant.foundation.files import read_yaml, write_yaml
from decant.foundation.settings import key, positive, read_mapping, text
from decant.labels.base import Labeler, LabelError
from decant.labels.openff import OPENFF
from decant.labels.registry import POTENTIAL, labeler
from decant.labels.tblite import METHODS
from decant.molecules.charge import CHARGE, SPIN

TRUSTED = "DECANT_TRUSTED_CALCULATORS"
"""Environment variable with the fingerprints, separated by commas, of descriptions whose code the user trusts."""
MODEL = "model.yaml"
LISTED_A = 6.0
NAMED = Path(__file__).with_name("calculators")
"""Descriptions that come with decant."""


def _symbols(value: Any) -> tuple[str, ...]:
    words = value.replace(",", " ").split() if isinstance(value, str) else value
    if not isinstance(words, list) or not words or not all(word in atomic_numbers for word in words):
        raise InputError(f"expected chemical symbols such as [H, C, O], not {value!r}")
    return tuple(words)


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InputError(f"expected a mapping of settings to values, not {value!r}")
    return value


def _whole(value: Any) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise InputError(f"expected a whole number, not {value!r}")
    return value


@dataclass(frozen=True)
class Description:
    """Which calculator, in the words of ``decant label``.

    Attributes
    ----------
    method
        As ``--method`` takes it: ``gfn2-xtb``, ``ase:IMPORT.PATH``, ``cp2k:TEMPLATE``, or one that a package adds.
    settings
        As ``--set`` takes them.
    elements
        Chemical symbols that it knows; None for all there are.
    cutoff
        Of LAMMPS's neighbour list, angstrom: how far a radial distribution reaches that LAMMPS measures itself. The
        calculator has its own.
    charge, spin
        Total charge, e, and multiplicity of a system that states none; None for neutral, and the lowest one.
    """

    method: str = key(text)
    settings: Mapping[str, Any] = key(_mapping, None)
    elements: tuple[str, ...] | None = key(_symbols, None)
    cutoff: float = key(positive, LISTED_A)
    charge: int | None = key(_whole, None)
    spin: int | None = key(_whole, None)

    @classmethod
    def read(cls, path: Path) -> Description:
        """Read a description.

        Raises
        ------
        InputError
            If it is none, or of what needs none.
        """
        found = read_mapping(cls, read_yaml(path), str(path))
        if found.method == OPENFF:
            raise InputError(f"{path}: method {OPENFF}: LAMMPS computes it itself: decant simulate --method {OPENFF}")
        if found.method.startswith(POTENTIAL):
            raise InputError(f"{path}: method {found.method}: is a potential already")
        return found

    @property
    def fingerprint(self) -> str:
        """What stands for the code that it runs: a hash of method and settings."""
        content = json.dumps([self.method, dict(self.settings or {})], sort_keys=True, default=str)
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    @property
    def is_trusted(self) -> bool:
        """Whether it runs nothing but what decant knows, or what the user trusts."""
        words = [word.strip() for word in os.environ.get(TRUSTED, "").split(",")]
        return self.method in METHODS or self.fingerprint in words

    def told(self) -> str:
        """Return what it runs, in words."""
        settings = ", ".join(f"{name}={value}" for name, value in (self.settings or {}).items())
        return f"{self.method}{f' with {settings}' if settings else ''}"

    def labeler(self) -> Labeler:
        """Return the method."""
        return labeler(self.method, self.settings)

    def calculator(self) -> MethodCalculator:
        """Return the method as an ASE calculator."""
        return MethodCalculator(self.labeler(), self.elements or chemical_symbols[1:], self.charge, self.spin)


class MethodCalculator(Calculator):
    """A reference method as an ASE calculator.

    Parameters
    ----------
    method
        The method.
    elements
        Chemical symbols that it may be asked about.
    charge, spin
        Of frames that state none; see `Description`.
    """

    implemented_properties: ClassVar[list[str]] = ["energy", "forces", "stress"]

    def __init__(self, method: Labeler, elements: Any, charge: int | None = None, spin: int | None = None):
        super().__init__()
        self.method, self.elements = method, list(elements)
        self.state = {name: value for name, value in ((CHARGE, charge), (SPIN, spin)) if value is not None}

    def check_state(self, atoms: Atoms, tol: float = 1e-15) -> list[str]:
        """Return what differs from the last frame: its charge and spin, too, which ASE does not look at."""
        changes = super().check_state(atoms, tol)
        if self.atoms is not None and any(atoms.info.get(name) != self.atoms.info.get(name) for name in (CHARGE, SPIN)):
            return [*changes, "info"]
        return list(changes)

    def calculate(
        self, atoms: Atoms | None = None, properties: Any = ("energy",), system_changes: Any = all_changes
    ) -> None:
        """Compute energy, forces and, where the method gives it, stress; called by ASE.

        Raises
        ------
        InputError
            If an element is not known, or the method fails.
        """
        super().calculate(atoms, properties, system_changes)
        frame = self.atoms.copy()
        require_known(frame, self.elements)
        if not {CHARGE, SPIN} & set(frame.info):
            frame.info.update(self.state)
        try:
            said = self.method.label(frame)
        except LabelError as error:
            raise InputError(f"{self.method.name}: {error}") from error
        self.results = {"energy": said.energy, "forces": said.forces}
        if said.virial is not None:
            self.results["stress"] = full_3x3_to_voigt_6_stress(-said.virial / frame.get_volume())


class CalculatorAlgorithm(Algorithm):
    """Any ASE calculator or reference method, as it is."""

    name = "ase"
    suffixes = (".yaml", ".yml")
    in_python = True
    published = tuple(sorted(file.stem for file in NAMED.glob("*.yaml")))

    def fetch(self, name: str) -> Path:
        """Return the description of a calculator that decant knows by name."""
        return NAMED / f"{name}.yaml"

    def elements(self, source: Path) -> list[str]:
        """Return the chemical symbols that a description names, or all there are."""
        return list(Description.read(source).elements or chemical_symbols[1:])

    def export(self, source: Path, directory: Path, precision: str | None, part: Part = WHOLE) -> Exported:
        """Write the description, narrowed to a part.

        Naming the description is the user's word that its code may run, as naming a pickled model is.

        Raises
        ------
        InputError
            If it is none, the method is not installed, or the elements are missing.
        """
        whole = Description.read(source)
        if part.head is not None:
            raise InputError(f"{source}: `head` {part.head}: a calculator has no heads; name one among its settings")
        elements = part.elements or whole.elements
        if elements is None:
            raise InputError(f"{source}: {whole.method} knows many elements; give `elements`, for example H,C,O")
        known = whole.elements or chemical_symbols[1:]
        if unknown := [symbol for symbol in elements if symbol not in known]:
            raise InputError(f"{source}: `elements`: knows no {', '.join(unknown)}{nearest(unknown[0], known)}")
        charge = whole.charge if part.charge is None else part.charge
        spin = whole.spin if part.spin is None else part.spin
        description = Description(whole.method, whole.settings or {}, tuple(elements), whole.cutoff, charge, spin)
        method = description.labeler()
        architecture = {"method": method.name, "version": method.version, "settings": dict(method.settings)}
        written = {**vars(description), "settings": dict(description.settings), "elements": list(elements)}
        write_yaml(directory / MODEL, {name: value for name, value in written.items() if value is not None})
        if not description.is_trusted:
            warn(f"{_refusal(description)}; a run, check or evaluation of this potential asks for that word")
        return Exported(
            model=MODEL,
            pair_style=f"zero {whole.cutoff:g}",
            pair_coeff="* *",
            elements=list(elements),
            cutoff=whole.cutoff,
            settings={**architecture, "charge": charge or 0},
            precision=precision or "double",
        )

    def calculator(self, directory: Path) -> Calculator:
        """Return the calculator of an exported potential.

        Raises
        ------
        InputError
            If the user has not said that the code it runs is trusted.
        """
        self.require_usable(directory)
        return Description.read(directory / MODEL).calculator()

    def model_calculator(self, source: Path) -> Calculator:
        """Return the calculator of a description that the user named."""
        return Description.read(source).calculator()

    def require_usable(self, model: Path) -> None:
        """Raise `InputError` if the user has not said that the code of a description is trusted."""
        description = Description.read(model / MODEL if model.is_dir() else model)
        if not description.is_trusted:
            raise InputError(f"{model}: {_refusal(description)}")


def _refusal(description: Description) -> str:
    return (
        f"runs {description.told()}, which is code that decant does not know; if you trust it, say so:"
        f" export {TRUSTED}={description.fingerprint}"
    )
