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

TEST_CASE("the gradient of a readout's weights is the derivative of the energy") {
  const int n = 6;
  const auto scalars = random_array<double>(n, 3);
  mace::Readout<double> linear{random_array<double>(n), {}, {}, {}, {}};
  mace::Readout<double> gradient{mace::Array<double>(n, 0.0), {}, {}, {}, {}};
  linear.differentiate(n, scalars.data(), 0.8, gradient);
  for (int c = 0; c < n; ++c) CHECK(gradient.linear[c] == doctest::Approx(0.8 * scalars[c]));

  mace::Readout<double> hidden{{}, random_array<double>(2 * n), {0.7, -1.3}, {}, {}};
  gradient = {{}, mace::Array<double>(2 * n, 0.0), {0, 0}, {}, {}};
  hidden.differentiate(n, scalars.data(), 0.8, gradient);
  const auto slope = [&](double& weight) {
    const double before = weight;
    const double result = central_difference([&](double step) {
      weight = before + step;
      return 0.8 * hidden.energy(n, scalars.data());
    });
    weight = before;
    return result;
  };
  for (std::size_t k = 0; k < hidden.hidden.size(); ++k)
    CHECK(std::fabs(slope(hidden.hidden[k]) - gradient.hidden[k]) < 1e-8);
  for (std::size_t u = 0; u < 2; ++u) CHECK(std::fabs(slope(hidden.output[u]) - gradient.output[u]) < 1e-8);
}

}  // namespace mace_tests
