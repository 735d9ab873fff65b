"""The long-range part of a MACELES model: charges that it gives each atom, and what their field is summed by."""

from __future__ import annotations

from typing import Any

import numpy as np

from decant.algorithms.mace.export.heads import readout_arrays
from decant.algorithms.mace.export.linear import not_covered
from decant.algorithms.mace.model_file import has_latent_charges

ARRAY = "latent_charges"
BEYOND = ("use_atomwise", "use_fixed_atomic_charges", "use_atomic_alpha", "use_epsilon_r_scaling")
"""What the package les may do besides, in its own words."""


def latent_charge_arrays(model: Any) -> dict[str, np.ndarray]:
    """Return how the field of charges is summed, under `ARRAY`; nothing for a model without.

    The width of a charge and the shortest wave (angstrom), 1/(2 epsilon_0) (eV angstrom), and 1 with the energy of each
    charge by itself, else 0.

    Raises
    ------
    InputError
        If the model has more than charges.
    """
    if not has_latent_charges(model):
        return {}
    for name in BEYOND:
        if getattr(model.les, name, False):
            raise not_covered(f"{name} of les")
    ewald = model.les.ewald
    if getattr(ewald, "is_periodic", None) is False:
        raise not_covered("latent charges that never see a periodic box (is_periodic of les)")
    with_self = 0.0 if ewald.remove_self_interaction else 1.0
    return {ARRAY: np.array([ewald.sigma, ewald.dl, ewald.norm_factor, with_self], dtype=float)}


def charge_arrays(readout: Any, heads: int, head: int) -> dict[str, np.ndarray]:
    """Return the part of a readout that gives the charge of one head, as `readout_arrays` that of the energy."""
    named = readout_arrays(readout, heads, head)
    return {name.replace("readout.", "charge.", 1): array for name, array in named.items()}
