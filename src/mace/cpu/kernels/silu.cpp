#include "mace/cpu/kernels/silu.h"

namespace mace {

void silu_rows(std::size_t count, const double* rows, const double* sigmoid, double* silu) {
  const double *slope = rows + count, *curvature = slope + count;
  for (std::size_t k = 0; k < count; ++k) {
    const double x = rows[k], s = sigmoid[k], ds = s * (1 - s), dds = ds * (1 - 2 * s);
    const double first = s + x * ds, second = 2 * ds + x * dds;
    silu[k] = x * s;
    silu[count + k] = first * slope[k];
    silu[2 * count + k] = second * slope[k] * slope[k] + first * curvature[k];
  }
}

void silu_rows_reverse(std::size_t count, const double* rows, const double* sigmoid, const double* by_silu,
                       double* by_rows) {
  const double *slope = rows + count, *curvature = slope + count;
  for (std::size_t k = 0; k < count; ++k) {
    const double x = rows[k], s = sigmoid[k], ds = s * (1 - s), dds = ds * (1 - 2 * s), ddds = ds * (1 - 6 * ds);
    const double first = s + x * ds, second = 2 * ds + x * dds, third = 3 * dds + x * ddds;
    const double by_value = by_silu[k], by_slope = by_silu[count + k], by_curvature = by_silu[2 * count + k];
    by_rows[k] = by_value * first + by_slope * second * slope[k] +
                 by_curvature * (third * slope[k] * slope[k] + second * curvature[k]);
    by_rows[count + k] = by_slope * first + 2 * by_curvature * second * slope[k];
    by_rows[2 * count + k] = by_curvature * first;
  }
}

}  // namespace mace
