"""The pair repulsion of a MACE model: that of Ziegler, Biersack and Littmark, as mace-torch's ``ZBLBasis`` has it."""

from __future__ import annotations

from typing import Any

import numpy as np

# Ziegler, Biersack, Littmark, The Stopping and Range of Ions in Solids (1985), as rounded in mace-torch
EXPONENTS = (3.2, 0.9423, 0.4028, 0.2016)
BOHR = 0.529  # angstrom
COULOMB = 14.3996  # eV angstrom


def repulsion_arrays(model: Any, elements: list[int]) -> dict[str, np.ndarray]:
    """Return the parameters of the repulsion, an empty dict where the model has none.

    Returns
    -------
    dict
        ``repulsion.pairs`` [owner, source, 3]: strength of one edge, which is half of the pair (eV angstrom), screening
        length and end of the envelope (angstrom); ``repulsion.screening`` [2, 4]: coefficients and exponents;
        ``repulsion.power`` [1] of the envelope.
    """
    if not hasattr(model, "pair_repulsion_fn"):
        return {}
    basis = model.pair_repulsion_fn
    number = model.atomic_numbers.numpy()[elements]
    radius = basis.covalent_radii.numpy()[number]
    power = number ** float(basis.a_exp)
    pairs = [
        0.5 * COULOMB * np.multiply.outer(number, number),
        float(basis.a_prefactor) * BOHR / np.add.outer(power, power),
        np.add.outer(radius, radius),
    ]
    return {
        "repulsion.pairs": np.stack(pairs, axis=-1),
        "repulsion.screening": np.array([basis.c.tolist(), EXPONENTS]),
        "repulsion.power": np.array([int(basis.p)]),
    }
