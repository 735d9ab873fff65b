#include "mace/cpu/kernels/product.h"

#include <cassert>
#include <utility>

namespace mace {

namespace {

int degree(const Term& term) {
  int degree = 1;
  while (degree < max_degree && term.factor[degree] >= 0) ++degree;
  return degree;
}

}  // namespace

template <class T>
Product<T>::Product(int channels, int basis_rows, int outputs, std::vector<Term> terms, Array<T> coefficients)
    : channels_(channels),
      basis_rows_(basis_rows),
      outputs_(outputs),
      terms_(std::move(terms)),
      coefficients_(std::move(coefficients)) {
  // the file holds the terms by rising degree, so that each degree is one loop without branches
  for (std::size_t t = 0; t < terms_.size(); ++t) {
    assert(t == 0 || degree(terms_[t - 1]) <= degree(terms_[t]));
    for (int d = degree(terms_[t]); d <= max_degree; ++d) degree_end_[d - 1] = static_cast<int>(t) + 1;
  }
}

template <class T>
void Product<T>::forward(int element, const T* basis, T* output) const {
  using V = typename Simd<T>::type;
  const std::size_t n = static_cast<std::size_t>(channels_);
  const T* all = coefficients(element);
  for (std::size_t c = 0; c < n; c += Simd<T>::width) {
    const auto load = [c](const T* row) { return *reinterpret_cast<const V*>(row + c); };
    V sum[harmonics_count(max_l)] = {};
    int t = 0;
    for (; t < degree_end_[0]; ++t) sum[terms_[t].target] += load(all + t * n) * load(basis + terms_[t].factor[0] * n);
    for (; t < degree_end_[1]; ++t)
      sum[terms_[t].target] +=
          load(all + t * n) * (load(basis + terms_[t].factor[0] * n) * load(basis + terms_[t].factor[1] * n));
    for (; t < degree_end_[2]; ++t)
      sum[terms_[t].target] +=
          load(all + t * n) * (load(basis + terms_[t].factor[0] * n) * load(basis + terms_[t].factor[1] * n) *
                               load(basis + terms_[t].factor[2] * n));
    for (; t < degree_end_[3]; ++t)
      sum[terms_[t].target] +=
          load(all + t * n) * ((load(basis + terms_[t].factor[0] * n) * load(basis + terms_[t].factor[1] * n)) *
                               (load(basis + terms_[t].factor[2] * n) * load(basis + terms_[t].factor[3] * n)));
    for (int o = 0; o < outputs_; ++o) *reinterpret_cast<V*>(output + o * n + c) = sum[o];
  }
}

template <class T>
void Product<T>::reverse(int element, const T* basis, const T* output_adjoint, T* basis_adjoint) const {
  using V = typename Simd<T>::type;
  const std::size_t n = static_cast<std::size_t>(channels_);
  const T* all = coefficients(element);
  for (std::size_t c = 0; c < n; c += Simd<T>::width) {
    const auto load = [c](const T* row) { return *reinterpret_cast<const V*>(row + c); };
    const auto scaled = [&](int t) { return load(all + t * n) * load(output_adjoint + terms_[t].target * n); };
    V sum[harmonics_count(max_l)] = {};
    int t = 0;
    for (; t < degree_end_[0]; ++t) sum[terms_[t].factor[0]] += scaled(t);
    for (; t < degree_end_[1]; ++t) {
      const V g = scaled(t);
      const int i = terms_[t].factor[0], j = terms_[t].factor[1];
      const V a = load(basis + i * n), b = load(basis + j * n);
      sum[i] += g * b;
      sum[j] += g * a;
    }
    for (; t < degree_end_[2]; ++t) {
      const V g = scaled(t);
      const int i = terms_[t].factor[0], j = terms_[t].factor[1], k = terms_[t].factor[2];
      const V a = load(basis + i * n), b = load(basis + j * n), d = load(basis + k * n);
      const V gd = g * d;
      sum[i] += gd * b;
      sum[j] += gd * a;
      sum[k] += g * (a * b);
    }
    for (; t < degree_end_[3]; ++t) {
      const V g = scaled(t);
      const int i = terms_[t].factor[0], j = terms_[t].factor[1], k = terms_[t].factor[2], l = terms_[t].factor[3];
      const V a = load(basis + i * n), b = load(basis + j * n), d = load(basis + k * n), e = load(basis + l * n);
      const V gab = g * (a * b), gde = g * (d * e);
      sum[i] += gde * b;
      sum[j] += gde * a;
      sum[k] += gab * e;
      sum[l] += gab * d;
    }
    for (int i = 0; i < basis_rows_; ++i) *reinterpret_cast<V*>(basis_adjoint + i * n + c) = sum[i];
  }
}

template <class T>
void Product<T>::differentiate(int element, int rows, const T* basis, const T* output_adjoint,
                               Array<T>& gradient) const {
  using V = typename Simd<T>::type;
  const std::size_t n = static_cast<std::size_t>(channels_);
  const std::size_t basis_size = n * static_cast<std::size_t>(basis_rows_);
  const std::size_t output_size = n * static_cast<std::size_t>(outputs_);
  T* const all = gradient.data() + static_cast<std::size_t>(element) * terms_.size() * n;
  for (std::size_t c = 0; c < n; c += Simd<T>::width) {
    int t = 0;
    // the terms of one degree, whose product of factors `monomial` gives for one atom
    const auto add = [&](int end, const auto& monomial) {
      for (; t < end; ++t) {
        V sum = load(all + t * n + c);
        for (int b = 0; b < rows; ++b)
          sum += load(output_adjoint + b * output_size + terms_[t].target * n + c) *
                 monomial(basis + b * basis_size + c, terms_[t].factor);
        store(all + t * n + c, sum);
      }
    };
    add(degree_end_[0], [n](const T* a, const int* f) { return load(a + f[0] * n); });
    add(degree_end_[1], [n](const T* a, const int* f) { return V(load(a + f[0] * n) * load(a + f[1] * n)); });
    add(degree_end_[2],
        [n](const T* a, const int* f) { return V(load(a + f[0] * n) * load(a + f[1] * n) * load(a + f[2] * n)); });
    add(degree_end_[3], [n](const T* a, const int* f) {
      return V((load(a + f[0] * n) * load(a + f[1] * n)) * (load(a + f[2] * n) * load(a + f[3] * n)));
    });
  }
}

template <class T>
void Product<T>::forward_reference(int element, const T* basis, T* output) const {
  for (int o = 0; o < outputs_ * channels_; ++o) output[o] = 0;
  for (std::size_t t = 0; t < terms_.size(); ++t)
    for (int c = 0; c < channels_; ++c) {
      T value = coefficients(element)[t * channels_ + c];
      for (const int factor : terms_[t].factor)
        if (factor >= 0) value *= basis[factor * channels_ + c];
      output[terms_[t].target * channels_ + c] += value;
    }
}

template class Product<float>;
template class Product<double>;

}  // namespace mace
