"""An exported potential: a directory with the model file, the LAMMPS lines that load it, and a card.

``model.safetensors`` or ``model.pth`` is what LAMMPS reads; ``pair.lammps`` names it by the LAMMPS variable
``potential``, the path of the directory; ``card.yaml`` says what the potential is, what it was fitted to and how good
it is, and carries the hash of every file, so that a damaged one is noticed before it is used. MACE adds
``reference.safetensors``, from which its own Python calculator is rebuilt.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from decant.algorithms.registry import algorithm
from decant.foundation.errors import InputError, nearest
from decant.foundation.files import read_yaml, sha256, write_yaml
from decant.lammps.command import IN_PYTHON
from decant.potentials.additions import Addition, additions, total

if TYPE_CHECKING:
    from ase.calculators.calculator import Calculator

CARD, PAIR = "card.yaml", "pair.lammps"
FORMAT = "decant-potential-1"
PRECISIONS = ("double", "single")


def require_precision(precision: str | None) -> None:
    """Raise `InputError` for a precision that potentials do not have; None leaves it to the algorithm."""
    if precision not in (None, *PRECISIONS):
        hint = nearest(str(precision), PRECISIONS)
        raise InputError(f"`precision`: expected {' or '.join(PRECISIONS)}, not '{precision}'{hint}")


@dataclass(frozen=True, repr=False)
class Potential:
    """An exported potential.

    Attributes
    ----------
    path
        Its directory.
    card
        Content of its ``card.yaml``.
    """

    path: Path
    card: dict[str, Any]

    @classmethod
    def open(cls, path: Path) -> Potential:
        """Open a potential after checking that its files are those that were exported.

        Raises
        ------
        InputError
            If the directory is no potential, or a file is missing or damaged.
        """
        path = Path(path)
        if not path.is_dir():
            raise InputError(f"{path}: no such directory; expected a potential written by 'decant export'")
        if not (path / CARD).is_file():
            raise InputError(f"{path}: no {CARD} in it; expected a potential written by 'decant export'")
        card = read_yaml(path / CARD)
        if card.get("format") != FORMAT:
            raise InputError(f"{path / CARD}: format is '{card.get('format')}', expected '{FORMAT}'; export it again")
        for name, digest in card["files"].items():
            if not (path / name).is_file():
                raise InputError(f"{path / name}: missing; export the potential again")
            if sha256(path / name) != digest:
                raise InputError(f"{path / name}: corrupted (its hash differs from {CARD}); export the potential again")
        return cls(path, card)

    def __repr__(self) -> str:
        words = f"{self.algorithm}, {' '.join(self.elements)}, cutoff {self.cutoff:g} A, {self.precision} precision"
        return f"<Potential {self.path}: {words}>"

    @property
    def elements(self) -> list[str]:
        """Chemical symbols in the order of the LAMMPS atom types."""
        return list(self.card["elements"])

    @property
    def algorithm(self) -> str:
        """Name of the algorithm."""
        return str(self.card["algorithm"])

    @property
    def plugin(self) -> str:
        """The LAMMPS plugin that its lines need, or that its forces are computed in Python; as `launch` takes it."""
        return IN_PYTHON if self.in_python else self.algorithm

    @property
    def in_python(self) -> bool:
        """Whether LAMMPS gets its forces from its ASE calculator, on one rank."""
        return bool(self.card.get("in_python"))

    @property
    def cutoff(self) -> float:
        """Distance up to which an atom sees another one directly, angstrom."""
        return float(self.card["cutoff_A"])

    @property
    def precision(self) -> str:
        """Arithmetic of the LAMMPS run: ``"double"`` or ``"single"``."""
        return str(self.card["precision"])

    @property
    def pair_lines(self) -> Path:
        """The file that LAMMPS includes."""
        return self.path / PAIR

    @property
    def additions(self) -> list[Addition]:
        """What runs beside the model, as dispersion does (``decant export --with``)."""
        return additions(self.card.get("with") or ())

    def calculator(self, device: str | None = None) -> Calculator:
        """Return an ASE calculator: the fastest on a CPU, in the arithmetic chosen at export.

        For a MACE it is the evaluator of ``pair_style mace`` itself, without torch. What runs beside the model is
        added.

        Parameters
        ----------
        device
            ``"cpu"``, ``"cuda"``, ``"cuda:1"`` or ``"opencl"``; None for that of the environment variable
            ``DECANT_DEVICE``, else the CPU.

        Raises
        ------
        InputError
            If the algorithm has no calculator for the device, or it cannot be had on this machine.
        """
        return total(self.model_calculator(device), self.additions, self.elements)

    def reference_calculator(self) -> Calculator:
        """Return the algorithm's own ASE calculator, in double precision: slow, and independent of our evaluator.

        What runs beside the model is added.
        """
        return total(self.model_reference(), self.additions, self.elements)

    def model_calculator(self, device: str | None = None) -> Calculator:
        """Return the calculator of the model alone; see `calculator`."""
        if device is None:
            return algorithm(self.algorithm).calculator(self.path)
        return algorithm(self.algorithm).calculator_on(self.path, device)

    def model_reference(self) -> Calculator:
        """Return the reference calculator of the model alone; see `reference_calculator`."""
        return algorithm(self.algorithm).reference_calculator(self.path)

    def record(self, key: str, value: Any) -> None:
        """Write one more entry into the card."""
        self.card[key] = value
        write_yaml(self.path / CARD, self.card)
