"""Pieces of the parameters of a network, each times a factor, taken from all of them at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch


class Pieces:
    """What is taken from parameters at each call: one gather and one product, however many pieces there are.

    The places of a piece, shaped as it is, say where its values lie in the row of all parameters.

    Parameters are those that `places` has been asked for; no others get a gradient.
    """

    def __init__(self) -> None:
        self.parameters: list[torch.Tensor] = []
        self._first: dict[int, int] = {}
        self._count = 0
        self._places: list[torch.Tensor] = []
        self._factors: list[torch.Tensor] = []
        self._taken: tuple[torch.Tensor, torch.Tensor, torch.Tensor] | None = None

    def places(self, parameter: torch.Tensor) -> torch.Tensor:
        """Return where the values of a parameter lie, in its shape."""
        if id(parameter) not in self._first:
            self._first[id(parameter)] = self._count
            self.parameters.append(parameter)
            self._count += parameter.numel()
        first = self._first[id(parameter)]
        return torch.arange(first, first + parameter.numel()).view(parameter.shape)

    def add(self, places: torch.Tensor, factor: float | torch.Tensor = 1.0) -> int:
        """Return the number of a new piece: the values at some places times a factor, which has their shape or less."""
        self._places.append(places)
        self._factors.append(torch.as_tensor(factor, dtype=torch.float64).expand(places.shape))
        self._taken = None
        return len(self._places) - 1

    def row(self) -> torch.Tensor:
        """Return all parameters in one row, in double precision, with gradients."""
        row: torch.Tensor = _Row.apply(*self.parameters)
        return row

    def __call__(self, row: torch.Tensor) -> Sequence[torch.Tensor]:
        """Return the pieces of a row of all parameters by their numbers, flat and in double precision.

        Raises
        ------
        ValueError
            If a value is in more than one piece.
        """
        self._taken = self._taken or self._joined()
        found: Sequence[torch.Tensor] = _Taken.apply(row, *self._taken).split([part.numel() for part in self._places])
        return found

    def shape(self, piece: int) -> torch.Size:
        """Return the shape of a piece: that of its places."""
        return self._places[piece].shape

    def _joined(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return places and factors of all pieces, and where among them each place is: behind them, if in none."""
        places = torch.cat([part.reshape(-1) for part in self._places])
        factors = torch.cat([part.reshape(-1) for part in self._factors])
        if len(places.unique()) < len(places):
            raise ValueError("a parameter that is in two arrays")
        back = torch.full((self._count,), len(places))
        back[places] = torch.arange(len(places))
        return places, factors, back


class _Taken(torch.autograd.Function):
    """The values at some places of a row, each once at most, times factors.

    The way back is a gather, too, by which torch is faster than by adding to places that might be the same.
    """

    @staticmethod
    def forward(
        ctx: Any, row: torch.Tensor, places: torch.Tensor, factors: torch.Tensor, back: torch.Tensor
    ) -> torch.Tensor:
        ctx.factors, ctx.back = factors, back
        return row.index_select(0, places).mul_(factors)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        padded = gradient.new_zeros(len(gradient) + 1)
        torch.mul(gradient, ctx.factors, out=padded[:-1])
        return padded.index_select(0, ctx.back), None, None, None


class _Row(torch.autograd.Function):
    """From parameters to a row of all of their values in double precision."""

    @staticmethod
    def forward(ctx: Any, *parameters: torch.Tensor) -> torch.Tensor:
        ctx.like = [(parameter.shape, parameter.dtype, parameter.numel()) for parameter in parameters]
        return torch.cat([parameter.reshape(-1) for parameter in parameters]).double()

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, ...]:
        if len({dtype for _, dtype, _ in ctx.like}) == 1:
            gradient = gradient.to(ctx.like[0][1])
        parts = gradient.split([count for *_, count in ctx.like])
        return tuple(part.view(shape).to(dtype) for part, (shape, dtype, _) in zip(parts, ctx.like, strict=True))
