"""What `pair_style mace` covers of mace-torch; everything else is refused by name before anything is written."""

from __future__ import annotations

from typing import Any

from decant.algorithms.mace.export.features import FIELDS
from decant.algorithms.mace.export.interaction import edge_irreps
from decant.algorithms.mace.export.linear import channels_by_l, not_covered, o3
from decant.algorithms.mace.export.product import MAX_DEGREE
from decant.algorithms.mace.export.radial import has_bias
from decant.algorithms.mace.model_file import CLASSES

BLOCKS = (
    "RealAgnosticInteractionBlock",
    "RealAgnosticResidualInteractionBlock",
    "RealAgnosticDensityInteractionBlock",
    "RealAgnosticDensityResidualInteractionBlock",
    "RealAgnosticResidualNonLinearInteractionBlock",
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
        f"model class {type(model).__name__}": type(model).__name__ not in CLASSES,
        "fewer readouts than layers, but not of the last alone": len(model.readouts)
        not in (1, len(model.interactions)),
        "cuEquivariance layout (convert it with mace_cueq_to_e3nn)": _uses_cueq(model),
        f"distance transform {transform}": transform not in TRANSFORMS,
        f"radial basis {basis}{reason}": basis not in BASES,
    }
    for field, spec in (getattr(model, "embedding_specs", None) or {}).items():
        refusals[f"embedding of {field} by {spec['per']}"] = field not in FIELDS or spec["per"] != "graph"
    for interaction in model.interactions:
        refusals.update(_of_interaction(model, interaction))
    for product in model.products:
        correlation = product.symmetric_contractions.contractions[0].correlation
        refusals[f"correlation {correlation}"] = correlation > MAX_DEGREE
    for feature, present in refusals.items():
        if present:
            raise not_covered(feature)
    for interaction in model.interactions:
        for irreps in (interaction.node_feats_irreps, interaction.target_irreps, edge_irreps(interaction)):
            channels_by_l(irreps)
        channels_by_l(interaction.edge_attrs_irreps)


def _of_interaction(model: Any, interaction: Any) -> dict[str, bool]:
    """Return the features of one interaction block, and whether they are a reason to refuse."""
    name = type(interaction).__name__
    node_irreps = o3.Irreps(interaction.node_feats_irreps)
    if name not in BLOCKS:
        return {f"interaction block {name}": True}
    parity = {ir.p for irreps in (node_irreps, o3.Irreps(interaction.target_irreps)) for _, ir in irreps[1:2]}
    return {
        "hidden features of higher l than max_ell": node_irreps.lmax > o3.Irreps(interaction.edge_attrs_irreps).lmax,
        "edge irreps of higher l than the features": edge_irreps(interaction).lmax > node_irreps.lmax,
        f"features {node_irreps} with harmonics of another parity": len(parity) > 1,
        "radial functions with a bias that no cutoff ends (apply_cutoff): energies would jump at the cutoff": (
            has_bias(interaction) and getattr(model, "apply_cutoff", True)
        ),
    }


def _uses_cueq(model: Any) -> bool:
    return getattr(getattr(model.products[0], "cueq_config", None), "enabled", False)
