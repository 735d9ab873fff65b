// The screened nuclear repulsion of Ziegler, Biersack and Littmark (The Stopping and Range of Ions in Solids, 1985)
// between the atoms of an edge, brought to zero by a polynomial envelope at a distance of the pair's own:
//   V(r) = strength / r * sum_k coefficient_k exp(-exponent_k r / length) * (1 - polynomial(r / end))   for r < end
#pragma once

#include <cstddef>

#include "mace/model/weights.h"

namespace mace {

class Repulsion {
 public:
  Repulsion() = default;  // no repulsion
  Repulsion(std::size_t elements, RepulsionWeights weights);

  bool empty() const { return weights_.pairs.empty(); }
  // The energy of one edge of length r, eV, and its slope, eV/angstrom.
  double energy(int owner, int source, double r, double* slope) const;

 private:
  std::size_t elements_ = 0;
  RepulsionWeights weights_;
};

}  // namespace mace
