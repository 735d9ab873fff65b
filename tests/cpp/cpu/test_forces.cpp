#include <doctest/doctest.h>

#include "mace/cpu/forces.h"
#include "support/numbers.h"

namespace mace_tests {

TEST_CASE("an edge pulls its ends against each other, and halves its virial between them") {
  mace::Neighborhood<double> atoms;
  atoms.owned = 1;
  atoms.total = 2;
  atoms.element = {0, 0};
  atoms.first_edge = {0, 1};
  atoms.edges = {{1, 2.0, {0, 0.6, 0.8}}};
  const std::vector<double> gradient = {1, -2, 3};
  mace::Answer answer;
  mace::sum_forces(atoms, gradient, mace::Virials::atomic, 1, answer);
  CHECK(answer.force == std::vector<double>{-1, 2, -3, 1, -2, 3});
  CHECK(answer.virial[3 * 1 + 2] == doctest::Approx(-2.0 * 0.6 * 3));
  for (std::size_t k = 0; k < 9; ++k)
    for (const std::size_t row : {std::size_t{0}, std::size_t{1}})
      CHECK(answer.atom_virial[9 * row + k] == doctest::Approx(0.5 * answer.virial[k]));
}

TEST_CASE("forces and virials do not depend on the number of threads") {
  mace::Neighborhood<double> atoms;
  atoms.owned = 20;
  atoms.total = 25;
  atoms.element.assign(25, 0);
  for (int i = 0; i <= 20; ++i) atoms.first_edge.push_back(3 * i);
  for (int e = 0; e < 60; ++e) atoms.edges.push_back({(7 * e) % 25, 1.0 + 0.01 * e, {0, 0.6, 0.8}});
  std::mt19937 generator(1);
  const auto gradient = random_values<std::vector<double>>(180, generator);
  mace::Answer serial, threaded;
  mace::sum_forces(atoms, gradient, mace::Virials::atomic, 1, serial);
  mace::sum_forces(atoms, gradient, mace::Virials::atomic, 3, threaded);
  CHECK(largest_difference(serial.force, threaded.force) < 1e-12);
  CHECK(largest_difference(serial.virial, threaded.virial) < 1e-12);
  CHECK(largest_difference(serial.atom_virial, threaded.atom_virial) < 1e-12);
}

}  // namespace mace_tests
