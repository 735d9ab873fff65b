// Writes the functions of one layer's paths that kernels of source/interaction.cl call: straight-line code with the
// couplings as constants.
#pragma once

#include <string>
#include <vector>

#include "mace/model/layout.h"
#include "mace/model/weights.h"

namespace mace::gpu {

// Of a message: [l, m, path that ends in l][channel]
Layout message_layout(const std::vector<Path>& paths, int l_max, int channels);

// add_message(radial, y, h, message):     message += R_p C_p Y h, of one edge and channel
// reverse_message(radial, slope, y, h, adjoint, by_harmonic, by_r): its adjoints with respect to Y and to the length
// reverse_source(radial, y, adjoint, by_source): and with respect to h
std::string interaction_source(const std::vector<Path>& paths, int l_max);

}  // namespace mace::gpu
