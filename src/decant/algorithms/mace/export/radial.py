"""Radial networks of a MACE model as quintic Hermite splines of the distance.

What is tabulated is the last hidden layer of a network: its output layer is linear, so it is stored as a matrix and
applied to the knots when the model is loaded. Where distances are transformed by pair of elements, each pair has a
table of its own.
"""

from __future__ import annotations

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
Pair = tuple[int, int]


def element_pairs(model: Any, elements: list[int]) -> tuple[list[Pair], np.ndarray]:
    """Return the pairs of elements that need a table of their own, and the table [owner, source] of each pair.

    The transforms of mace-torch depend on the sum of the covalent radii, so the order in a pair does not matter.

    Raises
    ------
    InputError
        If there are more pairs than a file can hold.
    """
    count = len(elements)
    if not hasattr(model.radial_embedding, "distance_transform"):
        return [(elements[0], elements[0])], np.zeros((count, count), dtype=np.int64)
    if count * (count + 1) // 2 > MAX_PAIRS:
        raise InputError(
            f"the model transforms distances by pair of elements and knows {count} elements, too many for radial "
            "tables: choose `elements`, those of your system, for example H,C,O"
        )
    pairs: list[Pair] = []
    table = np.zeros((count, count), dtype=np.int64)
    for i in range(count):
        for j in range(i + 1):
            table[i, j] = table[j, i] = len(pairs)
            pairs.append((elements[i], elements[j]))
    return pairs, table


def radial_arrays(model: Any, interaction: Any, pairs: list[Pair], channels: int) -> dict[str, np.ndarray]:
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
    *_, last = interaction.conv_tp_weights.children()
    hidden = last.weight.shape[0]
    output = last(eye(hidden))
    arrays = {
        "radial.hidden": _tables(model, pairs, lambda r, pair: _hidden(model, interaction, r, pair), output),
        "radial.output": output.reshape(hidden, -1, channels).numpy(),
    }
    if hasattr(interaction, "density_fn"):
        arrays["density"] = _tables(model, pairs, lambda r, pair: _density(model, interaction, r, pair), eye(1))
    return arrays


def _edge_features(model: Any, r: torch.Tensor, pair: Pair) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Return the radial basis of edges of length r (n, 1) of one pair of elements, and the cutoff if it comes later."""
    attributes = zeros(2, len(model.atomic_numbers))
    attributes[[0, 1], list(pair)] = 1.0
    index = torch.tensor([[1], [0]]).expand(2, len(r))  # from the source to the owner
    features, cutoff = model.radial_embedding(r, attributes, index, model.atomic_numbers)
    return features, cutoff


def _hidden(model: Any, interaction: Any, r: torch.Tensor, pair: Pair) -> torch.Tensor:
    """Return the last hidden layer of the radial network [n, unit]; the cutoff passes the linear output layer."""
    values, cutoff = _edge_features(model, r, pair)
    for layer in list(interaction.conv_tp_weights.children())[:-1]:
        values = layer(values)
    return values if cutoff is None else values * cutoff


def _density(model: Any, interaction: Any, r: torch.Tensor, pair: Pair) -> torch.Tensor:
    """Return what an edge adds to the density of its owner [n, 1]."""
    features, cutoff = _edge_features(model, r, pair)
    values = torch.tanh(interaction.density_fn(features) ** 2)
    return values if cutoff is None else values * cutoff


def _tables(model: Any, pairs: list[Pair], function: Any, output: torch.Tensor) -> np.ndarray:
    """Return [pair, knots, 3, unit] with knots doubled until the splines, seen through `output`, are accurate."""
    knots = 129
    while True:
        tables, errors = zip(*(_table(model, pair, function, output, knots) for pair in pairs), strict=True)
        if max(errors) < RADIAL_TOLERANCE or knots >= MAX_KNOTS:
            break
        knots = 2 * knots - 1
    if not max(errors) < RADIAL_LIMIT:
        raise not_covered(f"radial functions that no table describes (relative error {max(errors):.1e})")
    return np.stack(tables)


def _table(model: Any, pair: Pair, function: Any, output: torch.Tensor, knots: int) -> tuple[np.ndarray, float]:
    """Return one table [knots, 3, unit] and its error between the knots."""
    r_max = float(model.r_max)
    r = torch.linspace(RADIAL_MIN, r_max, knots, dtype=torch.float64)[:, None]
    step = (r_max - RADIAL_MIN) / (knots - 1)

    def f(x: torch.Tensor) -> torch.Tensor:
        return function(x, pair)

    def slope(x: torch.Tensor) -> torch.Tensor:
        return torch.func.jvp(f, (x,), (torch.ones_like(x),))[1]

    # torch has no second forward derivative of SiLU: five-point central difference of the exact slope
    h = 1.0e-3
    curvature = (8 * (slope(r + h) - slope(r - h)) - (slope(r + 2 * h) - slope(r - 2 * h))) / (12 * h)
    rows = torch.stack([f(r), slope(r) * step, curvature * step**2], dim=1)
    rows[-1] = 0.0  # the cutoff function ends with zero slope and curvature
    middle = 0.5 * (r[1:] + r[:-1])
    # the quintic Hermite polynomial at the middle of an interval
    spline = (
        0.5 * (rows[1:, 0] + rows[:-1, 0])
        + 5 / 32 * (rows[:-1, 1] - rows[1:, 1])
        + 1 / 64 * (rows[:-1, 2] + rows[1:, 2])
    )
    exact = f(middle) @ output
    relevant = middle[:, 0] > 0.5  # below, functions are steep and no liquid goes there
    error = (spline @ output - exact)[relevant].abs().max() / exact[relevant].abs().max()
    return rows.numpy(), float(error)
