// SiLU, x s with the sigmoid s of x, of functions of a distance given by value, slope and curvature at its knots: a
// layer of a radial network in training.
#pragma once

#include <cstddef>

namespace mace {

// rows, silu: [3][count], value, slope and curvature; sigmoid: [count], of the values.
void silu_rows(std::size_t count, const double* rows, const double* sigmoid, double* silu);

// From the gradient of a number with respect to `silu` to that with respect to `rows`.
void silu_rows_reverse(std::size_t count, const double* rows, const double* sigmoid, const double* by_silu,
                       double* by_rows);

}  // namespace mace
