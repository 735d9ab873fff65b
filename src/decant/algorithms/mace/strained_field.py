"""The stress of a MACELES in mace-torch, of which that leaves out a part.

mace-torch strains positions and cell to differentiate the energy by a strain, but gives the latent charges those that
are not strained, so that its stress (0.3.16) lacks what their field has at fixed charges, and is not the derivative of
its energy. Here the field sees the strained ones.
"""

from __future__ import annotations

import copy
from typing import Any

import torch


class StrainedField(torch.nn.Module):
    """`les.Les` that takes positions and cell from the strained batch.

    Parameters
    ----------
    field
        The model's own `les.Les`.
    """

    def __init__(self, field: torch.nn.Module) -> None:
        super().__init__()
        self.field = field
        self.batch: dict[str, torch.Tensor] = {}

    def forward(self, positions: torch.Tensor, cell: torch.Tensor, **others: Any) -> Any:
        """Return what `les.Les` says of the strained positions and cell."""
        strain = self.batch["displacement"]
        cell = cell + cell @ (0.5 * (strain + strain.transpose(-1, -2)))  # zeros, without a cell, stay zeros
        return self.field(positions=self.batch["positions"], cell=cell, **others)


def with_strained_field(model: Any) -> Any:
    """Return a copy of a MACELES whose stress is the derivative of its energy."""
    result = copy.deepcopy(model)
    result.les = StrainedField(result.les)
    origin = type(model)

    def forward(self: Any, data: dict[str, torch.Tensor], *arguments: Any, **options: Any) -> Any:
        graphs = len(data["ptr"]) - 1
        # mace-torch takes it from here, and puts the strained positions into the batch
        data["displacement"] = torch.zeros((graphs, 3, 3), dtype=data["positions"].dtype, requires_grad=True)
        self.les.batch = data
        return origin.forward(self, data, *arguments, **options)

    result.__class__ = type(origin.__name__, (origin,), {"forward": forward})
    return result
