// A few atoms in a cell that is shorter than the cutoff, with every periodic image within reach.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <vector>

#include "mace/engine.h"

namespace mace_tests {

struct Configuration {
  std::array<double, 9> cell{};          // [vector][xyz]
  std::vector<int> element;              // [atom]
  std::vector<double> x;                 // [atom][3]
  std::vector<std::array<int, 4>> site;  // [site]: its atom, and how many of each cell vector it is away from that
  std::shared_ptr<mace::Neighbors> neighbors;

  std::size_t size() const { return element.size(); }
  std::vector<double> positions() const;  // [site][3]
  // Positions and cell with every vector v moved by strain (x) v.
  Configuration strained(const std::array<double, 9>& strain) const;
};

// Elements 0, 1 and 2 in turn. Lists reach `cutoff` and a skin beyond it.
Configuration periodic(double cutoff);
// The same atoms without images.
Configuration cluster(double cutoff);
// So many atoms along a line, 1.5 angstrom apart.
Configuration chain(double cutoff, int atoms);

}  // namespace mace_tests
