// The energy that a MACE layer adds to an atom.
#pragma once

#include <vector>

#include "mace/cpu/kernels/array.h"

namespace mace {

// Energy of an atom from its scalar features: linear, or one hidden layer with SiLU.
template <class T>
struct Readout {
  Array<T> linear;             // [channel], empty if there is a hidden layer
  Array<T> hidden;             // [hidden unit][channel]
  std::vector<double> output;  // [hidden unit]

  double energy(int channels, const T* scalars) const;
  // Overwrites scalars_adjoint with scale * dE/dscalars.
  void reverse(int channels, const T* scalars, double scale, T* scalars_adjoint) const;
};

}  // namespace mace
