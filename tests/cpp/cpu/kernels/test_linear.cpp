#include <doctest/doctest.h>

#include "mace/cpu/kernels/linear.h"
#include "mace/cpu/kernels/linear_by_l.h"
#include "support/numbers.h"

namespace mace_tests {

TEST_CASE_TEMPLATE("the matrix product agrees with its reference", T, double, float) {
  const double tolerance = sizeof(T) == sizeof(double) ? 1e-12 : 1e-4;
  for (const int rows : {1, 3, 4, 7, 16})
    for (const int cols : {mace::padded(1), mace::padded(17), 64}) {
      const int inner = 40;
      const auto a = random_array<T>(rows * 50), b = random_array<T>(inner * cols, 8);
      for (const bool accumulate : {false, true}) {
        auto fast = random_array<T>(rows * 70), plain = fast;
        mace::multiply<T>(rows, inner, cols, a.data(), 50, b.data(), fast.data(), 70, accumulate);
        mace::multiply_reference<T>(rows, inner, cols, a.data(), 50, b.data(), plain.data(), 70, accumulate);
        CHECK(largest_difference(fast, plain) < tolerance);
      }
    }
}

TEST_CASE_TEMPLATE("the outer products agree with their reference", T, double, float) {
  const double tolerance = sizeof(T) == sizeof(double) ? 1e-12 : 1e-4;
  for (const int rows : {0, 1, 16, 33})
    for (const int ins : {1, 4, 7, 40})
      for (const int outs : {mace::padded(1), 3 * mace::padded(1)}) {
        const auto x = random_array<T>(rows * 50), y = random_array<T>(rows * 60, 8);
        auto fast = random_array<T>(ins * outs, 9), plain = fast;
        mace::add_outer_products<T>(rows, ins, outs, x.data(), 50, y.data(), 60, fast.data());
        mace::add_outer_products_reference<T>(rows, ins, outs, x.data(), 50, y.data(), 60, plain.data());
        CHECK(largest_difference(fast, plain) < tolerance);
      }
}

TEST_CASE("the map by l takes the matrix of l for every m, of the element that is asked for") {
  const int n = mace::padded(1), elements = 2, rows = 3;
  std::vector<mace::Linear<double>> of_l;
  std::vector<mace::Array<double>> weights;
  for (unsigned l = 0; l < 2; ++l) {
    weights.push_back(random_array<double>(elements * n * n, 20 + l));
    of_l.emplace_back(elements, n, n, weights.back());
  }
  const mace::Layout in = mace::features_layout(2, n), out = mace::features_layout(1, n);
  const mace::LinearByL<double> map(of_l, in, out);
  const auto x = random_array<double>(rows * in.size);
  mace::Array<double> fast(rows * out.size), plain(rows * out.size);
  map.forward(1, rows, x.data(), fast.data(), false);
  for (int row = 0; row < rows; ++row)
    for (const auto& [l, m] : {std::pair{0, 0}, {1, 0}, {1, 1}, {1, 2}})
      mace::multiply_reference(1, n, n, x.data() + row * in.size + (l * l + m) * n, 0, weights[l].data() + n * n,
                               plain.data() + row * out.size + (l * l + m) * n, 0, false);
  CHECK(largest_difference(fast, plain) < 1e-12);

  SUBCASE("and its reverse is its transpose") {
    const auto y = random_array<double>(rows * out.size, 9);
    mace::Array<double> back(rows * in.size, 0.0);
    map.reverse(1, rows, y.data(), back.data(), false);
    double there = 0, here = 0;
    for (std::size_t k = 0; k < y.size(); ++k) there += y[k] * fast[k];
    for (std::size_t k = 0; k < x.size(); ++k) here += x[k] * back[k];
    CHECK(there == doctest::Approx(here).epsilon(1e-12));
  }
  SUBCASE("and the gradient of its weights is of that element alone") {
    const auto y = random_array<double>(rows * out.size, 9);
    auto gradient = map.zero_gradient();
    map.differentiate(1, rows, x.data(), y.data(), gradient);
    double there = 0, here = 0;  // the map is linear in its weights
    for (std::size_t k = 0; k < y.size(); ++k) there += y[k] * fast[k];
    for (std::size_t l = 0; l < 2; ++l)
      for (int k = 0; k < elements * n * n; ++k) {
        if (k < n * n) CHECK(gradient[l][k] == 0);
        here += gradient[l][k] * weights[l][k];
      }
    CHECK(there == doctest::Approx(here).epsilon(1e-12));
  }
}

}  // namespace mace_tests
