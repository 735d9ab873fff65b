#include "mace/cpu/kernels/gate.h"

#include <cmath>
#include <cstddef>

namespace mace {

namespace {

template <class T>
T sigmoid(T x) {
  return 1 / (1 + std::exp(-x));
}

}  // namespace

Layout mixed_layout(int l_max, int channels) {
  Layout layout = features_layout(l_max, channels);
  const std::size_t gates = static_cast<std::size_t>(l_max) * static_cast<std::size_t>(channels);
  for (int l = 1; l <= l_max; ++l) layout.begin[static_cast<std::size_t>(l)] += gates;
  layout.size += gates;
  return layout;
}

template <class T>
void Gate<T>::forward(const T* mixed, T* gated) const {
  const int n = channels_;
  for (int c = 0; c < n; ++c) gated[c] = mixed[c] * sigmoid(mixed[c]);
  for (int l = 1; l <= l_max_; ++l) {
    const T* const of_l = mixed + static_cast<std::size_t>(l_max_ + l * l) * n;
    T* const out = gated + static_cast<std::size_t>(l * l) * n;
    for (int c = 0; c < n; ++c) out[c] = sigmoid(mixed[static_cast<std::size_t>(l) * n + c]);
    for (int m = 2 * l; m >= 0; --m) {  // the factors stand in the row of m = 0, which comes last
#pragma omp simd
      for (int c = 0; c < n; ++c) out[m * n + c] = out[c] * of_l[m * n + c];
    }
  }
}

template <class T>
void Gate<T>::reverse(const T* mixed, const T* gated_adjoint, T* mixed_adjoint) const {
  const int n = channels_;
  for (int c = 0; c < n; ++c) {
    const T x = mixed[c], s = sigmoid(x);
    mixed_adjoint[c] = gated_adjoint[c] * s * (1 + x * (1 - s));
  }
  for (int l = 1; l <= l_max_; ++l) {
    const std::size_t begin = static_cast<std::size_t>(l_max_ + l * l) * n;
    const T* const of_l = mixed + begin;
    const T* const from = gated_adjoint + static_cast<std::size_t>(l * l) * n;
    const T* const gate = mixed + static_cast<std::size_t>(l) * n;
    T* const gate_adjoint = mixed_adjoint + static_cast<std::size_t>(l) * n;
    T* const to = mixed_adjoint + begin;
    for (int c = 0; c < n; ++c) gate_adjoint[c] = 0;
    for (int m = 0; m <= 2 * l; ++m) {
#pragma omp simd
      for (int c = 0; c < n; ++c) gate_adjoint[c] += from[m * n + c] * of_l[m * n + c];
    }
    for (int c = 0; c < n; ++c) {
      const T s = sigmoid(gate[c]);
      gate_adjoint[c] *= s * (1 - s);
      to[c] = s;
    }
    for (int m = 2 * l; m >= 0; --m) {
#pragma omp simd
      for (int c = 0; c < n; ++c) to[m * n + c] = to[c] * from[m * n + c];
    }
  }
}

template <class T>
void Gate<T>::forward_reference(const T* mixed, T* gated) const {
  const Layout in = mixed_layout(l_max_, channels_), out = features_layout(l_max_, channels_);
  for (int l = 0; l <= l_max_; ++l)
    for (int m = 0; m <= 2 * l; ++m)
      for (int c = 0; c < channels_; ++c)
        gated[out.at(l, m) + c] = mixed[in.at(l, m) + c] * sigmoid(mixed[l * channels_ + c]);
}

template class Gate<float>;
template class Gate<double>;

}  // namespace mace
