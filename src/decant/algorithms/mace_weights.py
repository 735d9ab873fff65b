"""Turn a MACE model of mace-torch into the file that `pair_style mace` reads.

Every linear, bilinear or trilinear part of the network is read by probing it with unit vectors in double precision,
so the normalisation conventions of e3nn and mace-torch need not be repeated here. The symmetric contraction is taken
from its coupling tensors, symmetrised so that equal products of features are one term. Radial networks become splines
of the distance. The arrays are described in ``docs/mace_format.md``.
"""

from __future__ import annotations

import itertools
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import save

from decant.algorithms.mace_radial import RADIAL_MIN, radial_table
from decant.errors import InputError
from decant.files import write_beside

# e3nn reads its constants with torch.load, whose safe mode does not know `slice`
torch.serialization.add_safe_globals([slice])
from e3nn import o3  # noqa: E402

FORMAT_VERSION = 1
MAX_L = 3  # of the spherical harmonics and features that the evaluator knows

Arrays = dict[str, np.ndarray]


def write_model(model: torch.nn.Module, path: Path, precision: str = "double") -> None:
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

    Raises
    ------
    InputError
        If the model has a feature that the evaluator does not cover; the message names it.
    """
    if precision not in ("double", "single"):
        raise InputError(f"precision '{precision}': expected 'double' or 'single'")
    copy = _double_copy(model)
    _refuse_unsupported(copy)
    with torch.no_grad():
        arrays = _collect(copy)
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    metadata = {
        "format": "decant-mace",
        "format_version": str(FORMAT_VERSION),
        "precision": precision,
        "elements": " ".join(element_symbols(copy)),
    }
    with write_beside(Path(path)) as temporary:
        temporary.write_bytes(_with_checksum(arrays, metadata))


def element_symbols(model: torch.nn.Module) -> list[str]:
    """Return the chemical symbols that a MACE model knows, in its own order."""
    from ase.data import chemical_symbols

    return [chemical_symbols[int(number)] for number in model.atomic_numbers]


def _with_checksum(arrays: Arrays, metadata: dict[str, str]) -> bytes:
    """Serialise twice: the checksum covers the data section, whose bytes do not depend on the metadata."""
    blank = save(arrays, metadata={**metadata, "crc32": "0"})
    data_start = 8 + int.from_bytes(blank[:8], "little")
    return bytes(save(arrays, metadata={**metadata, "crc32": str(zlib.crc32(blank[data_start:]))}))


def _double_copy(model: torch.nn.Module) -> torch.nn.Module:
    import copy

    return copy.deepcopy(model).to(device="cpu", dtype=torch.float64).eval()


def _refuse_unsupported(model: Any) -> None:
    """Raise `InputError` with the name of the first feature that the evaluator does not cover."""
    refusals = {
        f"model class {type(model).__name__}": type(model).__name__ not in ("MACE", "ScaleShiftMACE"),
        f"{len(getattr(model, 'heads', ['one']))} heads": len(getattr(model, "heads", ["one"])) > 1,
        "ZBL pair repulsion": hasattr(model, "pair_repulsion_fn"),
        "embedding of charge, spin or other fields": hasattr(model, "joint_embedding"),
        "a readout of the last layer only": len(model.readouts) != len(model.interactions),
        "cuEquivariance layout (convert it with mace_cueq_to_e3nn)": _uses_cueq(model),
        "spherical harmonics without parity (use_so3)": getattr(model, "use_so3", False),
        f"distance transform {type(getattr(model.radial_embedding, 'distance_transform', None)).__name__}": hasattr(
            model.radial_embedding, "distance_transform"
        ),
        f"radial basis {type(model.radial_embedding.bessel_fn).__name__}": type(
            model.radial_embedding.bessel_fn
        ).__name__
        != "BesselBasis",
    }
    for interaction in model.interactions:
        name = type(interaction).__name__
        known = ("RealAgnosticInteractionBlock", "RealAgnosticResidualInteractionBlock")
        refusals[f"interaction block {name}"] = name not in known
        refusals["edge irreps that differ from the hidden ones"] = o3.Irreps(interaction.edge_irreps) != o3.Irreps(
            interaction.node_feats_irreps
        )
        _channels_by_l(o3.Irreps(interaction.node_feats_irreps))
        _channels_by_l(o3.Irreps(interaction.target_irreps))
    for product in model.products:
        refusals["element-agnostic products"] = getattr(product, "use_agnostic_product", False)
        contraction = product.symmetric_contractions.contractions[0]
        refusals[f"correlation {contraction.correlation}"] = contraction.correlation > 3
    for feature, present in refusals.items():
        if present:
            raise InputError(f"pair_style mace does not cover this MACE model: {feature}")


def _uses_cueq(model: Any) -> bool:
    return getattr(getattr(model.products[0], "cueq_config", None), "enabled", False)


def _channels_by_l(irreps: o3.Irreps) -> tuple[int, int]:
    """Return (channels, highest l) of irreps such as 64x0e+64x1o; refuse any other kind."""
    channels = irreps[0].mul
    for l, (mul, ir) in enumerate(irreps):
        if mul != channels or ir.l != l or ir.p != (-1) ** l or l > MAX_L:
            raise InputError(f"pair_style mace does not cover this MACE model: features {irreps}")
    return channels, len(irreps) - 1


def _collect(model: Any) -> Arrays:
    """Return every array of the file."""
    interactions = list(model.interactions)
    channels, _ = _channels_by_l(o3.Irreps(interactions[0].node_feats_irreps))
    _, l_max = _channels_by_l(o3.Irreps(interactions[0].edge_attrs_irreps))
    scale_shift = getattr(model, "scale_shift", None)
    r_max = float(model.r_max)
    arrays: Arrays = {
        "sizes": np.array([channels, l_max, len(interactions)], dtype=np.int64),
        "radial_range": np.array([RADIAL_MIN, r_max]),
        "atomic_energies": model.atomic_energies_fn.atomic_energies.numpy().astype(float).reshape(-1),
        "scale_shift": np.array(
            [float(scale_shift.scale), float(scale_shift.shift)] if scale_shift is not None else [1.0, 0.0]
        ),
    }
    for t, (interaction, product, readout) in enumerate(zip(interactions, model.products, model.readouts, strict=True)):
        layer = {
            **_interaction(model, interaction, first=t == 0),
            **_product(product),
            **_readout(readout, channels),
        }
        l_in = _channels_by_l(o3.Irreps(interaction.node_feats_irreps))[1]
        l_out = len(product.symmetric_contractions.contractions) - 1
        layer["l"] = np.array([l_in, l_out], dtype=np.int64)
        arrays.update({f"layers.{t}.{name}": array for name, array in layer.items()})
    return arrays


def _zeros(*shape: int) -> torch.Tensor:
    return torch.zeros(*shape, dtype=torch.float64)


def _eye(size: int) -> torch.Tensor:
    return torch.eye(size, dtype=torch.float64)


# --- linear maps, read by probing -----------------------------------------------------------------------------------


def _slices(irreps: o3.Irreps) -> list[slice]:
    return list(o3.Irreps(irreps).slices())


def _matrix(function: Any, irreps_in: o3.Irreps, irreps_out: o3.Irreps, l: int) -> np.ndarray:
    """Return M[input block, c, d] of an equivariant linear `function`, between the m=0 components of degree `l`.

    Equivariance makes the other components equal, and blocks of the same `l` in the input are listed in order.
    """
    irreps_in, irreps_out = o3.Irreps(irreps_in), o3.Irreps(irreps_out)
    out = next(s for s, (_, ir) in zip(_slices(irreps_out), irreps_out, strict=True) if ir.l == l)
    blocks = []
    for block, (mul, ir) in zip(_slices(irreps_in), irreps_in, strict=True):
        if ir.l != l:
            continue
        probe = _zeros(mul, irreps_in.dim)
        for c in range(mul):
            probe[c, block.start + c * ir.dim] = 1.0
        blocks.append(function(probe)[:, out][:, :: 2 * l + 1].numpy())
    return np.stack(blocks)


def _one_hot(elements: int, element: int, rows: int) -> torch.Tensor:
    attributes = _zeros(rows, elements)
    attributes[:, element] = 1.0
    return attributes


def _interaction(model: Any, interaction: Any, first: bool) -> Arrays:
    node_irreps = o3.Irreps(interaction.node_feats_irreps)
    target = o3.Irreps(interaction.target_irreps)
    channels, l_in = _channels_by_l(node_irreps)
    elements = len(model.atomic_numbers)
    arrays: Arrays = {}
    if first:
        embedding = model.node_embedding(_eye(elements))
        arrays["up_of_element"] = interaction.linear_up(embedding).numpy()
    else:
        for l in range(l_in + 1):
            arrays[f"up.{l}"] = _matrix(interaction.linear_up, node_irreps, node_irreps, l)[None]
    arrays.update(_edge_tensor_product(interaction))
    arrays["radial"] = radial_table(model, interaction, channels)
    residual = "Residual" in type(interaction).__name__
    for l in range(target.lmax + 1):
        arrays[f"mix.{l}"] = _mixing(interaction, target, elements, l, selects_element=not residual)
    if residual:
        arrays.update(_skip(model, interaction, elements, first))
    return arrays


def _mixing(interaction: Any, target: o3.Irreps, elements: int, l: int, selects_element: bool) -> np.ndarray:
    """Return [elements or 1, path of l, channel, channel]: messages of all paths -> basis of the product."""
    middle = o3.Irreps(interaction.conv_tp.irreps_out)
    mixing = _matrix(interaction.linear, middle, target, l)[None] / float(interaction.avg_num_neighbors)
    if not selects_element:
        return mixing
    selected = []
    for element in range(elements):
        skip = _matrix(
            lambda x, element=element: interaction.skip_tp(x, _one_hot(elements, element, len(x))), target, target, l
        )[0]
        selected.append(mixing[0] @ skip)
    return np.stack(selected)


def _skip(model: Any, interaction: Any, elements: int, first: bool) -> Arrays:
    """Return the residual connection of a layer, per element."""
    node_irreps, hidden = o3.Irreps(interaction.node_feats_irreps), o3.Irreps(interaction.hidden_irreps)
    if first:
        features = interaction.skip_tp(model.node_embedding(_eye(elements)), _eye(elements))
        return {"skip_of_element": features[:, : hidden[0].mul].numpy()}
    arrays = {}
    for l in range(min(node_irreps.lmax, hidden.lmax) + 1):
        per_element = [
            _matrix(
                lambda x, element=element: interaction.skip_tp(x, _one_hot(elements, element, len(x))),
                node_irreps,
                hidden,
                l,
            )
            for element in range(elements)
        ]
        arrays[f"skip.{l}"] = np.stack(per_element)
    return arrays


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
            raise InputError("pair_style mace does not cover this MACE model: order of the edge product's paths")
        last_block[l3] = i3
        weights = _zeros(1, tp.weight_numel)
        weights[:, p * channels] = 1.0  # channel 0 of this path
        table = np.zeros((2 * l1 + 1, 2 * l2 + 1, 2 * l3 + 1))
        for m1, m2 in itertools.product(range(2 * l1 + 1), range(2 * l2 + 1)):
            x, y = _zeros(1, node.dim), _zeros(1, edge.dim)
            x[0, node.slices()[i1].start + m1] = 1.0
            y[0, edge.slices()[i2].start + m2] = 1.0
            table[m1, m2] = tp(x, y, weights)[0, out.slices()[i3]][: 2 * l3 + 1].numpy()
        table[np.abs(table) < 1e-12] = 0.0
        paths.append((l1, l2, l3))
        couplings.append(table.ravel())
    return {"paths": np.array(paths, dtype=np.int64), "couplings": np.concatenate(couplings)}


# --- symmetric contraction and readouts -----------------------------------------------------------------------------


def _product(product: Any) -> Arrays:
    """Return the merged monomials of the symmetric contraction, their couplings and weights, and the linear map."""
    contractions = product.symmetric_contractions.contractions
    terms: dict[tuple[int, ...], dict[int, float]] = {}
    weights, first_weight = [], 0
    for l_out, contraction in enumerate(contractions):
        for degree in range(contraction.correlation, 0, -1):
            coupling = contraction.U_tensors(degree).numpy()
            if l_out == 0:
                coupling = coupling[None]
            index = contraction.correlation - degree
            weight = contraction.weights_max if index == 0 else contraction.weights[index - 1]
            _add_terms(terms, coupling, l_out, degree, first_weight)
            weights.append(weight.detach().numpy())
            first_weight += weight.shape[1]
    keys = sorted(terms, key=lambda key: (len(key), key[1:], key[0]))
    coupling_table = np.zeros((len(keys), first_weight))
    factors = np.full((len(keys), 4), -1, dtype=np.int64)
    for row, key in enumerate(keys):
        factors[row, : len(key)] = key
        for weight_index, value in terms[key].items():
            coupling_table[row, weight_index] = value
    irreps = o3.Irreps(product.linear.irreps_in)
    arrays: Arrays = {"terms": factors, "coupling": coupling_table, "weights": np.concatenate(weights, axis=1)}
    for l in range(len(contractions)):
        arrays[f"update.{l}"] = _matrix(product.linear, irreps, irreps, l)[None]
    return arrays


def _add_terms(
    terms: dict[tuple[int, ...], dict[int, float]], coupling: np.ndarray, l_out: int, degree: int, first_weight: int
) -> None:
    """Merge U[M, i1..i_degree, weight] over the orders of i1..i_degree into `terms`[(target, sorted i...)]."""
    for position in np.argwhere(np.abs(coupling) > 1e-10):
        *indices, weight = (int(x) for x in position)
        key = (l_out * l_out + indices[0], *sorted(indices[1:]))
        row = terms.setdefault(key, {})
        row[first_weight + weight] = row.get(first_weight + weight, 0.0) + float(coupling[tuple(position)])


def _readout(readout: Any, channels: int) -> Arrays:
    name = type(readout).__name__
    if name == "LinearReadoutBlock":
        irreps = o3.Irreps(readout.linear.irreps_in)
        return {"readout.linear": _matrix(readout.linear, irreps, o3.Irreps("1x0e"), 0)[0, :, 0]}
    if name != "NonLinearReadoutBlock":
        raise InputError(f"pair_style mace does not cover this MACE model: readout {name}")
    hidden = o3.Irreps(readout.hidden_irreps)
    probe = torch.linspace(-3.0, 3.0, 61, dtype=torch.float64)[:, None]
    # e3nn scales the activation to unit second moment; find that constant and make sure that it is SiLU inside
    activated = readout.non_linearity(probe.expand(-1, hidden.dim))[:, :1]
    silu = torch.nn.functional.silu(probe)
    factor = float(activated[-1, 0] / silu[-1, 0])
    if not torch.allclose(activated, factor * silu, atol=1e-10):
        raise InputError("pair_style mace does not cover this MACE model: readout activation other than SiLU")
    first = _matrix(readout.linear_1, o3.Irreps(readout.linear_1.irreps_in), hidden, 0)[0]
    second = _matrix(readout.linear_2, hidden, o3.Irreps("1x0e"), 0)[0, :, 0]
    return {"readout.hidden": first.T, "readout.output": factor * second}
