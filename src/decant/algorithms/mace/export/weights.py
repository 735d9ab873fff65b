"""Turn a MACE model of mace-torch into the file that `pair_style mace` reads.

Every linear, bilinear or trilinear part of the network is read by probing it with unit vectors in double precision,
so the normalisation conventions of e3nn and mace-torch need not be repeated here. The symmetric contraction is taken
from its coupling tensors. Radial networks become splines of the distance. The arrays are described in
``docs/mace_format.md``.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import save

from decant.algorithms.mace.export.coverage import refuse_uncovered
from decant.algorithms.mace.export.heads import chosen_head, energy_arrays, head_names, readout_arrays
from decant.algorithms.mace.export.linear import channels_by_l, eye, linear_matrix, not_covered, o3, one_hot, zeros
from decant.algorithms.mace.export.product import product_arrays
from decant.algorithms.mace.export.radial import RADIAL_MIN, element_pairs, radial_arrays
from decant.algorithms.mace.export.repulsion import repulsion_arrays
from decant.foundation.errors import InputError
from decant.foundation.files import write_beside

FORMAT_VERSION = 3

Arrays = dict[str, np.ndarray]


def write_model(
    model: torch.nn.Module,
    path: Path,
    precision: str = "double",
    elements: Sequence[str] | None = None,
    head: str | None = None,
) -> list[str]:
    """Write the weights of a MACE model for ``pair_style mace``.

    Parameters
    ----------
    model
        A `MACE` or `ScaleShiftMACE` of mace-torch. It is not changed.
    path
        The safetensors file to write.
    precision
        ``"double"`` or ``"single"``: the arithmetic that ``pair_style mace`` uses unless told otherwise. The file
        itself always holds doubles.
    elements
        Chemical symbols of the elements to keep, in the order to write them; None for all of the model.
    head
        Name of the head whose energy is written; None for the only one.

    Returns
    -------
    list of str
        Chemical symbols of the elements written, in order.

    Raises
    ------
    InputError
        If the model has a feature that the evaluator does not cover (the message names it), does not know one of the
        elements, or has several heads of which none is named.
    """
    if precision not in ("double", "single"):
        raise InputError(f"precision '{precision}': expected 'double' or 'single'")
    refuse_uncovered(model)
    copy = _double_copy(model)
    kept = _kept_elements(copy, elements)
    with torch.no_grad():
        arrays = _collect(copy, kept, chosen_head(copy, head))
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    known = element_symbols(copy)
    symbols = [known[element] for element in kept]
    metadata = {
        "format": "decant-mace",
        "format_version": str(FORMAT_VERSION),
        "precision": precision,
        "elements": " ".join(symbols),
    }
    with write_beside(Path(path)) as temporary:
        temporary.write_bytes(with_checksum(arrays, metadata))
    return symbols


def element_symbols(model: torch.nn.Module) -> list[str]:
    """Return the chemical symbols that a MACE model knows, in its own order."""
    from ase.data import chemical_symbols

    return [chemical_symbols[int(number)] for number in model.atomic_numbers]


def with_checksum(arrays: Mapping[str, Any], metadata: Mapping[str, str]) -> bytes:
    """Serialise arrays with a checksum over every byte of the file, its own ten digits counted as zeros."""
    blank = bytes(save(dict(arrays), metadata={**metadata, "crc32": "0" * 10}))
    return blank.replace(b'"crc32":"0000000000"', f'"crc32":"{zlib.crc32(blank):010d}"'.encode(), 1)


def _double_copy(model: torch.nn.Module) -> torch.nn.Module:
    import copy

    return copy.deepcopy(model).to(device="cpu", dtype=torch.float64).eval()


def _kept_elements(model: Any, wanted: Sequence[str] | None) -> list[int]:
    """Return the elements to write, as indices of the model's own; see `write_model`."""
    known = element_symbols(model)
    if wanted is None:
        return list(range(len(known)))
    for number, symbol in enumerate(wanted):
        if symbol not in known:
            raise InputError(f"`elements`: the model does not know {symbol}; it knows: {' '.join(known)}")
        if symbol in wanted[:number]:
            raise InputError(f"`elements`: {symbol} is named twice")
    if not wanted:
        raise InputError("`elements`: expected at least one chemical symbol")
    return [known.index(symbol) for symbol in wanted]


def _collect(model: Any, elements: list[int], head: int) -> Arrays:
    """Return every array of the file."""
    interactions = list(model.interactions)
    channels, _ = channels_by_l(o3.Irreps(interactions[0].node_feats_irreps))
    pairs, table = element_pairs(model, elements)
    arrays: Arrays = {
        "sizes": np.array([channels, o3.Irreps(interactions[0].edge_attrs_irreps).lmax, len(interactions)]),
        "radial_range": np.array([RADIAL_MIN, float(model.r_max)]),
        "radial_tables": table,
        **energy_arrays(model, elements, head),
        **repulsion_arrays(model, elements),
    }
    heads = len(head_names(model))
    for t, (interaction, product, readout) in enumerate(zip(interactions, model.products, model.readouts, strict=True)):
        l_in = channels_by_l(o3.Irreps(interaction.node_feats_irreps))[1]
        l_out = len(product.symmetric_contractions.contractions) - 1
        layer = {
            "l": np.array([l_in, l_out]),
            **_interaction(model, interaction, elements, first=t == 0),
            **radial_arrays(model, interaction, pairs, channels),
            **product_arrays(product, elements),
            **readout_arrays(readout, heads, head),
        }
        arrays.update({f"layers.{t}.{name}": array for name, array in layer.items()})
    return arrays


def _interaction(model: Any, interaction: Any, elements: list[int], first: bool) -> Arrays:
    """Return the linear maps and the edge product of an interaction block."""
    node_irreps = o3.Irreps(interaction.node_feats_irreps)
    target = o3.Irreps(interaction.target_irreps)
    _, l_in = channels_by_l(node_irreps)
    arrays: Arrays = {}
    if first:
        embedding = model.node_embedding(eye(len(model.atomic_numbers)))
        arrays["up_of_element"] = interaction.linear_up(embedding).numpy()[elements]
    else:
        for l in range(l_in + 1):
            arrays[f"up.{l}"] = linear_matrix(interaction.linear_up, node_irreps, node_irreps, l)[None]
    arrays.update(_edge_tensor_product(interaction))
    residual = "Residual" in type(interaction).__name__
    for l in range(target.lmax + 1):
        mixing = _mixing(interaction, target, l)
        arrays[f"mix.{l}"] = mixing[None] if residual else _selected(model, interaction, mixing, target, elements, l)
    if residual:
        arrays.update(_skip(model, interaction, elements, first))
    return arrays


def _mixing(interaction: Any, target: o3.Irreps, l: int) -> np.ndarray:
    """Return [path of l, channel, channel]: messages of all paths -> basis of the product."""
    middle = o3.Irreps(interaction.conv_tp.irreps_out)
    mixing = linear_matrix(interaction.linear, middle, target, l)
    # the other blocks divide by their density, atom by atom
    return mixing if hasattr(interaction, "density_fn") else mixing / float(interaction.avg_num_neighbors)


def _per_element(
    model: Any, interaction: Any, irreps: tuple[o3.Irreps, o3.Irreps], elements: list[int], l: int
) -> np.ndarray:
    """Return the block's product of features with the element, [element, 1, channel, channel]."""
    known = len(model.atomic_numbers)

    def of_element(element: int) -> np.ndarray:
        return linear_matrix(lambda x: interaction.skip_tp(x, one_hot(known, element, len(x))), *irreps, l)

    return np.stack([of_element(element) for element in elements])


def _selected(
    model: Any, interaction: Any, mixing: np.ndarray, target: o3.Irreps, elements: list[int], l: int
) -> np.ndarray:
    """Return [element, path of l, channel, channel]: the mixing and then the selection by element of a first block."""
    return mixing[None] @ _per_element(model, interaction, (target, target), elements, l)


def _skip(model: Any, interaction: Any, elements: list[int], first: bool) -> Arrays:
    """Return the residual connection of a layer, per element."""
    node_irreps, hidden = o3.Irreps(interaction.node_feats_irreps), o3.Irreps(interaction.hidden_irreps)
    if first:
        every = eye(len(model.atomic_numbers))
        features = interaction.skip_tp(model.node_embedding(every), every)
        return {"skip_of_element": features[elements, : hidden[0].mul].numpy()}
    return {
        f"skip.{l}": _per_element(model, interaction, (node_irreps, hidden), elements, l)
        for l in range(min(node_irreps.lmax, hidden.lmax) + 1)
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
