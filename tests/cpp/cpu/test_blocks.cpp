#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <numeric>

#include "mace/cpu/blocks.h"

namespace mace_tests {

TEST_CASE("every row with an element is in one block of that element, and threads have about as much to do") {
  const int owned = 100;
  std::vector<int> element, first_edge = {0};
  for (int i = 0; i < owned; ++i) {
    element.push_back(i % 4 - 1);
    first_edge.push_back(first_edge.back() + (i < 50 ? 10 : 40));
  }
  for (const int threads : {1, 3}) {
    const auto shares = mace::share_blocks(owned, element, first_edge, threads);
    REQUIRE(shares.size() == static_cast<std::size_t>(threads));
    std::vector<int> seen(owned, 0);
    std::vector<int> edges;
    for (const auto& share : shares) {
      edges.push_back(0);
      for (const mace::Block& block : share) {
        CHECK(block.size() <= mace::block_size);
        for (const int row : block.rows) {
          CHECK(element[static_cast<std::size_t>(row)] == block.element);
          ++seen[static_cast<std::size_t>(row)];
          edges.back() += row < 50 ? 10 : 40;
        }
      }
    }
    for (std::size_t i = 0; i < seen.size(); ++i) CHECK(seen[i] == (element[i] >= 0));
    CHECK(*std::max_element(edges.begin(), edges.end()) < 2 * *std::min_element(edges.begin(), edges.end()));
  }
}

TEST_CASE("on_rows visits every row once") {
  std::vector<int> seen(45, 0);
  mace::on_rows(45, 2, [&](int first, int rows) {
    for (int row = first; row < first + rows; ++row) ++seen[static_cast<std::size_t>(row)];
  });
  CHECK(seen == std::vector<int>(45, 1));
}

}  // namespace mace_tests
