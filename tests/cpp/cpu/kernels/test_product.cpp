#include <doctest/doctest.h>

#include <cmath>

#include "mace/cpu/kernels/product.h"
#include "support/numbers.h"

namespace mace_tests {

namespace {

constexpr int channels = 48, rows = 9, outputs = 4;

mace::Product<double> product() {
  std::vector<mace::Term> terms = {{0, {0, -1, -1, -1}}, {2, {5, -1, -1, -1}}, {0, {1, 1, -1, -1}},
                                   {1, {2, 7, -1, -1}},  {0, {3, 3, 3, -1}},   {3, {1, 4, 8, -1}},
                                   {2, {6, 6, 7, -1}},   {1, {0, 0, 3, 8}},    {3, {1, 8, 8, 8}}};
  auto coefficients = random_array<double>(2 * terms.size() * channels);
  return {channels, rows, outputs, std::move(terms), std::move(coefficients)};
}

}  // namespace

TEST_CASE("the product agrees with its reference") {
  const auto basis = random_array<double>(rows * channels, 1);
  mace::Array<double> fast(outputs * channels), plain(outputs * channels);
  product().forward(1, basis.data(), fast.data());
  product().forward_reference(1, basis.data(), plain.data());
  CHECK(largest_difference(fast, plain) < 1e-12);
}

TEST_CASE("the gradient of the product's coefficients is its derivative, summed over the atoms of one element") {
  const int atoms = 3;
  const auto basis = random_array<double>(atoms * rows * channels, 1);
  const auto weight = random_array<double>(atoms * outputs * channels, 2);
  const mace::Product<double> whole = product();
  mace::Array<double> gradient(whole.weights(), 0.0);
  whole.differentiate(1, atoms, basis.data(), weight.data(), gradient);
  const auto coefficients = random_array<double>(whole.weights());  // those of product()
  double along = 0, energy = 0;                                     // the product is linear in them
  for (std::size_t k = 0; k < gradient.size(); ++k) {
    if (k < gradient.size() / 2) CHECK(gradient[k] == 0);
    along += gradient[k] * coefficients[k];
  }
  for (int atom = 0; atom < atoms; ++atom) {
    mace::Array<double> out(outputs * channels);
    whole.forward_reference(1, basis.data() + atom * rows * channels, out.data());
    for (std::size_t i = 0; i < out.size(); ++i) energy += weight[atom * outputs * channels + i] * out[i];
  }
  CHECK(along == doctest::Approx(energy).epsilon(1e-12));
}

TEST_CASE("the reverse product is the derivative of the product") {
  const auto basis = random_array<double>(rows * channels, 1), weight = random_array<double>(outputs * channels, 2);
  mace::Array<double> adjoint(rows * channels);
  product().reverse(1, basis.data(), weight.data(), adjoint.data());
  for (const int at : {0, 30, 3 * channels + 5, 8 * channels + 23}) {
    const double numerical = central_difference([&](double step) {
      auto moved = basis;
      moved[at] += step;
      mace::Array<double> out(outputs * channels);
      product().forward_reference(1, moved.data(), out.data());
      double sum = 0;
      for (std::size_t i = 0; i < out.size(); ++i) sum += weight[i] * out[i];
      return sum;
    });
    CHECK(std::fabs(numerical - adjoint[at]) < 1e-7);
  }
}

}  // namespace mace_tests
