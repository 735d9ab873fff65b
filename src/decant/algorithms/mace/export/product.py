"""The symmetric contraction of a MACE layer as a list of monomials.

Products of features that differ only in their order are one term: the coupling coefficients of all orders are added.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from decant.algorithms.mace.export.linear import linear_matrix, o3

MAX_DEGREE = 4  # of the monomials that the evaluator knows


def product_arrays(product: Any, elements: list[int]) -> dict[str, np.ndarray]:
    """Return the monomials of a symmetric contraction, their couplings and weights, and the linear map behind it.

    Parameters
    ----------
    product
        An `EquivariantProductBasisBlock` of mace-torch.
    elements
        Elements to keep, as indices of the model's own.
    """
    agnostic = getattr(product, "use_agnostic_product", False)  # the same for all elements
    contractions = product.symmetric_contractions.contractions
    found, weights, first_weight = [], [], 0
    for l_out, contraction in enumerate(contractions):
        for degree in range(contraction.correlation, 0, -1):
            coupling = contraction.U_tensors(degree).numpy()
            if l_out == 0:
                coupling = coupling[None]
            index = contraction.correlation - degree
            weight = contraction.weights_max if index == 0 else contraction.weights[index - 1]
            found.append(_sorted_products(coupling, l_out, degree, first_weight))
            weights.append(weight.detach().numpy()[[0] if agnostic else elements])
            first_weight += weight.shape[1]
    terms, place, value = _merged([np.concatenate(part) for part in zip(*found, strict=True)], first_weight)
    irreps = o3.Irreps(product.linear.irreps_in)
    arrays = {
        "terms": terms,
        "coupling": value,
        "coupling_place": place,
        "weights": np.concatenate(weights, axis=1),
    }
    for l in range(len(contractions)):
        arrays[f"update.{l}"] = linear_matrix(product.linear, irreps, irreps, l)[None]
    return arrays


def _sorted_products(
    coupling: np.ndarray, l_out: int, degree: int, first_weight: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (degree, factors in order, target), weight and value of each non-zero U[M, i1..i_degree, weight]."""
    position = np.argwhere(np.abs(coupling) > 1e-10)
    terms = np.full((len(position), 2 + MAX_DEGREE), -1, dtype=np.int64)
    terms[:, 0] = degree
    terms[:, 1 : 1 + degree] = np.sort(position[:, 1:-1], axis=1)
    terms[:, -1] = l_out * l_out + position[:, 0]
    return terms, first_weight + position[:, -1], coupling[tuple(position.T)]


def _merged(parts: list[np.ndarray], weights: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Add the values of equal (term, weight); return terms [target, factors], places [term, weight] and values."""
    terms, weight, value = parts
    unique, term = np.unique(terms, axis=0, return_inverse=True)
    place, position = np.unique(term.ravel() * weights + weight, return_inverse=True)
    total = np.zeros(len(place))
    np.add.at(total, position.ravel(), value)
    return unique[:, [-1, *range(1, 1 + MAX_DEGREE)]], np.stack([place // weights, place % weights], axis=1), total
