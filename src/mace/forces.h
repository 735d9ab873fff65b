// From the gradients of edges to forces and virials of atoms.
#pragma once

#include <array>
#include <vector>

#include "neighborhood.h"

namespace mace {

// What virials are wanted besides forces.
enum class Virials { none, total, atomic };

// The energy depends on positions through the edge vectors d = owner - source alone. The virial of an edge is
// -d (x) dE/dd; half of it goes to either end, as `compute stress/atom` of LAMMPS divides it.
struct Forces {
  std::vector<double> force;        // [total][3], eV/angstrom
  std::array<double, 9> virial{};   // [a][b], eV: position in direction a, force in direction b
  std::vector<double> atom_virial;  // [total][9], eV; empty unless asked for
};

// gradient: [edges][3], as Evaluator::compute leaves it. The result depends on the number of threads by rounding only.
template <class T>
void sum_forces(const Neighborhood<T>& atoms, const std::vector<double>& gradient, Virials virials, int threads,
                Forces& sums);

}  // namespace mace
