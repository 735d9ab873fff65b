// The energy that a MACE layer adds to an atom.
#pragma once

#include <vector>

#include "mace/cpu/kernels/array.h"

namespace mace {

// Energy of an atom from its scalar features: linear, or one hidden layer with SiLU, or two; zero if all is empty.
template <class T>
struct Readout {
  Array<T> linear;             // [channel], empty if there is a hidden layer
  Array<T> hidden;             // [hidden unit][channel]
  std::vector<double> output;  // [unit of the last hidden layer]
  std::vector<double> middle,
      middle_bias;  // of the second hidden layer, empty if none: [unit][unit of the first], [unit]

  double energy(int channels, const T* scalars) const;
  // Overwrites scalars_adjoint with scale * dE/dscalars.
  void reverse(int channels, const T* scalars, double scale, T* scalars_adjoint) const;
  // Adds the gradient of the weights times `scale` to those of `gradient`; for at most one hidden layer.
  void differentiate(int channels, const T* scalars, double scale, Readout& gradient) const;

 private:
  // What the units of the first and of the second hidden layer get, before SiLU.
  std::vector<double> first(int channels, const T* scalars) const;
  std::vector<double> second(const std::vector<double>& first) const;
};

}  // namespace mace
