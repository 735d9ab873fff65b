"""Turn a MACE model of mace-torch into the file that `pair_style mace` reads.

Every linear, bilinear or trilinear part of the network is read by probing it with unit vectors in double precision,
so the normalisation conventions of e3nn and mace-torch need not be repeated here. The symmetric contraction is taken
from its coupling tensors. Radial networks become splines of the distance. The arrays are described in
``docs/mace_format.md``.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import save

from decant.algorithms.mace.export.coverage import refuse_uncovered
from decant.algorithms.mace.export.features import chosen_totals, embedding_energies, first_features
from decant.algorithms.mace.export.heads import (
    chosen_head,
    energy_arrays,
    head_names,
    readout_arrays,
    readout_constant,
)
from decant.algorithms.mace.export.interaction import edge_irreps, interaction_arrays
from decant.algorithms.mace.export.latent_charges import charge_arrays, latent_charge_arrays
from decant.algorithms.mace.export.linear import channels_by_l, o3
from decant.algorithms.mace.export.product import product_arrays
from decant.algorithms.mace.export.radial import RADIAL_MIN, RADIAL_TOLERANCE, element_pairs, radial_arrays
from decant.algorithms.mace.export.repulsion import repulsion_arrays
from decant.algorithms.mace.model_file import has_latent_charges
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
    totals: Mapping[str, int] | None = None,
) -> list[str]:
    """Write the weights of a MACE model for ``pair_style mace``.

    Parameters
    ----------
    model
        A `MACE`, `ScaleShiftMACE` or `MACELES` of mace-torch. It is not changed.
    path
        The safetensors file to write.
    precision
        ``"double"`` or ``"single"``: the arithmetic that ``pair_style mace`` uses unless told otherwise. The file
        itself always holds doubles.
    elements
        Chemical symbols of the elements to keep, in the order to write them; None for all of the model.
    head
        Name of the head whose energy is written; None for the only one.
    totals
        Total `charge` and `spin` of the system as `chosen_totals` returns them; None for those of a neutral singlet.

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
    exported = model_bytes(model, precision, elements, head, totals)
    with write_beside(Path(path)) as temporary:
        temporary.write_bytes(exported)
    return element_symbols(model) if elements is None else list(elements)


def model_bytes(
    model: torch.nn.Module,
    precision: str = "double",
    elements: Sequence[str] | None = None,
    head: str | None = None,
    totals: Mapping[str, int] | None = None,
    tolerance: float = RADIAL_TOLERANCE,
) -> bytes:
    """Return what `write_model` writes; `tolerance` is the error of the radial tables to aim at, of their values."""
    if precision not in ("double", "single"):
        raise InputError(f"precision '{precision}': expected 'double' or 'single'")
    refuse_uncovered(model)
    copy = _double_copy(model)
    kept = _kept_elements(copy, elements)
    with torch.no_grad():
        arrays = _collect(
            copy,
            kept,
            chosen_head(copy, head),
            chosen_totals(copy, None, None) if totals is None else totals,
            tolerance,
        )
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    known = element_symbols(copy)
    symbols = [known[element] for element in kept]
    metadata = {
        "format": "decant-mace",
        "format_version": str(FORMAT_VERSION),
        "precision": precision,
        "elements": " ".join(symbols),
    }
    return with_checksum(arrays, metadata)


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


def _collect(model: Any, elements: list[int], head: int, totals: Mapping[str, int], tolerance: float) -> Arrays:
    """Return every array of the file."""
    interactions = list(model.interactions)
    channels, _ = channels_by_l(o3.Irreps(interactions[0].node_feats_irreps))
    pairs, table = element_pairs(model, elements)
    features = first_features(model, totals)
    arrays: Arrays = {
        "sizes": np.array([channels, o3.Irreps(interactions[0].edge_attrs_irreps).lmax, len(interactions)]),
        "radial_range": np.array([RADIAL_MIN, float(model.r_max)]),
        "radial_tables": table,
        **energy_arrays(model, elements, head),
        **repulsion_arrays(model, elements),
        **latent_charge_arrays(model),
    }
    arrays["atomic_energies"] = arrays["atomic_energies"] + embedding_energies(model, features, head).numpy()[elements]
    heads = len(head_names(model))
    for t, (interaction, product) in enumerate(zip(interactions, model.products, strict=True)):
        l_in = channels_by_l(o3.Irreps(interaction.node_feats_irreps))[1]
        l_out = len(product.symmetric_contractions.contractions) - 1
        layer = {
            "l": np.array([l_in, l_out]),
            **interaction_arrays(model, interaction, elements, features if t == 0 else None),
            **radial_arrays(model, interaction, pairs, channels_by_l(edge_irreps(interaction))[0], tolerance),
            **product_arrays(product, elements),
        }
        if (readout := _readout(model, model.readouts, t)) is not None:
            layer.update(readout_arrays(readout, heads, head))
            arrays["scale_shift"][1] += arrays["scale_shift"][0] * readout_constant(readout, head)
        if has_latent_charges(model) and (readout := _readout(model, model.les_readouts, t)) is not None:
            layer.update(charge_arrays(readout, heads, head))
        arrays.update({f"layers.{t}.{name}": array for name, array in layer.items()})
    return arrays


def _readout(model: Any, readouts: Any, layer: int) -> Any:
    """Return the readout of a layer, None if it has none: a single readout is that of the last layer."""
    last_only = len(readouts) == 1
    if last_only and layer < len(model.interactions) - 1:
        return None
    return readouts[0 if last_only else layer]
