"""Radial networks of a MACE model as quintic Hermite splines of the distance.

What is tabulated is the last hidden layer of a network: its output layer is linear, so it is stored as a matrix and
applied to the knots when the model is loaded. Where a network sees the elements of an edge or distances are transformed
by them, each pair has a table of its own.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from decant.algorithms.mace.export.linear import eye, not_covered, zeros
from decant.foundation.errors import InputError

RADIAL_MIN = 0.1  # angstrom; atoms closer than this stop the run
RADIAL_TOLERANCE = 1.0e-8  # error of a spline to aim at, relative to the largest value of its functions
RADIAL_LIMIT = 1.0e-6  # error of a spline that is refused
MAX_KNOTS = 8193
MAX_PAIRS = 210  # of 20 elements: about 0.5 GB of tables
SHIFTS = (0, 1, -1, 2, -2)  # of the distances at which a network is evaluated for one knot
ROWS = 10_000  # edges that are evaluated at a time
Pair = tuple[int, int]
Function = Callable[[torch.Tensor, list[Pair]], torch.Tensor]


def element_pairs(model: Any, elements: list[int]) -> tuple[list[Pair], np.ndarray]:
    """Return the pairs (owner, source) that need a table of their own, and the table [owner, source] of each pair.

    The transforms of mace-torch depend on the sum of the covalent radii, so the order in a pair does not matter to
    them; it does to a network that sees both elements.

    Raises
    ------
    InputError
        If there are more pairs than a file can hold.
    """
    count = len(elements)
    ordered = any(hasattr(interaction, "source_embedding") for interaction in model.interactions)
    if not ordered and not hasattr(model.radial_embedding, "distance_transform"):
        return [(elements[0], elements[0])], np.zeros((count, count), dtype=np.int64)
    if (count**2 if ordered else count * (count + 1) // 2) > MAX_PAIRS:
        raise InputError(
            f"the model's radial functions depend on the pair of elements and it knows {count} elements, too many for "
            "radial tables: choose `elements`, those of your system, for example H,C,O"
        )
    pairs: list[Pair] = []
    table = np.zeros((count, count), dtype=np.int64)
    for i in range(count):
        for j in range(count if ordered else i + 1):
            table[i, j] = len(pairs)
            if not ordered:
                table[j, i] = len(pairs)
            pairs.append((elements[i], elements[j]))
    return pairs, table


def radial_arrays(
    model: Any, interaction: Any, pairs: list[Pair], channels: int, tolerance: float = RADIAL_TOLERANCE
) -> dict[str, np.ndarray]:
    """Return the tables of the radial network, and of the edge density if the block is normalised by it.

    Returns
    -------
    dict
        ``radial.hidden`` [pair, knots, 3, hidden unit] and, where there is a density, ``density`` [pair, knots, 3, 1]:
        value, slope * step and curvature * step^2 at evenly spaced distances; ``radial.output`` [hidden unit, path,
        channel].

    Raises
    ------
    InputError
        If a network is too rough for a table.
    """
    *_, last = radial_layers(interaction)
    output = _output(last)
    r_max = float(model.r_max)
    arrays = {
        "radial.hidden": _tables(functools.partial(_hidden, model, interaction), pairs, r_max, output, tolerance),
        "radial.output": output.reshape(len(output), -1, channels).numpy(),
    }
    if hasattr(interaction, "density_fn"):
        arrays["density"] = _tables(functools.partial(_density, model, interaction), pairs, r_max, eye(1), tolerance)
    return arrays


def has_bias(interaction: Any) -> bool:
    """Return whether the radial functions have a constant part, which only a cutoff behind them brings to zero."""
    return getattr(radial_layers(interaction)[-1], "bias", None) is not None


def radial_layers(interaction: Any) -> list[Any]:
    """Return the layers of the radial network."""
    network = interaction.conv_tp_weights
    return list(getattr(network, "net", network).children())


def _output(last: Any) -> torch.Tensor:
    """Return the output layer as a matrix [hidden unit, function]; a bias is that of one more unit, which is 1."""
    if getattr(last, "bias", None) is None:
        return last(eye(last.weight.shape[0]))
    return torch.cat([last.weight.T, last.bias[None]])


def edge_features(
    model: Any, interaction: Any, r: torch.Tensor, pairs: list[Pair]
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Return what a radial network sees of edges of each length r (n, 1), pair by pair, and a cutoff behind it."""
    attributes = zeros(2 * len(pairs), len(model.atomic_numbers))
    attributes[range(len(attributes)), [element for pair in pairs for element in pair]] = 1.0
    owner = torch.arange(0, len(attributes), 2).repeat_interleave(len(r))
    index = torch.stack([owner + 1, owner])  # from the source to the owner
    features, cutoff = model.radial_embedding(r.repeat(len(pairs), 1), attributes, index, model.atomic_numbers)
    if hasattr(interaction, "source_embedding"):
        source, target = interaction.source_embedding(attributes), interaction.target_embedding(attributes)
        features = torch.cat([features, source[index[0]], target[index[1]]], dim=-1)
    return features, cutoff


def _hidden(model: Any, interaction: Any, r: torch.Tensor, pairs: list[Pair]) -> torch.Tensor:
    """Return the last hidden layer of the radial network [row, unit]; the cutoff passes the linear output layer."""
    values, cutoff = edge_features(model, interaction, r, pairs)
    for layer in radial_layers(interaction)[:-1]:
        values = layer(values)
    if has_bias(interaction):
        values = torch.cat([values, torch.ones_like(values[:, :1])], dim=-1)
    return values if cutoff is None else values * cutoff


def _density(model: Any, interaction: Any, r: torch.Tensor, pairs: list[Pair]) -> torch.Tensor:
    """Return what an edge adds to the density of its owner [row, 1]."""
    features, cutoff = edge_features(model, interaction, r, pairs)
    values = torch.tanh(interaction.density_fn(features) ** 2)
    return values if cutoff is None else values * cutoff


def _tables(function: Function, pairs: list[Pair], r_max: float, output: torch.Tensor, tolerance: float) -> np.ndarray:
    """Return [pair, knots, 3, unit] with knots doubled until the splines, seen through `output`, are accurate."""
    knots = 129
    while True:
        size = max(1, ROWS // (len(SHIFTS) * knots))
        batches = [pairs[first : first + size] for first in range(0, len(pairs), size)]
        tables, errors = zip(*(_table(function, batch, r_max, output, knots) for batch in batches), strict=True)
        if max(errors) < tolerance or knots >= MAX_KNOTS:
            break
        knots = 2 * knots - 1
    if not max(errors) < max(tolerance, RADIAL_LIMIT):
        raise not_covered(f"radial functions that no table describes (relative error {max(errors):.1e})")
    return np.concatenate(tables)


def _table(
    function: Function, pairs: list[Pair], r_max: float, output: torch.Tensor, knots: int
) -> tuple[np.ndarray, float]:
    """Return the tables [pair, knots, 3, unit] of some pairs and their error between the knots."""
    rows = knot_rows(function, pairs, r_max, knots)
    r = torch.linspace(RADIAL_MIN, r_max, knots, dtype=torch.float64)[:, None]
    middle = 0.5 * (r[1:] + r[:-1])
    left, right = rows[:, :-1], rows[:, 1:]
    # the quintic Hermite polynomial at the middle of an interval
    spline = (
        0.5 * (right[:, :, 0] + left[:, :, 0])
        + 5 / 32 * (left[:, :, 1] - right[:, :, 1])
        + 1 / 64 * (left[:, :, 2] + right[:, :, 2])
    )
    relevant = middle[:, 0] > 0.5  # below, functions are steep and no liquid goes there
    exact = function(middle, pairs).reshape(spline.shape)
    return rows.numpy(), max(
        _error(a[relevant] @ output, b[relevant] @ output) for a, b in zip(spline, exact, strict=True)
    )


def knot_rows(function: Function, pairs: list[Pair], r_max: float, knots: int) -> torch.Tensor:
    """Return value, slope * step and curvature * step^2 of functions at evenly spaced knots [pair, knot, 3, unit]."""
    r = torch.linspace(RADIAL_MIN, r_max, knots, dtype=torch.float64)[:, None]
    step = (r_max - RADIAL_MIN) / (knots - 1)
    # torch has no second forward derivative of SiLU: five-point central difference of the exact slope
    h = 1.0e-3
    x = torch.cat([r + shift * h for shift in SHIFTS])
    found = torch.func.jvp(lambda x: function(x, pairs), (x,), (torch.ones_like(x),))
    values, slopes = (part.reshape(len(pairs), len(SHIFTS), knots, -1) for part in found)
    curvature = (8 * (slopes[:, 1] - slopes[:, 2]) - (slopes[:, 3] - slopes[:, 4])) / (12 * h)
    rows = torch.stack([values[:, 0], slopes[:, 0] * step, curvature * step**2], dim=2)
    rows[:, -1] = 0.0  # the cutoff function ends with zero slope and curvature
    return rows


def _error(found: torch.Tensor, exact: torch.Tensor) -> float:
    """Return the largest difference, relative to the largest value."""
    return float((found - exact).abs().max() / exact.abs().max())
