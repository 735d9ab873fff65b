"""What `pair_style mace` covers of mace-torch; everything else is refused by name before anything is written."""

from __future__ import annotations

from typing import Any

from decant.algorithms.mace.export.linear import channels_by_l, not_covered, o3
from decant.algorithms.mace.export.product import MAX_DEGREE

BLOCKS = (
    "RealAgnosticInteractionBlock",
    "RealAgnosticResidualInteractionBlock",
    "RealAgnosticDensityInteractionBlock",
    "RealAgnosticDensityResidualInteractionBlock",
)
BASES = ("BesselBasis", "GaussianBasis")
TRANSFORMS = ("NoneType", "AgnesiTransform", "SoftTransform")


def refuse_uncovered(model: Any) -> None:
    """Raise `InputError` with the name of the first feature that the evaluator does not cover."""
    embedding = model.radial_embedding
    basis = type(embedding.bessel_fn).__name__
    transform = type(getattr(embedding, "distance_transform", None)).__name__
    reason = " (mace-torch itself has no forces for it)" if basis == "ChebychevBasis" else ""
    refusals = {
        f"model class {type(model).__name__}": type(model).__name__ not in ("MACE", "ScaleShiftMACE"),
        "embedding of charge, spin or other fields": hasattr(model, "joint_embedding"),
        "a readout of the last layer only": len(model.readouts) != len(model.interactions),
        "cuEquivariance layout (convert it with mace_cueq_to_e3nn)": _uses_cueq(model),
        "spherical harmonics without parity (use_so3)": getattr(model, "use_so3", False),
        f"distance transform {transform}": transform not in TRANSFORMS,
        f"radial basis {basis}{reason}": basis not in BASES,
    }
    for interaction in model.interactions:
        refusals.update(_of_interaction(interaction))
    for product in model.products:
        correlation = product.symmetric_contractions.contractions[0].correlation
        refusals["element-agnostic products"] = getattr(product, "use_agnostic_product", False)
        refusals[f"correlation {correlation}"] = correlation > MAX_DEGREE
    for feature, present in refusals.items():
        if present:
            raise not_covered(feature)
    for interaction in model.interactions:
        for irreps in (interaction.node_feats_irreps, interaction.target_irreps, interaction.edge_attrs_irreps):
            channels_by_l(irreps)


def _of_interaction(interaction: Any) -> dict[str, bool]:
    """Return the features of one interaction block, and whether they are a reason to refuse."""
    name = type(interaction).__name__
    node_irreps = o3.Irreps(interaction.node_feats_irreps)
    edge_irreps = getattr(interaction, "edge_irreps", None)
    return {
        f"interaction block {name}": name not in BLOCKS,
        "hidden features of higher l than max_ell": node_irreps.lmax > o3.Irreps(interaction.edge_attrs_irreps).lmax,
        "edge irreps that differ from the hidden ones": edge_irreps is not None
        and o3.Irreps(edge_irreps) != node_irreps,
    }


def _uses_cueq(model: Any) -> bool:
    return getattr(getattr(model.products[0], "cueq_config", None), "enabled", False)
