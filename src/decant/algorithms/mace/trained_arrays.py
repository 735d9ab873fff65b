"""The arrays of an exported MACE as differentiable functions of the parameters that mace-torch trains.

The exporter reads a network by probing it, which no gradient survives; here the same arrays are written down from the
parameters themselves, for the networks that mace-torch makes today, and held to the exporter's when a training begins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from decant.algorithms.mace.export.heads import silu_factor
from decant.algorithms.mace.export.linear import o3
from decant.algorithms.mace.export.product import product_arrays
from decant.algorithms.mace.export.radial import edge_features, element_pairs, knot_rows, radial_layers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Named = Iterator[tuple[str, torch.Tensor]]


class TrainedArrays:
    """What the compiled trainer takes for a model of mace-torch, in the order of its parameters.

    Parameters
    ----------
    model
        A `MACE` or `ScaleShiftMACE` on the CPU. Its parameters are read at each call.
    sizes
        Of the trainer's arrays by name: how many knots the tables have.
    """

    def __init__(self, model: Any, sizes: Mapping[str, int]):
        import copy

        self.model = model
        constant = copy.deepcopy(model).to(torch.float64).eval()
        elements = list(range(len(constant.atomic_numbers)))
        pairs, table = element_pairs(constant, elements)
        pairs = [pairs[number] for number in dict.fromkeys(table.ravel())]  # as the tables are first met in the file
        with torch.no_grad():
            self._radial_basis, self._density_basis = [], []
            for t, interaction in enumerate(constant.interactions):
                functions = radial_layers(interaction)[-1].weight.shape[1]
                knots = sizes[f"layers.{t}.radial"] // (3 * len(pairs) * functions)
                self._radial_basis.append(_basis_rows(constant, interaction, pairs, knots))
                knots = sizes.get(f"layers.{t}.density", 0) // (3 * len(pairs))
                self._density_basis.append(_basis_rows(constant, interaction, pairs, knots) if knots else None)
            self._coupling = [_coupling_matrix(product, elements) for product in constant.products]
            self._readouts = [_readout_factor(readout) for readout in constant.readouts]

    def __call__(self) -> dict[str, torch.Tensor]:
        """Return the arrays by name, flat and in double precision, with gradients to the model's parameters."""
        arrays: dict[str, torch.Tensor] = {}
        layers = zip(self.model.interactions, self.model.products, self.model.readouts, strict=True)
        for t, (interaction, product, readout) in enumerate(layers):
            parts = [
                *self._interaction(t, interaction),
                ("coefficients", self._coefficients(t, product)),
                *_by_l("update", product.linear),
                *self._readout(t, readout),
            ]
            arrays.update({f"layers.{t}.{name}": array.reshape(-1) for name, array in parts})
        return arrays

    def _interaction(self, t: int, interaction: Any) -> Named:
        """Yield what is of an interaction block."""
        features = None
        if t == 0:
            embedding = self.model.node_embedding.linear
            features = _matrix(embedding, 0)
            yield "up_of_element", features @ _matrix(interaction.linear_up, 0)
        else:
            yield from _by_l("up", interaction.linear_up)
        yield "radial", _through(radial_layers(interaction), self._radial_basis[t])
        if self._density_basis[t] is not None:
            yield "density", _densities(interaction.density_fn, self._density_basis[t])
        skip = _element_maps(interaction.skip_tp)
        residual = "Residual" in type(interaction).__name__
        for l, mixing in enumerate(_blocks_by_l(interaction.linear)):
            # the other blocks divide by their density, atom by atom
            mixed = mixing if hasattr(interaction, "density_fn") else mixing / interaction.avg_num_neighbors
            yield f"mix.{l}", mixed if residual else torch.einsum("bij,ejk->ebik", mixed, skip[l])
        if residual and features is not None:
            yield "skip_of_element", torch.einsum("ei,eij->ej", features, skip[0])
        elif residual:
            for l, of_element in enumerate(skip):
                yield f"skip.{l}", of_element

    def _coefficients(self, t: int, product: Any) -> torch.Tensor:
        """Return the coefficients [element, term, channel] of the product."""
        weights = []
        for contraction in product.symmetric_contractions.contractions:
            weights += [contraction.weights_max, *contraction.weights]
        return self._coupling[t] @ torch.cat([weight.double() for weight in weights], dim=1)

    def _readout(self, t: int, readout: Any) -> Named:
        """Yield what is of a readout."""
        if type(readout).__name__ == "LinearReadoutBlock":
            yield "readout.linear", _matrix(readout.linear, 0)
            return
        yield "readout.hidden", _matrix(readout.linear_1, 0).T
        yield "readout.output", self._readouts[t] * _matrix(readout.linear_2, 0)


def _matrix(linear: Any, instruction: int) -> torch.Tensor:
    """Return the matrix [in, out] of one instruction of an `o3.Linear`, with its normalisation."""
    weight = linear.weight_view_for_instruction(instruction).double()
    return weight * linear.instructions[instruction].path_weight


def _blocks_by_l(linear: Any) -> list[torch.Tensor]:
    """Return the matrices [block, in, out] of an `o3.Linear` for each l of what comes out."""
    blocks: dict[int, list[torch.Tensor]] = {}
    for index, instruction in enumerate(linear.instructions):
        l = linear.irreps_out[instruction.i_out].ir.l
        blocks.setdefault(l, []).append(_matrix(linear, index))
    return [torch.stack(blocks[l]) for l in sorted(blocks)]


def _by_l(name: str, linear: Any) -> Named:
    """Yield the matrices of an `o3.Linear` that maps each l to itself."""
    for l, matrices in enumerate(_blocks_by_l(linear)):
        yield f"{name}.{l}", matrices


def _element_maps(product: Any) -> list[torch.Tensor]:
    """Return the matrices [element, in, out] of a product of features with elements, for each l."""
    maps = {}
    for index, instruction in enumerate(product.instructions):
        ir = product.irreps_out[instruction.i_out].ir
        weight = product.weight_view_for_instruction(index).double().transpose(0, 1)
        maps[ir.l] = weight * instruction.path_weight / (2 * ir.l + 1) ** 0.5
    return [maps[l] for l in sorted(maps)]


def _through(layers: list[Any], rows: torch.Tensor) -> torch.Tensor:
    """Carry value, slope and curvature [table, knot, 3, function] through a network of e3nn with SiLU in between."""
    value, slope, curvature = rows.unbind(dim=-2)
    *hidden, last = layers
    for layer in hidden:
        weight = layer.weight.double() / (layer.h_in * layer.var_in) ** 0.5
        x, dx, ddx = value @ weight, slope @ weight, curvature @ weight
        sigmoid = torch.sigmoid(x)
        # SiLU and its two derivatives
        first = sigmoid * (1 + x * (1 - sigmoid))
        second = sigmoid * (1 - sigmoid) * (2 + x * (1 - 2 * sigmoid))
        scale = layer.act.cst * layer.var_out**0.5
        value, slope, curvature = scale * x * sigmoid, scale * first * dx, scale * (second * dx**2 + first * ddx)
    weight = last.weight.double() / (last.h_in * last.var_in / last.var_out) ** 0.5
    return torch.stack([value, slope, curvature], dim=-2) @ weight


def _densities(network: Any, rows: torch.Tensor) -> torch.Tensor:
    """Return the rows of what an edge adds to the density of its owner: the tanh of the square of a network."""
    x, dx, ddx = _through(list(network.children()), rows).unbind(dim=-2)
    value = torch.tanh(x**2)
    slope = 1 - value**2
    first, second = 2 * x * dx, 2 * (dx**2 + x * ddx)
    return torch.stack([value, slope * first, slope * second - 2 * value * slope * first**2], dim=-2)


def _basis_rows(model: Any, interaction: Any, pairs: list[Any], knots: int) -> torch.Tensor:
    """Return what a radial network gets at the knots [table, knot, 3, function]: value, slope and curvature by step."""
    return knot_rows(lambda r, pairs: edge_features(model, interaction, r, pairs)[0], pairs, float(model.r_max), knots)


def _coupling_matrix(product: Any, elements: list[int]) -> torch.Tensor:
    """Return the couplings [term, weight] of a product."""
    arrays = product_arrays(product, elements)
    matrix = torch.zeros(len(arrays["terms"]), arrays["weights"].shape[1], dtype=torch.float64)
    term, weight = torch.from_numpy(arrays["coupling_place"]).T
    matrix[term, weight] = torch.from_numpy(arrays["coupling"])
    return matrix


def _readout_factor(readout: Any) -> float:
    """Return by what the activation of a readout is larger than SiLU; 1 if it has none."""
    if type(readout).__name__ == "LinearReadoutBlock":
        return 1.0
    return silu_factor(readout, o3.Irreps(readout.hidden_irreps))
