// What the evaluator is given: the atoms of one rank and the edges that end on them.
#pragma once

#include <vector>

namespace mace {

// An edge carries a message from `source` (any atom, one of another rank too) to the atom that owns the edge.
template <class T>
struct Edge {
  int source = 0;
  double r = 0;                // length, angstrom
  T direction[3] = {0, 0, 0};  // unit vector from the source to the owner
};

template <class T>
struct Neighborhood {
  int owned = 0;                // atoms whose energy this rank computes: indices 0 .. owned-1
  int total = 0;                // owned atoms, then those of other ranks
  std::vector<int> element;     // [total], index into the model's elements; -1: no part of the model, without edges
  std::vector<int> first_edge;  // [owned + 1]
  std::vector<Edge<T>> edges;   // edges of atom i: first_edge[i] .. first_edge[i+1]-1
};

// Features of atoms of other ranks live there: the caller moves them.
template <class T>
class Exchange {
 public:
  virtual ~Exchange() = default;
  // Fill the rows of other ranks' atoms; `features` is [total][width].
  virtual void forward(T* features, int width) = 0;
  // Add the rows of other ranks' atoms to those of their owners.
  virtual void reverse(T* features, int width) = 0;
  // Until every rank is here; only timers ask, to tell waiting from moving.
  virtual void wait() {}
};

}  // namespace mace
