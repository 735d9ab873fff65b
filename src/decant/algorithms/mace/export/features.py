"""The features of atoms before the first layer: of their elements, and of total charge and spin where a model has them.

Charge and spin are those of the whole system: embedded, they add the same constant to the features of every atom.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from decant.algorithms.mace.export.heads import head_names
from decant.algorithms.mace.export.linear import eye
from decant.foundation.errors import InputError

FIELDS = {"total_charge": "charge", "total_spin": "spin"}
"""Embedded fields, and what an export and the `info` of frames call them."""
DEFAULTS = {"charge": 0, "spin": 1}
"""Of a system of which nothing is said, as in mace-torch; `spin` is the multiplicity, twice the spin plus one."""


def chosen_totals(model: Any, charge: int | None, spin: int | None) -> dict[str, int]:
    """Return charge and spin of those of the two that a model embeds, an empty dict for other models.

    Raises
    ------
    InputError
        If one is given that the model does not know, or is beyond what it was made for.
    """
    known = {FIELDS[name]: spec for name, spec in (getattr(model, "embedding_specs", None) or {}).items()}
    totals = {}
    for name, value in {"charge": charge, "spin": spin}.items():
        if name not in known:
            if value is not None:
                raise InputError(f"`{name}` {value}: the model knows no total {name}; leave it out")
            continue
        totals[name] = DEFAULTS[name] if value is None else value
        if known[name]["type"] == "categorical":
            lowest = -int(known[name].get("offset", 0))
            highest = lowest + int(known[name]["num_classes"]) - 1
            if not lowest <= totals[name] <= highest:
                raise InputError(f"`{name}` {value}: the model knows {lowest} to {highest}")
    return totals


def first_features(model: Any, totals: Mapping[str, int]) -> torch.Tensor:
    """Return the features [element, channel] that the first layer gets."""
    features = model.node_embedding(eye(len(model.atomic_numbers)))
    if not hasattr(model, "joint_embedding"):
        return features
    values = {
        field: torch.tensor([float(totals[FIELDS[field]])], dtype=features.dtype) for field in model.embedding_specs
    }
    return features + model.joint_embedding(torch.zeros(1, dtype=torch.int64), values)


def embedding_energies(model: Any, features: torch.Tensor, head: int) -> torch.Tensor:
    """Return the energy [element] that is read from these features, outside of scale and shift; zero if none is."""
    if not hasattr(model, "embedding_readout"):
        return torch.zeros(len(features), dtype=features.dtype)
    return model.embedding_readout(features, None).reshape(len(features), len(head_names(model)))[:, head]
