// Rows of values: what is done to them where no kernel is needed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <numeric>

#include "mace/cpu/blocks.h"
#include "mace/cpu/kernels/array.h"

namespace mace {

template <class T>
void scale_row(std::size_t size, T scale, T* row) {
#pragma omp simd
  for (std::size_t k = 0; k < size; ++k) row[k] *= scale;
}

// Of rows of channels, in one sum for each place of a vector: for SVE of a given length GCC 12 gets it wrong if it is
// left to `omp simd reduction`, of floats in doubles.
template <class T>
double dot(std::size_t size, const T* a, const T* b) {
  double sums[Simd<T>::width] = {};
  for (std::size_t k = 0; k < size; k += Simd<T>::width)
    for (int place = 0; place < Simd<T>::width; ++place)
      sums[place] += static_cast<double>(a[k + place]) * b[k + place];
  return std::accumulate(std::begin(sums), std::end(sums), 0.0);
}

// Copies rows between an array of all owned rows and the rows of a block.
template <class T>
void gather(const Block& block, std::size_t size, const Array<T>& all, Array<T>& rows) {
  for (std::size_t b = 0; b < block.rows.size(); ++b)
    std::copy_n(all.data() + block.rows[b] * size, size, rows.data() + b * size);
}
template <class T>
void scatter(const Block& block, std::size_t size, const Array<T>& rows, Array<T>& all) {
  for (std::size_t b = 0; b < block.rows.size(); ++b)
    std::copy_n(rows.data() + b * size, size, all.data() + block.rows[b] * size);
}

}  // namespace mace
