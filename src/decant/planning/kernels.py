"""Bytes and operations an atom of each kernel of the GPU engine, counted from the arrays of a MACE model.

What is counted is what ``src/mace/gpu/source`` and the writers of its functions say, statement by statement;
docs/gpu.md tells what the kernels are.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from decant.foundation.errors import InputError

CHANNEL_STEP = 32
"""Channels are padded to a multiple, as in kernel_source.h."""
TILE_ROWS, MOST_AT_ONCE = 32, 16384
"""Of linear.cl and gpu_engine.h."""
ROWS_OF_SPLINE = 6
"""Of the radial tables, for each edge: value, slope and curvature of two knots."""
HARMONICS_GRADIENT = 70
"""Operations of the gradient of the spherical harmonics up to l = 3, and of the sums over a warp."""


@dataclass(frozen=True)
class Kernel:
    """What a kernel moves and computes for one atom.

    Attributes
    ----------
    name
        As timers call it, with the number of the layer.
    memory, cache
        Bytes from and to the card's memory, and what it gathers: tables, weights and rows of neighbors, which lie in
        the cache if they fit.
    operations
        A multiplication with an addition counts as two.
    """

    name: str
    memory: float
    cache: float
    operations: float


@dataclass(frozen=True)
class Layer:
    """Sizes of a layer, per channel and atom unless said otherwise.

    Attributes
    ----------
    rows_in, rows_out, rows_basis, rows_message
        Values of a channel: features received, features given, basis of the product, message.
    paths
        Paths of the message.
    add, reverse_owner, reverse_source
        Operations of an edge: message, its reverse by owner, and by source.
    product, product_reverse
        Operations of the symmetric contraction.
    terms
        Monomials of it.
    mix, update, up
        Values of all matrices that an atom is multiplied with, in channels squared.
    units
        Of the readout's hidden layer.
    density
        Whether messages are divided by one.
    """

    rows_in: int
    rows_out: int
    rows_basis: int
    rows_message: int
    paths: int
    add: int
    reverse_owner: int
    reverse_source: int
    product: int
    product_reverse: int
    terms: int
    mix: int
    update: int
    up: int
    units: int
    density: bool


@dataclass(frozen=True)
class Shape:
    """Sizes of a model: channels as padded, cutoff in angstrom, layers."""

    channels: int
    cutoff: float
    layers: list[Layer]


def read_shape(path: Path) -> Shape:
    """Return the sizes of a model file.

    Parameters
    ----------
    path
        ``model.safetensors`` of an exported MACE potential.

    Raises
    ------
    InputError
        If only the CPU computes the model.
    """
    arrays = load_file(path)
    channels, l_max, layers = (int(n) for n in arrays["sizes"])
    for part, array in (("gated layers", ".gate."), ("latent charges", "latent_charges")):
        if any(array in name for name in arrays):
            raise InputError(f"{path}: this model has {part}, which only the CPU computes")
    padded = -(-channels // CHANNEL_STEP) * CHANNEL_STEP
    return Shape(padded, float(arrays["radial_range"][1]), [_layer(arrays, t, l_max) for t in range(layers)])


def _layer(arrays: dict[str, Any], t: int, l_max: int) -> Layer:
    prefix = f"layers.{t}."
    own = {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
    l_in, l_out = (int(l) for l in own["l"])
    paths = [tuple(int(l) for l in path) for path in own["paths"]]
    edge = np.sum([_of_path(path, block) for path, block in _couplings(paths, own["couplings"])], axis=0)
    degrees = np.sum(own["terms"][:, 1:] >= 0, axis=1)
    skip = sum(
        2 * int(name.split(".")[1]) + 1 for name in own if name.startswith("skip.") and name != "skip_of_element"
    )
    return Layer(
        rows_in=(l_in + 1) ** 2,
        rows_out=(l_out + 1) ** 2,
        rows_basis=(l_max + 1) ** 2,
        rows_message=sum(2 * l3 + 1 for _, _, l3 in paths),
        paths=len(paths),
        add=int(edge[0]),
        reverse_owner=int(edge[1]),
        reverse_source=int(edge[2]),
        product=int(np.sum(degrees + 1)),
        product_reverse=int(np.sum(degrees**2 + 1)),
        terms=len(degrees),
        mix=sum(2 * l3 + 1 for _, _, l3 in paths),
        update=(l_out + 1) ** 2 + skip,
        up=(l_in + 1) ** 2 if t > 0 else 0,
        units=len(own.get("readout.output", ())),
        density="density" in own,
    )


def _couplings(paths: list[tuple[int, ...]], values: np.ndarray) -> list[tuple[tuple[int, ...], np.ndarray]]:
    """Return each path with its couplings, [m1, m2, m3]."""
    shapes = [tuple(2 * l + 1 for l in path) for path in paths]
    ends = np.cumsum([np.prod(shape) for shape in shapes])[:-1]
    return [
        (path, block.reshape(shape)) for path, block, shape in zip(paths, np.split(values, ends), shapes, strict=True)
    ]


def _of_path(path: tuple[int, ...], coupling: np.ndarray) -> tuple[int, int, int]:
    """Return the operations of add_message, reverse_message and reverse_source for one path."""
    there = coupling != 0
    count = int(there.sum())
    ends, harmonics, sources = (int(there.any(axis=axis).sum()) for axis in (1, (0, 2), (1, 2)))
    return (
        2 * path[0] + 1 + 2 * count + ends,
        3 * count + (3 if path[1] > 0 else 1) * harmonics + 2,
        2 * count + ends + 2 * sources,
    )


def count_kernels(shape: Shape, real: int, neighbors: float, listed: float) -> list[Kernel]:
    """Return what each kernel moves and computes for one atom.

    Parameters
    ----------
    shape
        Of the model.
    real
        Bytes of the arithmetic's numbers: 4 or 8.
    neighbors, listed
        Neighbors of an atom within the cutoff, and within cutoff and skin.
    """
    edge = 32 if real == 4 else 48
    made = 3.0 * real * neighbors
    kernels = [Kernel("edge_list", listed * 16 + neighbors * (edge + 4) + made, listed * 40, 10 * listed)]
    for t, layer in enumerate(shape.layers):
        kernels += _of_layer(shape, layer, t, real, neighbors, edge, last=t + 1 == len(shape.layers))
    return [*kernels, Kernel("forces", made + neighbors * (4 + edge), made, 24 * neighbors)]


def _of_layer(shape: Shape, layer: Layer, t: int, real: int, neighbors: float, edge: int, last: bool) -> list[Kernel]:
    channels, row = shape.channels, shape.channels * real
    each = neighbors * channels  # threads of all edges of an atom
    spline = ROWS_OF_SPLINE * layer.paths
    message, basis = layer.rows_message * row, layer.rows_basis * row
    gathered = each * real * (spline + layer.rows_in)
    owner = Kernel(
        f"edges_reverse {t + 1}",
        neighbors * (edge + 6 * real) + message + (layer.rows_in * row if t else 0),
        gathered,
        each * (4 * spline + layer.reverse_owner + HARMONICS_GRADIENT),
    )
    kernels = [
        Kernel(
            f"edges_forward {t + 1}",
            neighbors * edge + message + (layer.rows_in * row if t else 0),
            gathered,
            each * (2 * spline + layer.add),
        ),
        _matrices(f"mix {t + 1}", 2 * layer.mix, 2 * (message + basis), channels, real),
        Kernel(f"product_forward {t + 1}", basis + layer.rows_out * row, layer.terms * row, channels * layer.product),
        Kernel(
            f"product_reverse {t + 1}",
            2 * basis + layer.rows_out * row,
            layer.terms * row,
            channels * layer.product_reverse,
        ),
        _matrices(f"update {t + 1}", 2 * layer.update, 2 * (2 * layer.rows_out + layer.update) * row, channels, real),
        Kernel(f"readout {t + 1}", 2 * layer.rows_out * row, 0.0, channels * (10 * max(layer.units, 1) + 2)),
        owner,
    ]
    if t:
        kernels.append(
            Kernel(
                f"edges_reverse {t + 1}, by source",
                neighbors * (4 + edge) + 2 * layer.rows_in * row,
                each * real * (spline + layer.rows_message),
                each * (2 * spline + layer.reverse_source + layer.rows_message),
            )
        )
        kernels.append(_matrices(f"sources {t + 1}", 2 * layer.up, 5 * layer.rows_in * row, channels, real))
    return kernels


def _matrices(name: str, squares: int, memory: float, channels: int, real: int) -> Kernel:
    """Return products with matrices of channels squared: tiles read their rows again, and their weights each."""
    columns = 64 if channels % 64 == 0 else 32
    again = squares * channels * real * (channels / columns - 1)
    weights = squares * channels**2 * real / TILE_ROWS
    return Kernel(name, memory, again + weights, 2.0 * squares * channels**2)
