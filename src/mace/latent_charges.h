// Charges that a network gives its atoms, in each other's field: the part of a MACELES model that no cutoff ends.
//
// B. Cheng, npj Comput. Mater. 2025, 11, 80 (latent Ewald summation). Each charge is a Gaussian; their field is summed
// over reciprocal space in a box, and over all pairs without one.
#pragma once

#include <array>
#include <vector>

#include "mace/engine.h"
#include "mace/exchange.h"
#include "mace/model/weights.h"

namespace mace {

struct ChargeField {
  std::vector<double> potential;    // [own rows], eV: derivative of the energy by the charge of each
  std::vector<double> force;        // [own rows][3], eV/angstrom, of charges that stay as they are
  std::array<double, 9> virial{};   // eV, this rank's share
  std::vector<double> atom_virial;  // [own rows][9]; empty unless asked for

  // What an own row has of the energy: half of its charge in the potential, since the energy is quadratic in charges.
  double energy(std::size_t row, double charge) const { return 0.5 * charge * potential[row]; }
};

// Collective. charge: [own rows]. `threads` share the work.
ChargeField charge_field(const LatentCharges& model, const Space& space, const std::vector<double>& charge,
                         Exchange& exchange, Virials wanted, int threads);

}  // namespace mace
