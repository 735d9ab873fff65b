#include "mace/cpu/blocks.h"

#include <cstddef>
#include <numeric>
#include <utility>

namespace mace {

namespace {

std::vector<Block> make_blocks(int owned, const std::vector<int>& element) {
  std::vector<std::vector<int>> of_element;
  for (int i = 0; i < owned; ++i) {
    if (element[i] < 0) continue;
    const std::size_t e = static_cast<std::size_t>(element[i]);
    if (e >= of_element.size()) of_element.resize(e + 1);
    of_element[e].push_back(i);
  }
  std::vector<Block> blocks;
  for (std::size_t e = 0; e < of_element.size(); ++e) {
    const std::vector<int>& all = of_element[e];
    const std::size_t count = (all.size() + block_size - 1) / block_size;
    for (std::size_t k = 0; k < count; ++k)
      blocks.push_back(
          {static_cast<int>(e), {all.begin() + all.size() * k / count, all.begin() + all.size() * (k + 1) / count}});
  }
  return blocks;
}

}  // namespace

std::vector<std::vector<Block>> share_blocks(int owned, const std::vector<int>& element,
                                             const std::vector<int>& first_edge, int threads) {
  std::vector<Block> blocks = make_blocks(owned, element);
  std::vector<std::size_t> cost;
  for (const Block& block : blocks) {
    std::size_t edges = 8 * block.rows.size();  // the rest of the work on a row is worth some edges
    for (const int i : block.rows) edges += first_edge[i + 1] - first_edge[i];
    cost.push_back(edges);
  }
  std::vector<std::size_t> order(blocks.size()), load(static_cast<std::size_t>(threads), 0);
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (threads > 1)
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return cost[a] > cost[b]; });
  std::vector<std::vector<Block>> shares(load.size());
  for (const std::size_t b : order) {
    const std::size_t thread = std::min_element(load.begin(), load.end()) - load.begin();
    shares[thread].push_back(std::move(blocks[b]));
    load[thread] += cost[b];
  }
  return shares;
}

}  // namespace mace
