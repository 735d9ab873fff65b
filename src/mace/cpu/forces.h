// From the gradients of edges to forces and virials of atoms.
#pragma once

#include <vector>

#include "mace/cpu/neighborhood.h"
#include "mace/engine.h"

namespace mace {

// The energy depends on positions through the edge vectors d = owner - source alone. gradient: [edges][3], as
// Evaluator::compute leaves it. Fills the forces and virials of `answer`; they depend on the number of threads by
// rounding only.
template <class T>
void sum_forces(const Neighborhood<T>& atoms, const std::vector<double>& gradient, Virials virials, int threads,
                Answer& answer);

}  // namespace mace
