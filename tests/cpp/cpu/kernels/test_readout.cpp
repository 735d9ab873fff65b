#include <doctest/doctest.h>

#include <cmath>

#include "mace/cpu/kernels/readout.h"
#include "support/numbers.h"

namespace mace_tests {

TEST_CASE("the reverse readout is the derivative of the energy, with two hidden layers, one and none") {
  const int n = 6;
  const mace::Readout<double> linear{random_array<double>(n), {}, {}, {}, {}};
  const mace::Readout<double> hidden{{}, random_array<double>(2 * n), {0.7, -1.3}, {}, {}};
  const mace::Readout<double> deep{{}, random_array<double>(2 * n), {0.7, -1.3}, {0.4, -0.9, 1.2, 0.3}, {0.2, -0.5}};
  for (const auto& readout : {linear, hidden, deep}) {
    const auto scalars = random_array<double>(n, 3);
    mace::Array<double> adjoint(n);
    readout.reverse(n, scalars.data(), 0.8, adjoint.data());
    for (std::size_t c = 0; c < scalars.size(); ++c) {
      const double numerical = central_difference([&](double step) {
        auto moved = scalars;
        moved[c] += step;
        return 0.8 * readout.energy(n, moved.data());
      });
      CHECK(std::fabs(numerical - adjoint[c]) < 1e-8);
    }
  }
}

}  // namespace mace_tests
