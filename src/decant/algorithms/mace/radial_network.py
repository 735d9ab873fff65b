"""A radial network in training: from its matrices to the rows of its tables."""

from __future__ import annotations

from typing import Any

import torch

from decant.algorithms.mace.compiled import silu_rows, silu_rows_reverse


class RadialNetwork(torch.autograd.Function):
    """Value, slope and curvature of functions of a distance, carried through matrices with SiLU in between.

    By hand, since torch would take a hundred small operations for what is a product of matrices and a loop each layer.
    Rows are [value, slope, curvature][knot] of all functions, in double precision.
    """

    @staticmethod
    def forward(ctx: Any, rows: torch.Tensor, *matrices: torch.Tensor) -> torch.Tensor:
        """Return the rows of what comes out of the last matrix."""
        ctx.matrices, ctx.layers = matrices, [(rows, None, None)]
        found = rows @ matrices[0]
        for matrix in matrices[1:]:
            inner = found.view(3, -1)
            sigmoid = torch.sigmoid(inner[0])
            active = torch.from_numpy(silu_rows(inner.numpy(), sigmoid.numpy())).view(found.shape)
            ctx.layers.append((active, inner, sigmoid))
            found = active @ matrix
        return found

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Return the gradient with respect to each matrix."""
        by_matrices = []
        gradient = gradient.contiguous()
        for matrix, (active, inner, sigmoid) in zip(reversed(ctx.matrices), reversed(ctx.layers), strict=True):
            by_matrices.append(active.T @ gradient)
            if inner is None:
                break
            by_active = (gradient @ matrix.T).view(3, -1)
            found = silu_rows_reverse(inner.numpy(), sigmoid.numpy(), by_active.numpy())
            gradient = torch.from_numpy(found).view(active.shape)
        return None, *reversed(by_matrices)
