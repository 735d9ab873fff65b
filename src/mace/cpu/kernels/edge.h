// What the kernels know of the geometry of two neighbors.
#pragma once

namespace mace {

// An edge carries a message from `source` (any row, one of another rank too) to the row that owns the edge.
template <class T>
struct Edge {
  int source = 0;
  double r = 0;                // length, angstrom
  T direction[3] = {0, 0, 0};  // unit vector from the source to the owner
};

}  // namespace mace
