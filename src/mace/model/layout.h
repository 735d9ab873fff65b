// Where the channels of each l and m lie in the features or the messages of an atom.
#pragma once

#include <array>
#include <cstddef>

#include "mace/model/limits.h"

namespace mace {

struct Layout {
  std::size_t size = 0;                         // values of an atom
  std::array<std::size_t, max_l + 1> begin{};   // of l, m = 0
  std::array<std::size_t, max_l + 1> stride{};  // from m to m + 1

  std::size_t at(int l, int m) const {
    const std::size_t of_l = static_cast<std::size_t>(l);
    return begin[of_l] + static_cast<std::size_t>(m) * stride[of_l];
  }
};

// [lm][channel] for all l <= l_top
inline Layout features_layout(int l_top, int channels) {
  Layout layout;
  for (int l = 0; l <= l_top; ++l) {
    layout.begin[static_cast<std::size_t>(l)] = static_cast<std::size_t>(l * l) * static_cast<std::size_t>(channels);
    layout.stride[static_cast<std::size_t>(l)] = static_cast<std::size_t>(channels);
  }
  layout.size = static_cast<std::size_t>(harmonics_count(l_top)) * static_cast<std::size_t>(channels);
  return layout;
}

}  // namespace mace
