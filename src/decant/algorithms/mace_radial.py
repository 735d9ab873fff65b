"""Radial networks of a MACE model as quintic Hermite splines of the distance."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

RADIAL_MIN = 0.1  # angstrom; atoms closer than this stop the run
RADIAL_TOLERANCE = 1.0e-8  # largest error of a spline, relative to the largest value of its functions


def _radial_functions(model: Any, interaction: Any, channels: int, r: torch.Tensor) -> torch.Tensor:
    """Return R[distance, path * channel] at distances of shape (n, 1)."""
    nothing = torch.zeros(0, dtype=torch.float64)  # node attributes and edges, which a Bessel basis does not look at
    features, cutoff = model.radial_embedding(r, nothing, nothing, model.atomic_numbers)
    weights = interaction.conv_tp_weights(features)
    return weights if cutoff is None else weights * cutoff


def radial_table(model: Any, interaction: Any, channels: int) -> np.ndarray:
    """Return [knots, 3, path, channel]: value, slope * step and curvature * step^2 at evenly spaced distances.

    The number of knots is doubled until a quintic Hermite spline through them agrees with the network between the
    knots within `RADIAL_TOLERANCE`.
    """
    r_max = float(model.r_max)

    def sample(r: torch.Tensor) -> list[torch.Tensor]:
        def f(x: torch.Tensor) -> torch.Tensor:
            return _radial_functions(model, interaction, channels, x)

        def slope(x: torch.Tensor) -> torch.Tensor:
            return torch.func.jvp(f, (x,), (torch.ones_like(x),))[1]

        # torch has no second forward derivative of SiLU: five-point central difference of the exact slope
        h = 1.0e-3
        curvature = (8 * (slope(r + h) - slope(r - h)) - (slope(r + 2 * h) - slope(r - 2 * h))) / (12 * h)
        return [f(r), slope(r), curvature]

    knots = 129
    while True:
        r = torch.linspace(RADIAL_MIN, r_max, knots, dtype=torch.float64)[:, None]
        step = (r_max - RADIAL_MIN) / (knots - 1)
        value, slope, curvature = sample(r)
        value[-1], slope[-1], curvature[-1] = 0.0, 0.0, 0.0  # the cutoff function ends with zero slope and curvature
        rows = torch.stack([value, slope * step, curvature * step**2], dim=1)
        middle = 0.5 * (r[1:] + r[:-1])
        # the quintic Hermite polynomial at the middle of an interval
        spline = (
            0.5 * (rows[1:, 0] + rows[:-1, 0])
            + 5 / 32 * (rows[:-1, 1] - rows[1:, 1])
            + 1 / 64 * (rows[:-1, 2] + rows[1:, 2])
        )
        exact = _radial_functions(model, interaction, channels, middle)
        relevant = middle[:, 0] > 0.5  # below, functions are steep and no liquid goes there
        error = (spline - exact)[relevant].abs().max() / exact[relevant].abs().max()
        if error < RADIAL_TOLERANCE or knots > 4096:
            break
        knots = 2 * knots - 1
    return rows.reshape(knots, 3, -1, channels).numpy()
