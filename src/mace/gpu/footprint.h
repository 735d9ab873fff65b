// What a model takes of a device's memory, before it is taken.
#pragma once

#include <cstddef>
#include <vector>

#include "mace/model/weights.h"

namespace mace::gpu {

// Atoms of one rank and their lists.
struct Extent {
  double owned = 0, total = 0;  // rows; total: with the borrowed ones
  double slots = 0, sites = 0;  // of Neighbors: entries of all lists, atoms and images
};

class Footprint {
 public:
  // real: bytes of the arithmetic's numbers; at_once: owned atoms of a chunk
  Footprint(const Weights& weights, std::size_t real, int at_once);

  // Bytes of the arrays that grow with the atoms. keep_bases: see Layer::resize().
  double bytes(const Extent& extent, bool keep_bases) const;
  // Owned atoms that fit into so many bytes, where lists, borrowed rows and images grow as the atoms do.
  double atoms(const Extent& extent, double bytes) const;

 private:
  struct Values {  // of an atom
    double in, out, basis, message;
    bool density;
  };

  std::size_t real_;
  double at_once_;
  std::vector<Values> layers_;
};

}  // namespace mace::gpu
