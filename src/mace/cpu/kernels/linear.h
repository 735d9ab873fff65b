// Products of a few rows of channels with a weight matrix, and the maps built from them.
#pragma once

#include <cstddef>

#include "mace/cpu/kernels/array.h"

namespace mace {

// c[row][col] (+)= sum_k a[row][k] b[k][col]; a and c have row strides, b is packed. cols is padded.
template <class T>
void multiply(int rows, int inner, int cols, const T* a, std::size_t a_stride, const T* b, T* c, std::size_t c_stride,
              bool accumulate);

// The same, written plainly; the tests hold the two together.
template <class T>
void multiply_reference(int rows, int inner, int cols, const T* a, std::size_t a_stride, const T* b, T* c,
                        std::size_t c_stride, bool accumulate);

// A weight matrix [in][out] per element (or one for all), with its transpose for the reverse pass.
template <class T>
class Linear {
 public:
  Linear() = default;
  // weights: [elements][in][out], already padded
  Linear(int elements, int in, int out, const Array<T>& weights);

  bool empty() const { return in_ == 0; }
  void forward(int element, int rows, const T* x, std::size_t x_stride, T* y, std::size_t y_stride,
               bool accumulate) const {
    multiply(rows, in_, out_, x, x_stride, matrix(weights_, element), y, y_stride, accumulate);
  }
  // x = y W^T: carries the adjoint of the output back to the input
  void reverse(int element, int rows, const T* y, std::size_t y_stride, T* x, std::size_t x_stride,
               bool accumulate) const {
    multiply(rows, out_, in_, y, y_stride, matrix(transposed_, element), x, x_stride, accumulate);
  }

 private:
  const T* matrix(const Array<T>& all, int element) const {
    return all.data() + static_cast<std::size_t>(elements_ == 1 ? 0 : element) * in_ * out_;
  }

  int elements_ = 0, in_ = 0, out_ = 0;
  Array<T> weights_, transposed_;
};

}  // namespace mace
