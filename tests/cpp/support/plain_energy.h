// The energy of a model, written plainly from its weights: double precision, one channel and one term at a time,
// nothing packed, padded, merged or exchanged. Every engine is held to it.
#pragma once

#include <array>
#include <vector>

#include "mace/model/weights.h"
#include "support/configuration.h"

namespace mace_tests {

// [atom], eV
std::vector<double> plain_energies(const mace::Weights& weights, const Configuration& atoms);
double plain_energy(const mace::Weights& weights, const Configuration& atoms);

// Derivatives of it by central differences: [atom][3], eV/angstrom, and the virial as
// mace::Answer defines it, eV.
std::vector<double> plain_forces(const mace::Weights& weights, const Configuration& atoms);
std::array<double, 9> plain_virial(const mace::Weights& weights, const Configuration& atoms);

}  // namespace mace_tests
