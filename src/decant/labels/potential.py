"""An exported potential as a reference method: labels of one potential for another to be fitted to."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from ase import Atoms

from decant.data.charges import charge_of
from decant.data.isolated import is_isolated
from decant.data.prediction import Prediction
from decant.foundation.errors import warn
from decant.labels.ase import evaluated
from decant.labels.base import check_settings
from decant.potentials.potential import Potential


@dataclass(frozen=True)
class ExportedPotential:
    """An exported potential, evaluated by its own Python calculator.

    Attributes
    ----------
    path
        Its directory.
    algorithm, version
        What it is, and what wrote it.
    hashes
        SHA-256 of its files in the order of their names: labels go with the content, wherever the directory is.
    charges
        Of the configurations it was fitted to, e, as its card lists them; neutral where it does not.
    """

    path: Path
    algorithm: str
    version: str
    hashes: tuple[str, ...]
    charges: tuple[int, ...] = (0,)
    partly_periodic: ClassVar[bool] = True

    @property
    def name(self) -> str:
        """``potential:`` and the name of the directory."""
        return f"potential:{self.path.name}"

    @property
    def settings(self) -> dict[str, Any]:
        """The hashes of its files, shortened."""
        return {"algorithm": self.algorithm, "files": "+".join(digest[:12] for digest in self.hashes)}

    def warn_of_charges(self, frames: Sequence[Atoms]) -> None:
        """Warn of configurations with a charge that those it was fitted to had not: its energy knows of none."""
        if others := sorted({charge_of(frame) for frame in frames if not is_isolated(frame)} - {0, *self.charges}):
            warn(
                f"{self.name}: frames have a charge of {', '.join(f'{charge:+d}' for charge in others)} e, which no"
                " configuration had that it was fitted to: it knows no charges, and answers all the same"
            )

    def label(self, atoms: Atoms) -> Prediction:
        """Return energy, forces and, in a fully periodic cell, virial of a configuration."""
        return evaluated(_calculator(self.path), atoms)


def potential_method(directory: str, settings: Mapping[str, Any]) -> ExportedPotential:
    """Return the potential in a directory as a method.

    Raises
    ------
    InputError
        If there is no sound potential.
    """
    check_settings(f"potential:{directory}", settings, ())
    potential = Potential.open(Path(directory))
    card = potential.card
    version = f"decant {card.get('exported', {}).get('decant', 'unknown')}"
    hashes = tuple(digest for _, digest in sorted(card["files"].items()))
    charges = tuple((card.get("data") or {}).get("charges") or (0,))
    return ExportedPotential(potential.path.resolve(), potential.algorithm, version, hashes, charges)


@functools.cache
def _calculator(path: Path) -> Any:
    """Return the calculator; loading one takes longer than using it, and it remembers nothing of earlier frames."""
    return Potential.open(path).calculator()
