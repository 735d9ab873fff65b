#include <doctest/doctest.h>

#include <cmath>

#include "mace/cpu/kernels/repulsion.h"
#include "support/numbers.h"

namespace mace_tests {

namespace {

mace::Repulsion repulsion() {
  return {2,
          {{{400, 0.1, 1.5}, {200, 0.2, 1.1}, {200, 0.2, 1.1}, {7, 0.3, 0.7}},
           {0.2, 0.5, 0.3, 0.02, 3.2, 0.9, 0.4, 0.2},
           5}};
}

}  // namespace

TEST_CASE("the slope of the repulsion is its derivative") {
  for (const double r : {0.3, 0.69, 0.71, 1.05, 1.2})
    for (const int owner : {0, 1}) {
      double slope, unused;
      repulsion().energy(owner, 1, r, &slope);
      const double numerical =
          central_difference([&](double step) { return repulsion().energy(owner, 1, r + step, &unused); });
      CHECK(std::fabs(numerical - slope) < 1e-6 * (1 + std::fabs(slope)));
    }
}

TEST_CASE("the repulsion ends smoothly at the distance of the pair") {
  double slope;
  CHECK(repulsion().energy(0, 1, 1.0999, &slope) < 1e-6);
  CHECK(std::fabs(slope) < 1e-4);
  CHECK(repulsion().energy(0, 1, 1.1, &slope) == 0);
  CHECK(slope == 0);
}

}  // namespace mace_tests
