// Models with random weights: whether an engine computes what the weights say depends on no training, and not even on
// the symmetry that real couplings have.
#pragma once

#include <string>
#include <vector>

#include "mace/model/weights.h"

namespace mace_tests {

struct Form {
  std::string name;
  int channels, l_max;
  std::vector<int> l_out;  // of each layer
  bool residual = false;
  bool density = false;  // with a pair repulsion and radial tables by pair of elements, as in MACE-MP-0b
  int degree = 3;
  bool gated = false;  // with messages of channels of their own, and one readout of two hidden layers, as in MACE-MH-1
  int elements = 3;    // H, C and O, and others after them
};

// Of every part that a model can have.
std::vector<Form> forms();

mace::Weights random_weights(const Form& form);

}  // namespace mace_tests
