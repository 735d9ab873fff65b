"""Linear parts of a MACE network as plain matrices, read by probing them with unit vectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch

from decant.foundation.errors import InputError

# e3nn reads its constants with torch.load, whose safe mode does not know `slice`; the other modules take o3 from here
torch.serialization.add_safe_globals([slice])
from e3nn import o3 as o3  # noqa: E402

if TYPE_CHECKING:
    Map = Callable[[torch.Tensor], torch.Tensor]

MAX_L = 3  # of the spherical harmonics and features that the evaluator knows


def not_covered(feature: str) -> InputError:
    """Return the error that refuses a feature by name."""
    return InputError(f"pair_style mace does not cover this MACE model: {feature}")


def zeros(*shape: int) -> torch.Tensor:
    """Return zeros in double precision."""
    return torch.zeros(*shape, dtype=torch.float64)


def eye(size: int) -> torch.Tensor:
    """Return a unit matrix in double precision."""
    return torch.eye(size, dtype=torch.float64)


def one_hot(elements: int, element: int, rows: int) -> torch.Tensor:
    """Return the attributes of `rows` atoms of one element."""
    attributes = zeros(rows, elements)
    attributes[:, element] = 1.0
    return attributes


def channels_by_l(irreps: o3.Irreps) -> tuple[int, int]:
    """Return (channels, highest l) of irreps such as 64x0e+64x1o, or without parity, 64x0e+64x1e.

    Raises
    ------
    InputError
        If the irreps are of any other kind, or go beyond `MAX_L`.
    """
    irreps = o3.Irreps(irreps)
    channels = irreps[0].mul
    odd = -1 if len(irreps) > 1 and irreps[1].ir.p == -1 else 1
    for l, (mul, ir) in enumerate(irreps):
        if mul != channels or ir.l != l or ir.p != odd**l or l > MAX_L:
            raise not_covered(f"features {irreps}")
    return channels, len(irreps) - 1


def linear_matrix(function: Map, irreps_in: o3.Irreps, irreps_out: o3.Irreps, l: int) -> np.ndarray:
    """Return M[input block, c, d] of an equivariant linear `function`, between the first components of degree `l`.

    Equivariance makes the other components equal, and blocks of the same `l` in the input are listed in order.
    """
    irreps_in, irreps_out = o3.Irreps(irreps_in), o3.Irreps(irreps_out)
    out = next(s for s, (_, ir) in zip(irreps_out.slices(), irreps_out, strict=True) if ir.l == l)
    blocks = []
    for block, (mul, ir) in zip(irreps_in.slices(), irreps_in, strict=True):
        if ir.l != l:
            continue
        probe = zeros(mul, irreps_in.dim)
        for c in range(mul):
            probe[c, block.start + c * ir.dim] = 1.0
        blocks.append(function(probe)[:, out][:, :: 2 * l + 1].numpy())
    return np.stack(blocks)
