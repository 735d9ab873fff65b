// The symmetric contraction of a MACE layer: for every channel a polynomial of the atom's own message,
//   B[LM] = sum_t C_t[element] A[i_t] A[j_t] A[k_t] A[l_t]
// over the monomials t of degree one to four that survive symmetrisation.
// Batatia et al., NeurIPS 2022 (arXiv:2206.07697), eq. 10-11, with equal products merged.
#pragma once

#include <vector>

#include "mace/cpu/kernels/array.h"
#include "mace/model/weights.h"

namespace mace {

template <class T>
class Product {
 public:
  Product() = default;
  // coefficients: [elements][terms][channels]
  Product(int channels, int basis_rows, int outputs, std::vector<Term> terms, Array<T> coefficients);

  // basis [lm][channel] of one atom -> output [LM][channel]
  void forward(int element, const T* basis, T* output) const;
  // overwrites basis_adjoint
  void reverse(int element, const T* basis, const T* output_adjoint, T* basis_adjoint) const;
  // Adds the gradient of the coefficients of all elements to `gradient`, given the bases of a few atoms of one element
  // and the adjoints of their outputs.
  void differentiate(int element, int rows, const T* basis, const T* output_adjoint, Array<T>& gradient) const;
  std::size_t weights() const { return coefficients_.size(); }

  // One channel and one term at a time; the tests hold forward() to it.
  void forward_reference(int element, const T* basis, T* output) const;

 private:
  const T* coefficients(int element) const {
    return coefficients_.data() + static_cast<std::size_t>(element) * terms_.size() * channels_;
  }

  int channels_ = 0, basis_rows_ = 0, outputs_ = 0;
  std::vector<Term> terms_;
  int degree_end_[max_degree] = {};  // terms of degree d: degree_end_[d-2] .. degree_end_[d-1]-1
  Array<T> coefficients_;
};

}  // namespace mace
