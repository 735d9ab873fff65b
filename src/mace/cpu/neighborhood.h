// What the evaluator is given: the rows of one rank and the edges that end on them.
#pragma once

#include <vector>

#include "mace/cpu/kernels/edge.h"

namespace mace {

template <class T>
struct Neighborhood {
  int owned = 0;                // rows whose energy this rank computes: 0 .. owned-1
  int total = 0;                // rows: owned ones, then those of other ranks
  std::vector<int> element;     // [total], index of the element; -1: no part of the model, without edges
  std::vector<int> first_edge;  // [owned + 1]
  std::vector<Edge<T>> edges;   // edges of row i: first_edge[i] .. first_edge[i+1]-1
};

}  // namespace mace
