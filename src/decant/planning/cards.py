"""Cards by their published peak rates, for forecasts before one is at hand."""

from __future__ import annotations

from dataclasses import dataclass

from decant.foundation.errors import InputError, nearest


@dataclass(frozen=True)
class Card:
    """What a maker says of a card.

    Attributes
    ----------
    title
        As people know it.
    memory_GB
        Memory, GB of 10^9 bytes.
    memory_TB_s, cache_TB_s
        Bytes that can be moved in a second from and to the memory, and read from the L2 cache.
    single_Tflop_s, double_Tflop_s
        Operations in a second outside of tensor cores; a multiplication with an addition counts as two.
    source
        Where the numbers are from.
    """

    title: str
    memory_GB: float
    memory_TB_s: float
    cache_TB_s: float
    single_Tflop_s: float
    double_Tflop_s: float
    source: str

    def flop_s(self, precision: str) -> float:
        """Return the operations in a second in ``"single"`` or ``"double"`` precision."""
        return 1e12 * (self.single_Tflop_s if precision == "single" else self.double_Tflop_s)


# L2: 5120 bytes a clock at the boost clock (1.41 GHz), NVIDIA A100 Tensor Core GPU Architecture, white paper, 2020. For
# Hopper no such number is published: assumed are as many bytes at its clock (67e12 / (2 x 128 x 132 SM) = 1.98 GHz).
CARDS = {
    "a100": Card("NVIDIA A100 SXM", 80.0, 2.039, 7.2, 19.5, 9.7, "NVIDIA A100 80GB Tensor Core GPU, data sheet"),
    "h100": Card("NVIDIA H100 SXM", 80.0, 3.35, 10.1, 67.0, 34.0, "NVIDIA H100 Tensor Core GPU, data sheet"),
    "h200": Card("NVIDIA H200 SXM", 141.0, 4.8, 10.1, 67.0, 34.0, "NVIDIA H200 Tensor Core GPU, data sheet"),
}


def card(name: str) -> Card:
    """Return a card by its name.

    Raises
    ------
    InputError
        If it is none of `CARDS`.
    """
    if name.lower() not in CARDS:
        raise InputError(f"`gpu` {name}{nearest(name, CARDS)}: expected {', '.join(CARDS)}")
    return CARDS[name.lower()]
