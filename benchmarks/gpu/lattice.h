// Boxes of atoms of any size, with their lists of neighbors.
#pragma once

#include "support/configuration.h"

namespace benchmarks {

// At least `atoms`, in a periodic cube, near the points of a cubic lattice; lists reach `cutoff` (angstrom).
mace_tests::Configuration lattice(int atoms, double cutoff);

// Mean number within the cutoff, if the lists reach `skin` beyond it and atoms lie evenly.
double neighbors(const mace_tests::Configuration& atoms, double skin);

}  // namespace benchmarks
