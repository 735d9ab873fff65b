// SiLU along a distance: value, slope and curvature are derivatives of each other, and so is the way back.
#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <vector>

#include "mace/cpu/kernels/silu.h"

namespace mace_tests {

namespace {

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// Value, slope and curvature of SiLU(x(r)) where x(r) = a + b r + c r^2 / 2, at r.
std::vector<double> at(double a, double b, double c, double r) {
  const std::vector<double> rows = {a + b * r + 0.5 * c * r * r, b + c * r, c};
  const double s = sigmoid(rows[0]);
  std::vector<double> result(3);
  mace::silu_rows(1, rows.data(), &s, result.data());
  return result;
}

}  // namespace

TEST_CASE("the rows of SiLU are value, slope and curvature of one function") {
  for (const double a : {-3.0, 0.0, 0.7}) {
    const double h = 1e-5, b = 1.3, c = -0.8;
    const auto here = at(a, b, c, 0), right = at(a, b, c, h), left = at(a, b, c, -h);
    CHECK(here[0] == doctest::Approx(a * sigmoid(a)));
    CHECK(here[1] == doctest::Approx((right[0] - left[0]) / (2 * h)).epsilon(1e-8));
    CHECK(here[2] == doctest::Approx((right[1] - left[1]) / (2 * h)).epsilon(1e-8));
  }
}

TEST_CASE("the way back through the rows of SiLU is their derivative") {
  const std::size_t count = 5;
  std::vector<double> rows(3 * count), weight(3 * count), found(3 * count);
  for (std::size_t k = 0; k < rows.size(); ++k) {
    rows[k] = std::sin(1.7 * static_cast<double>(k) + 0.3) * 2;
    weight[k] = std::cos(0.9 * static_cast<double>(k));
  }
  const auto sum = [&](const std::vector<double>& at) {
    std::vector<double> s(count), silu(3 * count);
    for (std::size_t k = 0; k < count; ++k) s[k] = sigmoid(at[k]);
    mace::silu_rows(count, at.data(), s.data(), silu.data());
    double result = 0;
    for (std::size_t k = 0; k < silu.size(); ++k) result += weight[k] * silu[k];
    return result;
  };
  std::vector<double> s(count);
  for (std::size_t k = 0; k < count; ++k) s[k] = sigmoid(rows[k]);
  mace::silu_rows_reverse(count, rows.data(), s.data(), weight.data(), found.data());
  for (std::size_t k = 0; k < rows.size(); ++k) {
    auto right = rows, left = rows;
    right[k] += 1e-5;
    left[k] -= 1e-5;
    CHECK(found[k] == doctest::Approx((sum(right) - sum(left)) / 2e-5).epsilon(1e-7));
  }
}

}  // namespace mace_tests
