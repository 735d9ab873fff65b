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

// g[in][out] += sum_row x[row][in] y[row][out]: what a matrix between x and the adjoint y of its product gets. x and y
// have row strides, g is packed. outs is padded.
template <class T>
void add_outer_products(int rows, int ins, int outs, const T* x, std::size_t x_stride, const T* y, std::size_t y_stride,
                        T* g);

template <class T>
void add_outer_products_reference(int rows, int ins, int outs, const T* x, std::size_t x_stride, const T* y,
                                  std::size_t y_stride, T* g);

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
  // Adds the gradient of the weights to `gradient`, laid out as they are, given inputs and adjoints of outputs.
  void differentiate(int element, int rows, const T* x, std::size_t x_stride, const T* y, std::size_t y_stride,
                     Array<T>& gradient) const {
    add_outer_products(rows, in_, out_, x, x_stride, y, y_stride, gradient.data() + place(element));
  }
  std::size_t weights() const { return weights_.size(); }

 private:
  std::size_t place(int element) const { return static_cast<std::size_t>(elements_ == 1 ? 0 : element) * in_ * out_; }
  const T* matrix(const Array<T>& all, int element) const { return all.data() + place(element); }

  int elements_ = 0, in_ = 0, out_ = 0;
  Array<T> weights_, transposed_;
};

}  // namespace mace
