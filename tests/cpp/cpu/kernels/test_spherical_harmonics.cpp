#include <doctest/doctest.h>

#include <cmath>

#include "mace/cpu/kernels/spherical_harmonics.h"
#include "support/numbers.h"

namespace mace_tests {

namespace {

constexpr double direction[3] = {0.48, -0.6, 0.64};

}  // namespace

TEST_CASE("harmonics of degree l have squared norm 2l+1") {
  double values[16];
  mace::spherical_harmonics(3, direction[0], direction[1], direction[2], values);
  for (int l = 0; l <= 3; ++l) {
    double norm = 0;
    for (int lm = l * l; lm < (l + 1) * (l + 1); ++lm) norm += values[lm] * values[lm];
    CHECK(std::fabs(norm - (2 * l + 1)) < 1e-12);
  }
}

TEST_CASE("the gradient of the harmonics is their finite difference") {
  const auto weight = random_array<double>(16);
  const double length = 1.7;
  double gradient[3];
  mace::spherical_harmonics_gradient(3, direction[0], direction[1], direction[2], length, weight.data(), gradient);
  for (int k = 0; k < 3; ++k) {
    const double numerical = central_difference([&](double step) {
      double d[3] = {direction[0] * length, direction[1] * length, direction[2] * length};
      d[k] += step;
      const double r = std::sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
      double y[16], sum = 0;
      mace::spherical_harmonics(3, d[0] / r, d[1] / r, d[2] / r, y);
      for (int lm = 0; lm < 16; ++lm) sum += weight[lm] * y[lm];
      return sum;
    });
    CHECK(std::fabs(numerical - gradient[k]) < 1e-8);
  }
}

}  // namespace mace_tests
