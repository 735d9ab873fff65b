#include "mace/cpu/kernels/radial.h"

#include <algorithm>
#include <utility>

namespace mace {

template <class T>
RadialTable<T>::RadialTable(double r_min, double r_max, int knots, int functions, Array<T> rows)
    : r_min_(r_min),
      step_((r_max - r_min) / (knots - 1)),
      intervals_(knots - 1),
      functions_(functions),
      rows_(std::move(rows)) {}

template <class T>
const T* RadialTable<T>::locate(double r, T* value_weight, T* slope_weight) const {
  const double position = (r - r_min_) / step_;
  const int interval = std::clamp(static_cast<int>(position), 0, intervals_ - 1);
  const double t = position - interval, t2 = t * t, t3 = t2 * t, u = 1 - t;
  // quintic Hermite basis on [0, 1]: rows (value, slope, curvature) of the left and of the right knot
  const double value[6] = {u * u * u * (1 + 3 * t + 6 * t2), t * u * u * u * (1 + 3 * t), 0.5 * t2 * u * u * u,
                           t3 * (10 - 15 * t + 6 * t2),      -t3 * u * (4 - 3 * t),       0.5 * t3 * u * u};
  const double slope[6] = {-30 * t2 * u * u, u * u * (1 + 2 * t - 15 * t2), 0.5 * t * u * u * (2 - 5 * t),
                           30 * t2 * u * u,  t2 * (-12 + 28 * t - 15 * t2), 0.5 * t2 * u * (3 - 5 * t)};
  for (int k = 0; k < 6; ++k) {
    value_weight[k] = static_cast<T>(value[k]);
    slope_weight[k] = static_cast<T>(slope[k] / step_);
  }
  return rows_.data() + static_cast<std::size_t>(interval) * 3 * functions_;
}

template <class T>
void RadialTable<T>::evaluate(double r, T* value) const {
  T w[6], unused[6];
  const T* row = locate(r, w, unused);
  const int n = functions_;
#pragma omp simd
  for (int f = 0; f < n; ++f)
    value[f] = w[0] * row[f] + w[1] * row[n + f] + w[2] * row[2 * n + f] + w[3] * row[3 * n + f] +
               w[4] * row[4 * n + f] + w[5] * row[5 * n + f];
}

template <class T>
void RadialTable<T>::evaluate(double r, T* value, T* slope) const {
  T w[6], s[6];
  const T* row = locate(r, w, s);
  const int n = functions_;
#pragma omp simd
  for (int f = 0; f < n; ++f) {
    const T a = row[f], b = row[n + f], c = row[2 * n + f], d = row[3 * n + f], e = row[4 * n + f], g = row[5 * n + f];
    value[f] = w[0] * a + w[1] * b + w[2] * c + w[3] * d + w[4] * e + w[5] * g;
    slope[f] = s[0] * a + s[1] * b + s[2] * c + s[3] * d + s[4] * e + s[5] * g;
  }
}

template class RadialTable<float>;
template class RadialTable<double>;

}  // namespace mace
