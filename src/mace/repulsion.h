// The screened nuclear repulsion of Ziegler, Biersack and Littmark (The Stopping and Range of Ions in Solids, 1985)
// between the atoms of an edge, brought to zero by a polynomial envelope at a distance of the pair's own:
//   V(r) = strength / r * sum_k coefficient_k exp(-exponent_k r / length) * (1 - polynomial(r / end))   for r < end
#pragma once

#include <cstddef>
#include <vector>

namespace mace {

class Repulsion {
 public:
  // Of one ordered pair of elements: eV angstrom of one edge (half of the pair's energy), angstrom, angstrom.
  struct Pair {
    double strength = 0, length = 1, end = 0;
  };

  Repulsion() = default;  // no repulsion
  // pairs: [element of the owner][element of the source]; screening: [2][terms], coefficients and then exponents;
  // power: order to which the envelope is flat at r = 0
  Repulsion(std::size_t elements, std::vector<Pair> pairs, std::vector<double> screening, int power);

  bool empty() const { return pairs_.empty(); }
  // The energy of one edge of length r, eV, and its slope, eV/angstrom.
  double energy(int owner, int source, double r, double* slope) const;

 private:
  std::size_t elements_ = 0;
  std::vector<Pair> pairs_;
  std::vector<double> coefficient_, exponent_;
  int power_ = 0;
};

}  // namespace mace
