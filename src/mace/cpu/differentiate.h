// The gradient of the energies of a MACE model with respect to its weights.
#pragma once

#include <vector>

#include "mace/cpu/layer_gradient.h"
#include "mace/cpu/neighborhood.h"

namespace mace {

// Of the sum over the rows of a rank that is alone of share[row] times the row's energy, layer by layer. The model must
// have plain layers (beyond_plain_layers).
template <class T>
std::vector<LayerGradient<T>> differentiate(const Model<T>& model, const Neighborhood<T>& atoms, const double* share,
                                            int threads);

}  // namespace mace
