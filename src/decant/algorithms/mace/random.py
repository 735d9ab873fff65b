"""MACE models with random weights, as `mace_run_train` would build them: speed and coverage depend on no training."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

# the additions of MACE-MP-0b and later, as mace-torch names them
DENSITY: dict[str, Any] = {
    "first": "RealAgnosticDensityInteractionBlock",
    "later": "RealAgnosticDensityResidualInteractionBlock",
    "distance_transform": "Agnesi",
    "pair_repulsion": True,
}
# the blocks of MACE-MH-1 and MACE-OMOL-0
GATED: dict[str, Any] = {
    "first": "RealAgnosticResidualNonLinearInteractionBlock",
    "later": "RealAgnosticResidualNonLinearInteractionBlock",
    "apply_cutoff": False,
}


def random_mace(
    hidden: str = "16x0e+16x1o",
    r_max: float = 4.0,
    l_max: int = 3,
    correlation: int = 3,
    layers: int = 2,
    first: str = "RealAgnosticResidualInteractionBlock",
    later: str = "RealAgnosticResidualInteractionBlock",
    kind: str = "ScaleShiftMACE",
    elements: tuple[int, ...] = (1, 6, 8),
    edge_irreps: str | None = None,
    seed: int = 0,
    **extra: Any,
) -> Any:
    """Return a double-precision MACE of mace-torch.

    Parameters
    ----------
    hidden
        Irreps of the features.
    r_max
        Cutoff, angstrom.
    l_max, correlation, layers
        Highest order of the spherical harmonics, of the products, and number of layers.
    first, later
        Interaction block of the first and of the later layers.
    kind
        ``"MACE"``, ``"ScaleShiftMACE"`` or, where the package les is there, ``"MACELES"``.
    elements
        Atomic numbers.
    seed
        Of the weights.
    **extra
        Further arguments of the class.
    """
    warnings.simplefilter("ignore")
    import torch

    torch.serialization.add_safe_globals([slice])
    from e3nn import o3

    from mace import modules

    torch.manual_seed(seed)
    previous = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        settings: dict[str, Any] = {
            "r_max": r_max,
            "num_bessel": 8,
            "num_polynomial_cutoff": 5,
            "max_ell": l_max,
            "interaction_cls": modules.interaction_classes[later],
            "interaction_cls_first": modules.interaction_classes[first],
            "num_interactions": layers,
            "num_elements": len(elements),
            "hidden_irreps": o3.Irreps(hidden),
            "MLP_irreps": o3.Irreps("16x0e"),
            "gate": torch.nn.functional.silu,
            "atomic_energies": -100.0 * np.arange(1, len(elements) + 1),
            "avg_num_neighbors": 20.0,
            "atomic_numbers": list(elements),
            "correlation": correlation,
            **({} if edge_irreps is None else {"edge_irreps": o3.Irreps(edge_irreps)}),  # older ones know no such thing
            **extra,
        }
        if kind != "MACE":
            settings = {"atomic_inter_scale": 5.0, "atomic_inter_shift": 0.1, **settings}
        if kind == "MACELES":
            from mace.modules import extensions as modules
        model = getattr(modules, kind)(**settings).eval()
    finally:
        torch.set_default_dtype(previous)
    for interaction in model.interactions:
        if hasattr(interaction, "source_embedding"):
            _train(interaction)
    return model


def _train(interaction: Any) -> None:
    """Give weights that mace-torch sets to zero or nearly so the sizes that a training gives them."""
    import torch

    with torch.no_grad():
        interaction.source_embedding.weight.normal_()
        interaction.target_embedding.weight.normal_()
        interaction.alpha.fill_(5.0)
        interaction.beta.fill_(0.7)
