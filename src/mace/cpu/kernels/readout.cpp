#include "mace/cpu/kernels/readout.h"

#include <algorithm>
#include <cmath>

namespace mace {

namespace {

double silu(double x) { return x / (1 + std::exp(-x)); }

double silu_slope(double x) {
  const double s = 1 / (1 + std::exp(-x));
  return s * (1 + x * (1 - s));
}

}  // namespace

template <class T>
std::vector<double> Readout<T>::first(int channels, const T* scalars) const {
  std::vector<double> units(output.size(), 0.0);
  for (std::size_t u = 0; u < units.size(); ++u)
    for (int c = 0; c < channels; ++c) units[u] += static_cast<double>(hidden[u * channels + c]) * scalars[c];
  return units;
}

template <class T>
std::vector<double> Readout<T>::second(const std::vector<double>& first) const {
  std::vector<double> units = middle_bias;
  for (std::size_t v = 0; v < units.size(); ++v)
    for (std::size_t u = 0; u < first.size(); ++u) units[v] += middle[v * first.size() + u] * silu(first[u]);
  return units;
}

template <class T>
double Readout<T>::energy(int channels, const T* scalars) const {
  double energy = 0;
  if (!linear.empty()) {
    for (int c = 0; c < channels; ++c) energy += static_cast<double>(linear[c]) * scalars[c];
    return energy;
  }
  std::vector<double> units = first(channels, scalars);
  if (!middle.empty()) units = second(units);
  for (std::size_t u = 0; u < output.size(); ++u) energy += output[u] * silu(units[u]);
  return energy;
}

template <class T>
void Readout<T>::reverse(int channels, const T* scalars, double scale, T* scalars_adjoint) const {
  if (!linear.empty()) {
    for (int c = 0; c < channels; ++c) scalars_adjoint[c] = static_cast<T>(scale * linear[c]);
    return;
  }
  std::fill(scalars_adjoint, scalars_adjoint + channels, T(0));
  const std::vector<double> units = first(channels, scalars);
  std::vector<double> by_unit = output;  // dE/d(SiLU of the first hidden layer's units)
  if (!middle.empty()) {
    const std::vector<double> later = second(units);
    std::fill(by_unit.begin(), by_unit.end(), 0.0);
    for (std::size_t v = 0; v < later.size(); ++v)
      for (std::size_t u = 0; u < units.size(); ++u)
        by_unit[u] += output[v] * silu_slope(later[v]) * middle[v * units.size() + u];
  }
  for (std::size_t u = 0; u < units.size(); ++u) {
    const T slope = static_cast<T>(scale * by_unit[u] * silu_slope(units[u]));
    for (int c = 0; c < channels; ++c) scalars_adjoint[c] += slope * hidden[u * channels + c];
  }
}

template <class T>
void Readout<T>::differentiate(int channels, const T* scalars, double scale, Readout& gradient) const {
  for (std::size_t c = 0; c < linear.size(); ++c) gradient.linear[c] += static_cast<T>(scale) * scalars[c];
  if (!linear.empty()) return;
  const std::vector<double> units = first(channels, scalars);
  for (std::size_t u = 0; u < units.size(); ++u) {
    gradient.output[u] += scale * silu(units[u]);
    const T by_unit = static_cast<T>(scale * output[u] * silu_slope(units[u]));
    for (int c = 0; c < channels; ++c) gradient.hidden[u * channels + c] += by_unit * scalars[c];
  }
}

template struct Readout<float>;
template struct Readout<double>;

}  // namespace mace
