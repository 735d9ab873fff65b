#include "mace/cpu/kernels/readout.h"

#include <algorithm>
#include <cmath>

namespace mace {

template <class T>
double Readout<T>::energy(int channels, const T* scalars) const {
  double energy = 0;
  if (!linear.empty()) {
    for (int c = 0; c < channels; ++c) energy += static_cast<double>(linear[c]) * scalars[c];
    return energy;
  }
  for (std::size_t u = 0; u < output.size(); ++u) {
    double x = 0;
    for (int c = 0; c < channels; ++c) x += static_cast<double>(hidden[u * channels + c]) * scalars[c];
    energy += output[u] * x / (1 + std::exp(-x));
  }
  return energy;
}

template <class T>
void Readout<T>::reverse(int channels, const T* scalars, double scale, T* scalars_adjoint) const {
  if (!linear.empty()) {
    for (int c = 0; c < channels; ++c) scalars_adjoint[c] = static_cast<T>(scale * linear[c]);
    return;
  }
  std::fill(scalars_adjoint, scalars_adjoint + channels, T(0));
  for (std::size_t u = 0; u < output.size(); ++u) {
    double x = 0;
    for (int c = 0; c < channels; ++c) x += static_cast<double>(hidden[u * channels + c]) * scalars[c];
    const double s = 1 / (1 + std::exp(-x));
    const T slope = static_cast<T>(scale * output[u] * s * (1 + x * (1 - s)));
    for (int c = 0; c < channels; ++c) scalars_adjoint[c] += slope * hidden[u * channels + c];
  }
}

template struct Readout<float>;
template struct Readout<double>;

}  // namespace mace
