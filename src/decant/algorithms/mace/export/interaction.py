"""The interaction blocks of a MACE model: what an atom sends, the edge product, and the way to the product's basis."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import torch

from decant.algorithms.mace.export.linear import channels_by_l, eye, linear_matrix, not_covered, o3, one_hot, zeros

Arrays = dict[str, np.ndarray]


def interaction_arrays(model: Any, interaction: Any, elements: list[int], features: torch.Tensor | None) -> Arrays:
    """Return the linear maps, the edge product and the gate of an interaction block.

    Parameters
    ----------
    model, interaction
        The model, and one of its blocks.
    elements
        Elements to keep, as indices of the model's own.
    features
        What the first layer gets [element, channel]; None for a later one.
    """
    node, edge = o3.Irreps(interaction.node_feats_irreps), edge_irreps(interaction)
    arrays = _sent(interaction, node, edge, elements, features)
    arrays.update(_edge_tensor_product(interaction))
    if is_gated(interaction):
        arrays.update(_gated(interaction, edge, elements, features))
    else:
        arrays.update(_mixed(model, interaction, elements))
    if "Residual" in type(interaction).__name__:
        arrays.update(_skip(model, interaction, elements, features))
    return arrays


def edge_irreps(interaction: Any) -> o3.Irreps:
    """Return the irreps of what an atom sends; blocks from before mace-torch knew them send what features have."""
    return o3.Irreps(getattr(interaction, "edge_irreps", None) or interaction.node_feats_irreps)


def is_gated(interaction: Any) -> bool:
    """Return whether messages go through a gate, and what an atom sends is added to its own."""
    return hasattr(interaction, "equivariant_nonlin")


def _sent(
    interaction: Any, node: o3.Irreps, edge: o3.Irreps, elements: list[int], features: torch.Tensor | None
) -> Arrays:
    """Return what an atom sends to its neighbours."""
    (channels, l_in), (edge_channels, l_edge) = channels_by_l(node), channels_by_l(edge)
    arrays: Arrays = {}
    if (channels, l_in) != (edge_channels, l_edge):
        arrays["edge"] = np.array([edge_channels, l_edge])
    if features is not None:
        return {**arrays, "up_of_element": interaction.linear_up(features).numpy()[elements]}
    for l in range(l_edge + 1):
        arrays[f"up.{l}"] = linear_matrix(interaction.linear_up, node, edge, l)[None]
    return arrays


def _mixed(model: Any, interaction: Any, elements: list[int]) -> Arrays:
    """Return the maps from messages to the basis of the product, by element where the block selects by element."""
    middle, target = o3.Irreps(interaction.conv_tp.irreps_out), o3.Irreps(interaction.target_irreps)
    # the other blocks divide by their density, atom by atom
    divisor = 1.0 if hasattr(interaction, "density_fn") else float(interaction.avg_num_neighbors)
    arrays: Arrays = {}
    for l in range(target.lmax + 1):
        mixing = linear_matrix(interaction.linear, middle, target, l) / divisor
        arrays[f"mix.{l}"] = mixing[None]
        if "Residual" not in type(interaction).__name__:
            arrays[f"mix.{l}"] = mixing[None] @ _per_element(model, interaction, (target, target), elements, l)
    return arrays


def _gated(interaction: Any, edge: o3.Irreps, elements: list[int], features: torch.Tensor | None) -> Arrays:
    """Return the maps from messages and from what an atom sends to mixed messages, and from these to the basis."""
    middle, target = o3.Irreps(interaction.conv_tp.irreps_out), o3.Irreps(interaction.target_irreps)
    mixed = o3.Irreps(interaction.irreps_nonlin)
    factors = _gate_factors(interaction, mixed, target)
    arrays: Arrays = {"density_divisor": np.array([float(interaction.alpha), float(interaction.beta)])}
    for l in range(target.lmax + 1):
        arrays[f"mix.{l}"] = linear_matrix(interaction.linear_1, middle, mixed, l)[None]
        arrays[f"gate.out.{l}"] = factors[min(l, 1)] * linear_matrix(interaction.linear_2, target, target, l)[None]
    if features is not None:
        scalars = interaction.linear_res(interaction.linear_up(features))[:, : mixed[0].mul]
        return {**arrays, "gate.own_of_element": scalars.numpy()[elements]}
    for l in range(edge.lmax + 1):
        arrays[f"gate.own.{l}"] = linear_matrix(interaction.linear_res, edge, mixed, l)[None]
    return arrays


def _gate_factors(interaction: Any, mixed: o3.Irreps, target: o3.Irreps) -> tuple[float, float]:
    """Return the normalisations of SiLU and of the sigmoid in a gate, after a check that it is such a gate."""
    probe = torch.linspace(-2.0, 2.0, 7 * mixed.dim, dtype=torch.float64).reshape(mixed.dim, 7).T
    found = interaction.equivariant_nonlin(probe)
    channels = target[0].mul
    parts, row = [torch.nn.functional.silu(probe[:, :channels])], mixed[0].dim
    for l, (mul, ir) in enumerate(target[1:], start=1):
        gates = torch.sigmoid(probe[:, l * channels : (l + 1) * channels])
        parts.append((probe[:, row : row + mul * ir.dim].reshape(-1, mul, ir.dim) * gates[:, :, None]).flatten(1))
        row += mul * ir.dim
    plain = torch.cat(parts, dim=1)
    scalar = float(found[-1, 0] / plain[-1, 0])
    gate = float(found[-1, -1] / plain[-1, -1]) if len(target) > 1 else 1.0
    factor = torch.full((target.dim,), gate, dtype=torch.float64)
    factor[:channels] = scalar
    if not torch.allclose(found, factor * plain, atol=1e-10):
        raise not_covered("a gate other than SiLU and sigmoid")
    return scalar, gate


def _per_element(
    model: Any, interaction: Any, irreps: tuple[o3.Irreps, o3.Irreps], elements: list[int], l: int
) -> np.ndarray:
    """Return the block's product of features with the element, [element, 1, channel, channel]."""
    known = len(model.atomic_numbers)

    def of_element(element: int) -> np.ndarray:
        return linear_matrix(lambda x: interaction.skip_tp(x, one_hot(known, element, len(x))), *irreps, l)

    return np.stack([of_element(element) for element in elements])


def _skip(model: Any, interaction: Any, elements: list[int], features: torch.Tensor | None) -> Arrays:
    """Return the residual connection of a layer, by element; of gated blocks it is the same for all."""
    node, hidden = o3.Irreps(interaction.node_feats_irreps), o3.Irreps(interaction.hidden_irreps)
    gated = is_gated(interaction)
    if features is not None:
        kept = interaction.skip_tp(features) if gated else interaction.skip_tp(features, eye(len(features)))
        return {"skip_of_element": kept[elements, : hidden[0].mul].numpy()}
    return {
        f"skip.{l}": linear_matrix(interaction.skip_tp, node, hidden, l)[None]
        if gated
        else _per_element(model, interaction, (node, hidden), elements, l)
        for l in range(min(node.lmax, hidden.lmax) + 1)
    }


def _edge_tensor_product(interaction: Any) -> Arrays:
    """Return the paths (l1, l2, l3) of the edge product and their couplings [m1, m2, m3].

    Paths are listed in the order of the product's weights; those that end in the same l3 must follow each other in
    the order of the blocks that the next linear map reads.
    """
    tp = interaction.conv_tp
    node, edge, out = o3.Irreps(tp.irreps_in1), o3.Irreps(tp.irreps_in2), o3.Irreps(tp.irreps_out)
    paths: list[tuple[int, int, int]] = []
    couplings: list[np.ndarray] = []
    last_block: dict[int, int] = {}
    channels = node[0].mul
    for p, instruction in enumerate(tp.instructions):
        i1, i2, i3 = instruction.i_in1, instruction.i_in2, instruction.i_out
        l1, l2, l3 = node[i1].ir.l, edge[i2].ir.l, out[i3].ir.l
        if instruction.connection_mode != "uvu" or last_block.get(l3, -1) >= i3:
            raise not_covered("order of the edge product's paths")
        last_block[l3] = i3
        weights = zeros(1, tp.weight_numel)
        weights[:, p * channels] = 1.0  # channel 0 of this path
        table = np.zeros((2 * l1 + 1, 2 * l2 + 1, 2 * l3 + 1))
        for m1, m2 in itertools.product(range(2 * l1 + 1), range(2 * l2 + 1)):
            x, y = zeros(1, node.dim), zeros(1, edge.dim)
            x[0, node.slices()[i1].start + m1] = 1.0
            y[0, edge.slices()[i2].start + m2] = 1.0
            table[m1, m2] = tp(x, y, weights)[0, out.slices()[i3]][: 2 * l3 + 1].numpy()
        table[np.abs(table) < 1e-12] = 0.0
        paths.append((l1, l2, l3))
        couplings.append(table.ravel())
    return {"paths": np.array(paths, dtype=np.int64), "couplings": np.concatenate(couplings)}
