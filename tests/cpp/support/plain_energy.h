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

// Derivatives of it by central differences: while every atom moves along its part of `direction` ([atom][3]), and while
// all vectors v change by strain (x) v.
double plain_slope(const mace::Weights& weights, const Configuration& atoms, const std::vector<double>& direction);
double plain_strain_slope(const mace::Weights& weights, const Configuration& atoms,
                          const std::array<double, 9>& strain);

}  // namespace mace_tests
