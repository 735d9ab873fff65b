#include <doctest/doctest.h>

#include <cmath>

#include "mace/cpu/kernels/radial.h"

namespace mace_tests {

namespace {

// A table of a polynomial of degree five, which a quintic spline must reproduce exactly.
mace::RadialTable<double> polynomial_table() {
  const int knots = 5;
  const double r_min = 0.5, r_max = 4.5, step = (r_max - r_min) / (knots - 1);
  mace::Array<double> rows(knots * 3 * 8, 0.0);
  for (int k = 0; k < knots; ++k) {
    const double r = r_min + k * step;
    rows[(3 * k) * 8] = 1 + r * r - 0.1 * std::pow(r, 5);
    rows[(3 * k + 1) * 8] = step * (2 * r - 0.5 * std::pow(r, 4));
    rows[(3 * k + 2) * 8] = step * step * (2 - 2 * std::pow(r, 3));
  }
  return {r_min, r_max, knots, 8, rows};
}

}  // namespace

TEST_CASE("the spline reproduces a quintic and its slope") {
  const auto table = polynomial_table();
  for (const double r : {0.5, 0.77, 1.5, 3.14159, 4.4999}) {
    double value[8], slope[8], value_alone[8];
    table.evaluate(r, value, slope);
    table.evaluate(r, value_alone);
    CHECK(std::fabs(value[0] - (1 + r * r - 0.1 * std::pow(r, 5))) < 1e-10);
    CHECK(std::fabs(slope[0] - (2 * r - 0.5 * std::pow(r, 4))) < 1e-9);
    CHECK(value[0] == value_alone[0]);
  }
}

}  // namespace mace_tests
