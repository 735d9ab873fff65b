#include "mace/gpu/linear_map.h"

#include <algorithm>
#include <cstddef>

#include "mace/gpu/kernel_source.h"

namespace mace::gpu {

namespace {

std::size_t size(int n) { return static_cast<std::size_t>(n); }

// [row of all blocks][column], padded, of one element
template <class T>
std::vector<T> padded_matrix(const Matrices& matrices, int element, std::size_t n, std::size_t padded) {
  std::vector<T> result(size(matrices.blocks) * padded * padded, T(0));
  const int own = matrices.elements == 1 ? 0 : element;
  const double* from = matrices.values.data() + size(own * matrices.blocks) * n * n;
  for (std::size_t block = 0; block < size(matrices.blocks); ++block)
    for (std::size_t in = 0; in < n; ++in)
      for (std::size_t out = 0; out < n; ++out) result[(block * padded + in) * padded + out] = static_cast<T>(*from++);
  return result;
}

template <class T>
std::vector<T> transposed(const std::vector<T>& matrix, std::size_t columns) {
  const std::size_t rows = matrix.size() / columns;
  std::vector<T> result(matrix.size());
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < columns; ++c) result[c * rows + r] = matrix[r * columns + c];
  return result;
}

// The matrix of an l takes `inner` values of x to `outer` of y; a job is a tile of its columns for one m.
struct Shape {
  int inner, outer, weights;  // weights: where they begin among those of an element
};

std::vector<int> jobs(const std::vector<Shape>& of_l, const Layout& x, const Layout& y, int columns) {
  std::vector<int> result;
  for (int l = 0; l < static_cast<int>(of_l.size()); ++l)
    for (int m = 0; m <= 2 * l; ++m)
      for (int column = 0; column < of_l[size(l)].outer; column += columns)
        result.insert(result.end(), {static_cast<int>(x.at(l, m)), of_l[size(l)].inner, of_l[size(l)].weights + column,
                                     of_l[size(l)].outer, static_cast<int>(y.at(l, m)) + column});
  return result;
}

}  // namespace

Multiply::Multiply(Device& device, const std::string& source, int columns)
    : kernel(device, source, "multiply", tile_rows * columns / 16), columns(columns) {}

template <class T>
LinearMap<T>::LinearMap(Device& device, const Multiply& multiply, const std::vector<Matrices>& of_l, int channels,
                        int padded, const Layout& in, const Layout& out)
    : multiply_(&multiply),
      in_size_(static_cast<int>(in.size)),
      out_size_(static_cast<int>(out.size)),
      forward_{0, 0, Array<int>(device), Array<T>(device)},
      reverse_{0, 0, Array<int>(device), Array<T>(device)} {
  if (of_l.empty()) return;
  int elements = 1;
  for (const Matrices& matrices : of_l) elements = std::max(elements, matrices.elements);
  std::vector<T> weights, turned;
  std::vector<Shape> shapes, turned_shapes;
  for (int element = 0; element < elements; ++element)
    for (const Matrices& matrices : of_l) {
      const int inner = matrices.blocks * padded, begin = static_cast<int>(weights.size());
      const std::vector<T> matrix = padded_matrix<T>(matrices, element, size(channels), size(padded));
      const std::vector<T> back = transposed(matrix, size(padded));
      weights.insert(weights.end(), matrix.begin(), matrix.end());
      turned.insert(turned.end(), back.begin(), back.end());
      if (element > 0) continue;
      shapes.push_back({inner, padded, begin});
      turned_shapes.push_back({padded, inner, begin});
    }
  const auto set = [&](Direction& direction, const std::vector<T>& values, const std::vector<int>& all) {
    direction.count = static_cast<int>(all.size() / 5);
    direction.element_size = elements == 1 ? 0 : static_cast<int>(values.size()) / elements;
    direction.jobs.upload(all);
    direction.weights.upload(values);
  };
  set(forward_, weights, jobs(shapes, in, out, multiply.columns));
  set(reverse_, turned, jobs(turned_shapes, out, in, multiply.columns));
}

template <class T>
void LinearMap<T>::run(const Direction& direction, const Places& places, const Chunk& chunk, Rows<T> x, int x_size,
                       Rows<T> y, int y_size, bool accumulate) const {
  multiply_->kernel(chunk.tiles * direction.count, chunk.first_tile, direction.count, int{accumulate},
                    direction.element_size, places.tiles, direction.jobs, direction.weights, x.first, x_size, x.values,
                    y.first, y_size, y.values);
}

template <class T>
void LinearMap<T>::forward(const Places& places, const Chunk& chunk, Rows<T> x, Rows<T> y, bool accumulate) const {
  run(forward_, places, chunk, x, in_size_, y, out_size_, accumulate);
}

template <class T>
void LinearMap<T>::reverse(const Places& places, const Chunk& chunk, Rows<T> y, Rows<T> x, bool accumulate) const {
  run(reverse_, places, chunk, y, out_size_, x, in_size_, accumulate);
}

template class LinearMap<float>;
template class LinearMap<double>;

}  // namespace mace::gpu
