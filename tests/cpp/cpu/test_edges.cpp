#include <doctest/doctest.h>

#include <cmath>

#include "mace/cpu/edges.h"
#include "support/configuration.h"

namespace mace_tests {

namespace {

mace::Neighborhood<double> rows_of(const Configuration& atoms) {
  mace::Neighborhood<double> result;
  result.owned = result.total = static_cast<int>(atoms.size());
  result.element = atoms.element;
  return result;
}

}  // namespace

TEST_CASE("edges are the neighbors within the cutoff, from the atom that a site stands for") {
  const double cutoff = 3.0;
  const Configuration atoms = periodic(cutoff);
  const auto x = atoms.positions();
  for (const int threads : {1, 3}) {
    auto found = rows_of(atoms);
    REQUIRE_FALSE(mace::find_edges(*atoms.neighbors, x.data(), cutoff, 0.1, threads, found));
    int edge = 0;
    for (std::size_t i = 0; i < atoms.size(); ++i) {
      CHECK(found.first_edge[i] == edge);
      for (int k = atoms.neighbors->first[i]; k < atoms.neighbors->first[i + 1]; ++k) {
        const std::size_t site = static_cast<std::size_t>(atoms.neighbors->site[static_cast<std::size_t>(k)]);
        double d[3];
        for (std::size_t a = 0; a < 3; ++a) d[a] = x[3 * i + a] - x[3 * site + a];
        const double r = std::sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
        if (r >= cutoff) continue;
        const auto& one = found.edges[static_cast<std::size_t>(edge++)];
        CHECK(one.source == atoms.site[site][0]);
        CHECK(one.r == doctest::Approx(r).epsilon(1e-14));
        for (std::size_t a = 0; a < 3; ++a) CHECK(one.direction[a] == doctest::Approx(d[a] / r).epsilon(1e-14));
      }
    }
    CHECK(found.first_edge.back() == edge);
    CHECK(static_cast<std::size_t>(edge) == found.edges.size());
    CHECK(found.edges.size() < atoms.neighbors->site.size());
  }
}

TEST_CASE("with a problem there are no edges") {
  const Configuration atoms = cluster(3.0);
  auto x = atoms.positions();
  for (std::size_t a = 0; a < 3; ++a) x[3 * 4 + a] = x[3 * 5 + a];  // on top of each other
  auto found = rows_of(atoms);
  const auto problem = mace::find_edges(*atoms.neighbors, x.data(), 3.0, 0.1, 2, found);
  REQUIRE(problem);
  CHECK(problem->contact());
  CHECK(problem->row == 4);
  CHECK(problem->site == 5);
  CHECK(problem->distance == 0);
  CHECK(found.edges.empty());
  CHECK(found.first_edge == std::vector<int>(atoms.size() + 1, 0));
}

}  // namespace mace_tests
