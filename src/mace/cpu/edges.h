// From lists of neighbors and positions to the edges within the cutoff.
#pragma once

#include <optional>

#include "mace/cpu/neighborhood.h"
#include "mace/engine.h"

namespace mace {

// Fills the edges of `atoms`, whose rows are those of `neighbors`; they must be at least `shortest` long. If there is a
// problem, no row gets an edge.
template <class T>
std::optional<Problem> find_edges(const Neighbors& neighbors, const double* positions, double cutoff, double shortest,
                                  int threads, Neighborhood<T>& atoms);

}  // namespace mace
