"""The package les, which no index has, as far as mace-torch's MACELES calls it: the field of latent charges by torch.

Written from its paper (B. Cheng, npj Comput. Mater. 2025, 11, 80) and its documented settings, wave by wave and pair by
pair, so that the derivatives are torch's. `installed()` lets mace-torch find it.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import sys
import types
from collections.abc import Iterator
from typing import Any

import torch


class Ewald:
    """What `Les` keeps of its settings, by the names of the package."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.sigma = settings.get("sigma", 1.0)
        self.dl = settings.get("dl", 2.0)
        self.remove_self_interaction = settings.get("remove_self_interaction", True)
        self.norm_factor = 90.0474

    def energy(self, charge: torch.Tensor, positions: torch.Tensor, cell: torch.Tensor) -> torch.Tensor:
        """Return the energy of one configuration, eV; a cell of zeros is none."""
        own = (charge**2).sum() / (self.sigma * (2 * math.pi) ** 1.5)
        if not cell.any():
            pairs = self._pairs(charge, positions)
            return self.norm_factor * (pairs if self.remove_self_interaction else pairs + own)
        waves = self._waves(charge, positions, cell)
        return self.norm_factor * (waves - own if self.remove_self_interaction else waves)

    def _waves(self, charge: torch.Tensor, positions: torch.Tensor, cell: torch.Tensor) -> torch.Tensor:
        most = [int(length / self.dl) + 1 for length in cell.detach().norm(dim=1).tolist()]
        whole = [n for n in itertools.product(*(range(-m, m + 1) for m in most)) if any(n)]
        waves = 2 * math.pi * torch.tensor(whole, dtype=cell.dtype) @ torch.linalg.inv(cell).T
        square = (waves**2).sum(dim=1)
        inside = square <= (2 * math.pi / self.dl) ** 2
        waves, square = waves[inside], square[inside]
        phase = positions @ waves.T
        factors = (charge @ torch.cos(phase)) ** 2 + (charge @ torch.sin(phase)) ** 2
        return (torch.exp(-0.5 * self.sigma**2 * square) / square * factors).sum() / torch.det(cell)

    def _pairs(self, charge: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        first, second = torch.triu_indices(len(charge), len(charge), offset=1)
        distance = (positions[first] - positions[second]).norm(dim=1)
        field = torch.erf(distance / (self.sigma * math.sqrt(2))) / distance
        return (charge[first] * charge[second] * field).sum() / (2 * math.pi)


class Les(torch.nn.Module):
    """As `les.Les`: from charges and positions the long-range energy of each configuration of a batch."""

    def __init__(self, les_arguments: dict[str, Any] | None = None) -> None:
        super().__init__()
        self.ewald = Ewald(dict(les_arguments or {}))
        self.use_atomwise = (les_arguments or {}).get("use_atomwise", False)

    @property
    def sigma(self) -> float:
        """Width of a charge, angstrom."""
        return self.ewald.sigma

    @property
    def dl(self) -> float:
        """Shortest wave, angstrom."""
        return self.ewald.dl

    @property
    def remove_self_interaction(self) -> bool:
        """Whether the energy of each charge by itself is left out."""
        return self.ewald.remove_self_interaction

    def forward(
        self, latent_charges: torch.Tensor, positions: torch.Tensor, cell: torch.Tensor, batch: torch.Tensor, **_: Any
    ) -> dict[str, torch.Tensor | None]:
        """Return ``E_lr``, eV, by configuration."""
        energies = [
            self.ewald.energy(latent_charges[batch == one], positions[batch == one], cell[one])
            for one in range(int(batch.max()) + 1)
        ]
        return {"E_lr": torch.stack(energies), "latent_charges": latent_charges, "BEC": None}


@contextlib.contextmanager
def installed() -> Iterator[None]:
    """Let ``import les`` find this module for a while."""
    there = sys.modules.get("les")
    package = types.ModuleType("les")
    package.Les = Les  # type: ignore[attr-defined]
    sys.modules["les"] = package
    try:
        yield
    finally:
        del sys.modules["les"]
        if there is not None:
            sys.modules["les"] = there
