// Writes the symmetric contraction of one layer, that kernels of source/product.cl call: a statement a monomial.
#pragma once

#include <string>
#include <vector>

#include "mace/model/weights.h"

namespace mace::gpu {

// contract(w, b, output):                  output += w[term] * product of the term's factors in b, of one channel
// reverse_contract(w, b, adjoint, by_b):   the adjoint of b
std::string product_source(const std::vector<Term>& terms);

}  // namespace mace::gpu
