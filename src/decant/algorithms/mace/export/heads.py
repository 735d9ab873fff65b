"""The heads of a MACE model: its levels of theory, one of which an export takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from decant.algorithms.mace.export.linear import eye, linear_matrix, not_covered, o3
from decant.foundation.errors import InputError, nearest

REPLAYED = "pt_head"
"""What mace-torch calls the head that keeps the level of the pretraining in multihead replay."""


def head_names(model: Any) -> list[str]:
    """Return the names of the heads; models from before mace-torch knew heads have one."""
    return list(getattr(model, "heads", None) or ["Default"])


def head_to_take(model: Any, name: str | None) -> str | None:
    """Return `name`; without one, of several heads the only one besides that of replayed frames; else None."""
    names = head_names(model)
    own = [head for head in names if head != REPLAYED]
    return name or (own[0] if len(own) == 1 < len(names) else None)


def chosen_head(model: Any, name: str | None) -> int:
    """Return the index of the head of a name; without a name, of the only one.

    Raises
    ------
    InputError
        If there is no such head, or there are several and none is named.
    """
    names = head_names(model)
    if name in names:
        return names.index(name)
    if name is not None:
        raise InputError(f"`head` {name}: the model has no such head{nearest(name, names)}; it has: {', '.join(names)}")
    if len(names) > 1:
        raise InputError(f"the model has {len(names)} heads: name one as `head` ({', '.join(names)})")
    return 0


def energy_arrays(model: Any, elements: list[int], head: int) -> dict[str, np.ndarray]:
    """Return the energies of the isolated atoms, and scale and shift of the interaction energy (1, 0 if none)."""
    arrays = {
        "atomic_energies": torch.atleast_2d(model.atomic_energies_fn.atomic_energies)[head, elements].numpy(),
        "scale_shift": np.array([1.0, 0.0]),
    }
    if hasattr(model, "scale_shift"):
        scale, shift = (torch.atleast_1d(value) for value in (model.scale_shift.scale, model.scale_shift.shift))
        arrays["scale_shift"] = np.array([float(scale[head]), float(shift[head])])
    return arrays


def readout_arrays(readout: Any, heads: int, head: int) -> dict[str, np.ndarray]:
    """Return the part of a readout that gives the energy of one head.

    Raises
    ------
    InputError
        If the readout is of a kind that the evaluator does not know.
    """
    energies = o3.Irreps(f"{heads}x0e")
    name = type(readout).__name__
    if name == "LinearReadoutBlock":
        irreps = o3.Irreps(readout.linear.irreps_in)
        return {"readout.linear": linear_matrix(readout.linear, irreps, energies, 0)[0, :, head]}
    if name not in ("NonLinearReadoutBlock", "NonLinearBiasReadoutBlock"):
        raise not_covered(f"readout {name}")
    hidden = o3.Irreps(readout.hidden_irreps)
    own = hidden.dim // heads
    units = slice(head * own, (head + 1) * own)  # the other heads' hidden units are masked
    first = linear_matrix(readout.linear_1, o3.Irreps(readout.linear_1.irreps_in), hidden, 0)[0]
    silu = silu_factor(readout, hidden)
    arrays = {"readout.hidden": first[:, units].T}
    if name == "NonLinearReadoutBlock":
        second = linear_matrix(readout.linear_2, hidden, energies, 0)[0]
        return {**arrays, "readout.output": silu * second[units, head]}
    middle, bias = _affine(readout.linear_mid, hidden)
    second, _ = _affine(readout.linear_2, hidden)
    return {
        **arrays,
        "readout.middle": silu * middle[units, units].T,
        "readout.middle_bias": bias[units],
        "readout.output": silu * second[units, head],
    }


def readout_constant(readout: Any, head: int) -> float:
    """Return the constant part of a readout's energy, of one head."""
    if type(readout).__name__ != "NonLinearBiasReadoutBlock":
        return 0.0
    return float(_affine(readout.linear_2, o3.Irreps(readout.hidden_irreps))[1][head])


def _affine(function: Any, irreps_in: o3.Irreps) -> tuple[np.ndarray, np.ndarray]:
    """Return M[in, out] and b[out] of a map x M + b of scalars."""
    constant = function(torch.zeros(1, irreps_in.dim, dtype=torch.float64))
    return (function(eye(irreps_in.dim)) - constant).numpy(), constant[0].numpy()


def silu_factor(readout: Any, hidden: o3.Irreps) -> float:
    """Return the constant by which e3nn scales the activation to unit second moment, after a check that it is SiLU."""
    probe = torch.linspace(-3.0, 3.0, 61, dtype=torch.float64)[:, None]
    activated = readout.non_linearity(probe.expand(-1, hidden.dim))[:, :1]
    silu = torch.nn.functional.silu(probe)
    factor = float(activated[-1, 0] / silu[-1, 0])
    if not torch.allclose(activated, factor * silu, atol=1e-10):
        raise not_covered("readout activation other than SiLU")
    return factor
