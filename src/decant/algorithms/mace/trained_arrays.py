"""The arrays of an exported MACE as differentiable functions of the parameters that mace-torch trains.

The exporter reads a network by probing it, which no gradient survives; here the same arrays are written down from the
parameters themselves, for the networks that mace-torch makes today, and held to the exporter's when a training begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

import torch

from decant.algorithms.mace.export.heads import silu_factor
from decant.algorithms.mace.export.linear import o3
from decant.algorithms.mace.export.product import product_arrays
from decant.algorithms.mace.export.radial import edge_features, element_pairs, knot_rows, radial_layers
from decant.algorithms.mace.pieces import Pieces
from decant.algorithms.mace.radial_network import RadialNetwork

Formula = Callable[[Sequence[torch.Tensor]], torch.Tensor]
"""From the pieces of the parameters, flat, by their numbers, to an array."""
Named = Iterator[tuple[str, Formula]]
Matrix = tuple[torch.Tensor, torch.Tensor]
"""Where the elements of a matrix lie among the parameters, and the factors that go with them."""


class TrainedArrays:
    """What the compiled trainer takes for a model of mace-torch, in the order of its parameters.

    Most arrays are parameters in another order times constants, others products of two: what is constant in that is
    worked out once. The parameters must stay the same tensors, while their values are read at each call.

    Parameters
    ----------
    model
        A `MACE` or `ScaleShiftMACE` on the CPU.
    sizes
        Of the trainer's arrays by name: how many knots the tables have.
    """

    def __init__(self, model: Any, sizes: Mapping[str, int]):
        import copy

        self._pieces = Pieces()
        constant = copy.deepcopy(model).to(torch.float64).eval()
        elements = list(range(len(constant.atomic_numbers)))
        pairs, table = element_pairs(constant, elements)
        pairs = [pairs[number] for number in dict.fromkeys(table.ravel())]  # as the tables are first met in the file
        self._formulas: dict[str, Formula] = {}
        with torch.no_grad():
            for t, interaction in enumerate(model.interactions):
                functions = radial_layers(interaction)[-1].weight.shape[1]
                knots = sizes[f"layers.{t}.radial"] // (3 * len(pairs) * functions)
                basis = _basis_rows(constant, constant.interactions[t], pairs, knots)
                dense = sizes.get(f"layers.{t}.density", 0) // (3 * len(pairs))
                density = _basis_rows(constant, constant.interactions[t], pairs, dense) if dense else None
                coupling = _coupling_matrix(constant.products[t], elements)
                factor = _readout_factor(constant.readouts[t])
                parts = [
                    *self._interaction(model.node_embedding if t == 0 else None, interaction, basis, density),
                    ("coefficients", self._coefficients(model.products[t], coupling)),
                    *self._by_l("update", model.products[t].linear),
                    *self._readout(model.readouts[t], factor),
                ]
                self._formulas.update({f"layers.{t}.{name}": formula for name, formula in parts})

    def row(self) -> torch.Tensor:
        """Return all parameters that the arrays depend on in one row, in double precision, with gradients to them."""
        return self._pieces.row()

    def __call__(self, row: torch.Tensor | None = None) -> dict[str, torch.Tensor]:
        """Return the arrays by name, flat and in double precision, with gradients to the row of parameters."""
        pieces = self._pieces(self.row() if row is None else row)
        return {name: formula(pieces).reshape(-1) for name, formula in self._formulas.items()}

    def _interaction(
        self, embedding: Any, interaction: Any, basis: torch.Tensor, density: torch.Tensor | None
    ) -> Named:
        """Yield what is of an interaction block; the first one's features come from an embedding."""
        features = None
        if embedding is not None:
            features = self._pieces.add(*self._matrix(embedding.linear, 0))
            yield (
                "up_of_element",
                self._product("ij,jk->ik", features, self._pieces.add(*self._matrix(interaction.linear_up, 0))),
            )
        else:
            yield from self._by_l("up", interaction.linear_up)
        yield "radial", self._through(radial_layers(interaction), basis)
        if density is not None:
            network = self._through(list(interaction.density_fn.children()), density)
            yield "density", lambda pieces: _densities(network(pieces))
        skip = self._element_maps(interaction.skip_tp)
        residual = "Residual" in type(interaction).__name__
        for l, (places, factors) in enumerate(self._blocks_by_l(interaction.linear)):
            # the other blocks divide by their density, atom by atom
            divisor = 1.0 if hasattr(interaction, "density_fn") else interaction.avg_num_neighbors
            mixed = self._pieces.add(places, factors / divisor)
            yield f"mix.{l}", itemgetter(mixed) if residual else self._product("bij,ejk->ebik", mixed, skip[l])
        if residual and features is not None:
            yield "skip_of_element", self._product("ei,eij->ej", features, skip[0])
        elif residual:
            for l, of_element in enumerate(skip):
                yield f"skip.{l}", itemgetter(of_element)

    def _coefficients(self, product: Any, coupling: torch.Tensor) -> Formula:
        """Return the coefficients [element, term, channel] of the product."""
        weights: list[torch.Tensor] = []
        for contraction in product.symmetric_contractions.contractions:
            weights += [contraction.weights_max, *contraction.weights]
        joined = self._pieces.add(torch.cat([self._pieces.places(weight) for weight in weights], dim=1))
        shape = self._pieces.shape(joined)
        return lambda pieces: coupling @ pieces[joined].view(shape)

    def _readout(self, readout: Any, factor: float) -> Named:
        """Yield what is of a readout, whose activation is larger than SiLU by a factor."""
        if type(readout).__name__ == "LinearReadoutBlock":
            yield "readout.linear", itemgetter(self._pieces.add(*self._matrix(readout.linear, 0)))
            return
        places, factors = self._matrix(readout.linear_1, 0)
        yield "readout.hidden", itemgetter(self._pieces.add(places.T, factors))
        places, factors = self._matrix(readout.linear_2, 0)
        yield "readout.output", itemgetter(self._pieces.add(places, factor * factors))

    def _matrix(self, linear: Any, instruction: int) -> Matrix:
        """Return the matrix [in, out] of one instruction of an `o3.Linear`, with its normalisation."""
        places = linear.weight_view_for_instruction(instruction, self._pieces.places(linear.weight))
        return places, torch.tensor(linear.instructions[instruction].path_weight, dtype=torch.float64)

    def _blocks_by_l(self, linear: Any) -> list[Matrix]:
        """Return the matrices [block, in, out] of an `o3.Linear` for each l of what comes out."""
        blocks: dict[int, list[Matrix]] = {}
        for index, instruction in enumerate(linear.instructions):
            l = linear.irreps_out[instruction.i_out].ir.l
            blocks.setdefault(l, []).append(self._matrix(linear, index))
        by_l = (zip(*blocks[l], strict=True) for l in sorted(blocks))
        return [(torch.stack(places), torch.stack(factors)[:, None, None]) for places, factors in by_l]

    def _by_l(self, name: str, linear: Any) -> Named:
        """Yield the matrices of an `o3.Linear` that maps each l to itself."""
        for l, matrices in enumerate(self._blocks_by_l(linear)):
            yield f"{name}.{l}", itemgetter(self._pieces.add(*matrices))

    def _element_maps(self, product: Any) -> list[int]:
        """Return the pieces [element, in, out] of a product of features with elements, for each l."""
        maps = {}
        for index, instruction in enumerate(product.instructions):
            l = product.irreps_out[instruction.i_out].ir.l
            places = product.weight_view_for_instruction(index, self._pieces.places(product.weight)).transpose(0, 1)
            maps[l] = self._pieces.add(places, instruction.path_weight / (2 * l + 1) ** 0.5)
        return [maps[l] for l in sorted(maps)]

    def _product(self, equation: str, one: int, other: int) -> Formula:
        """Return the product of two pieces."""
        first, second = self._pieces.shape(one), self._pieces.shape(other)
        return lambda pieces: torch.einsum(equation, pieces[one].view(first), pieces[other].view(second))

    def _through(self, layers: list[Any], rows: torch.Tensor) -> Formula:
        """Carry value, slope and curvature [table, knot, 3, function] through a network of e3nn with SiLU in between.

        Each layer scales what comes out of the SiLU before it; its weights do so here.
        """
        matrices, scale = [], 1.0
        for layer in layers:
            factor = scale / (layer.h_in * layer.var_in) ** 0.5
            if layer is layers[-1]:
                factor *= layer.var_out**0.5
            else:
                scale = layer.act.cst * layer.var_out**0.5
            matrices.append(self._pieces.add(self._pieces.places(layer.weight), factor))
        shapes = [self._pieces.shape(matrix) for matrix in matrices]
        tables, knots = rows.shape[:2]
        first = rows.permute(2, 0, 1, 3).reshape(3 * tables * knots, -1).contiguous()

        def carried(pieces: Sequence[torch.Tensor]) -> torch.Tensor:
            found = RadialNetwork.apply(
                first, *(pieces[matrix].view(shape) for matrix, shape in zip(matrices, shapes, strict=True))
            )
            return found.view(3, tables, knots, -1).permute(1, 2, 0, 3)

        return carried


def _densities(rows: torch.Tensor) -> torch.Tensor:
    """Return the rows of what an edge adds to the density of its owner: the tanh of the square of a network."""
    x, dx, ddx = rows.unbind(dim=-2)
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
