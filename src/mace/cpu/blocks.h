// How the owned rows are grouped for matrix products, and shared among threads.
#pragma once

#include <algorithm>
#include <vector>

namespace mace {

// Most rows of a matrix product: enough to reuse the weights, small enough for the cache.
constexpr int block_size = 16;

// Owned rows of one element that are worked on together.
struct Block {
  int element = 0;
  std::vector<int> rows;

  int size() const { return static_cast<int>(rows.size()); }
};

// Blocks of nearly equal size for each element of `element` ([row]; -1: of none). A row costs as much as its edges, of
// which row i has first_edge[i] .. first_edge[i+1]-1. Each block goes to the thread with least to do, the largest
// first: even, and the same every time.
std::vector<std::vector<Block>> share_blocks(int owned, const std::vector<int>& element,
                                             const std::vector<int>& first_edge, int threads);

// Shares rows 0 .. count-1 among the threads: work(first, rows) on a few at a time.
template <class Work>
void on_rows(int count, int threads, const Work& work) {
  const int chunks = (count + block_size - 1) / block_size;
#pragma omp parallel for num_threads(threads) schedule(static)
  for (int k = 0; k < chunks; ++k) work(k * block_size, std::min(block_size, count - k * block_size));
}

}  // namespace mace
