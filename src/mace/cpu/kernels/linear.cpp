#include "mace/cpu/kernels/linear.h"

namespace mace {

namespace {

// Vectors of columns that a tile of four rows holds: where a vector is short, the CPU begins more of them at a time.
constexpr int tile_vectors = simd_bytes < 32 ? 4 : 2;

// A tile of `rows` rows by `vectors` vectors of columns, held in registers over the whole inner sum.
template <class T, int rows, int vectors>
void multiply_tile(int inner, int cols, const T* a, std::size_t a_stride, const T* b, T* c, std::size_t c_stride,
                   bool accumulate) {
  using V = typename Simd<T>::type;
  constexpr int width = Simd<T>::width;
  V sum[rows][vectors];
  for (int i = 0; i < rows; ++i)
    for (int v = 0; v < vectors; ++v)
      sum[i][v] = accumulate ? *reinterpret_cast<const V*>(c + i * c_stride + v * width) : V{};
  for (int k = 0; k < inner; ++k) {
    V right[vectors];
    for (int v = 0; v < vectors; ++v)
      right[v] = *reinterpret_cast<const V*>(b + static_cast<std::size_t>(k) * cols + v * width);
    for (int i = 0; i < rows; ++i) {
      const T left = a[i * a_stride + k];
      for (int v = 0; v < vectors; ++v) sum[i][v] += left * right[v];
    }
  }
  for (int i = 0; i < rows; ++i)
    for (int v = 0; v < vectors; ++v) *reinterpret_cast<V*>(c + i * c_stride + v * width) = sum[i][v];
}

template <class T, int vectors>
void multiply_columns(int rows, int inner, int cols, const T* a, std::size_t a_stride, const T* b, T* c,
                      std::size_t c_stride, bool accumulate) {
  int i = 0;
  for (; i + 4 <= rows; i += 4)
    multiply_tile<T, 4, vectors>(inner, cols, a + i * a_stride, a_stride, b, c + i * c_stride, c_stride, accumulate);
  for (; i < rows; ++i)
    multiply_tile<T, 1, vectors>(inner, cols, a + i * a_stride, a_stride, b, c + i * c_stride, c_stride, accumulate);
}

// The outer products of `ins` columns of x with `vectors` vectors of y's, held in registers over all rows.
template <class T, int ins, int vectors>
void outer_tile(int rows, int outs, const T* x, std::size_t x_stride, const T* y, std::size_t y_stride, T* g) {
  using V = typename Simd<T>::type;
  constexpr int width = Simd<T>::width;
  V sum[ins][vectors];
  for (int i = 0; i < ins; ++i)
    for (int v = 0; v < vectors; ++v) sum[i][v] = load(g + static_cast<std::size_t>(i) * outs + v * width);
  for (int r = 0; r < rows; ++r) {
    V right[vectors];
    for (int v = 0; v < vectors; ++v) right[v] = load(y + r * y_stride + v * width);
    for (int i = 0; i < ins; ++i) {
      const T left = x[r * x_stride + i];
      for (int v = 0; v < vectors; ++v) sum[i][v] += left * right[v];
    }
  }
  for (int i = 0; i < ins; ++i)
    for (int v = 0; v < vectors; ++v) store(g + static_cast<std::size_t>(i) * outs + v * width, sum[i][v]);
}

template <class T, int vectors>
void outer_columns(int rows, int ins, int outs, const T* x, std::size_t x_stride, const T* y, std::size_t y_stride,
                   T* g) {
  int i = 0;
  for (; i + 4 <= ins; i += 4)
    outer_tile<T, 4, vectors>(rows, outs, x + i, x_stride, y, y_stride, g + static_cast<std::size_t>(i) * outs);
  for (; i < ins; ++i)
    outer_tile<T, 1, vectors>(rows, outs, x + i, x_stride, y, y_stride, g + static_cast<std::size_t>(i) * outs);
}

}  // namespace

template <class T>
void multiply(int rows, int inner, int cols, const T* a, std::size_t a_stride, const T* b, T* c, std::size_t c_stride,
              bool accumulate) {
  constexpr int width = Simd<T>::width;
  int j = 0;
  for (; j + tile_vectors * width <= cols; j += tile_vectors * width)
    multiply_columns<T, tile_vectors>(rows, inner, cols, a, a_stride, b + j, c + j, c_stride, accumulate);
  for (; j < cols; j += width)
    multiply_columns<T, 1>(rows, inner, cols, a, a_stride, b + j, c + j, c_stride, accumulate);
}

template <class T>
void multiply_reference(int rows, int inner, int cols, const T* a, std::size_t a_stride, const T* b, T* c,
                        std::size_t c_stride, bool accumulate) {
  for (int i = 0; i < rows; ++i)
    for (int j = 0; j < cols; ++j) {
      T sum = accumulate ? c[i * c_stride + j] : T(0);
      for (int k = 0; k < inner; ++k) sum += a[i * a_stride + k] * b[static_cast<std::size_t>(k) * cols + j];
      c[i * c_stride + j] = sum;
    }
}

template <class T>
void add_outer_products(int rows, int ins, int outs, const T* x, std::size_t x_stride, const T* y, std::size_t y_stride,
                        T* g) {
  constexpr int width = Simd<T>::width;
  int j = 0;
  for (; j + tile_vectors * width <= outs; j += tile_vectors * width)
    outer_columns<T, tile_vectors>(rows, ins, outs, x, x_stride, y + j, y_stride, g + j);
  for (; j < outs; j += width) outer_columns<T, 1>(rows, ins, outs, x, x_stride, y + j, y_stride, g + j);
}

template <class T>
void add_outer_products_reference(int rows, int ins, int outs, const T* x, std::size_t x_stride, const T* y,
                                  std::size_t y_stride, T* g) {
  for (int r = 0; r < rows; ++r)
    for (int i = 0; i < ins; ++i)
      for (int j = 0; j < outs; ++j)
        g[static_cast<std::size_t>(i) * outs + j] += x[r * x_stride + i] * y[r * y_stride + j];
}

template <class T>
Linear<T>::Linear(int elements, int in, int out, const Array<T>& weights)
    : elements_(elements), in_(in), out_(out), weights_(weights), transposed_(weights.size()) {
  const std::size_t size = static_cast<std::size_t>(in) * out;
  for (int e = 0; e < elements; ++e)
    for (int i = 0; i < in; ++i)
      for (int o = 0; o < out; ++o)
        transposed_[e * size + static_cast<std::size_t>(o) * in + i] =
            weights[e * size + static_cast<std::size_t>(i) * out + o];
}

template void multiply<float>(int, int, int, const float*, std::size_t, const float*, float*, std::size_t, bool);
template void multiply<double>(int, int, int, const double*, std::size_t, const double*, double*, std::size_t, bool);
template void multiply_reference<float>(int, int, int, const float*, std::size_t, const float*, float*, std::size_t,
                                        bool);
template void multiply_reference<double>(int, int, int, const double*, std::size_t, const double*, double*, std::size_t,
                                         bool);
template void add_outer_products<float>(int, int, int, const float*, std::size_t, const float*, std::size_t, float*);
template void add_outer_products<double>(int, int, int, const double*, std::size_t, const double*, std::size_t,
                                         double*);
template void add_outer_products_reference<float>(int, int, int, const float*, std::size_t, const float*, std::size_t,
                                                  float*);
template void add_outer_products_reference<double>(int, int, int, const double*, std::size_t, const double*,
                                                   std::size_t, double*);
template class Linear<float>;
template class Linear<double>;

}  // namespace mace
