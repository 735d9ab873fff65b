// Two ranks of one process, each a thread, that divide the atoms of a configuration between them.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <vector>

#include "mace/engine.h"
#include "support/configuration.h"

namespace mace_tests {

// What one rank knows: its own atoms, then those that it borrows from the other one.
struct Half {
  std::vector<int> atoms;  // [row]: of the whole configuration
  std::vector<int> sites;  // [site]: of the whole configuration
  std::shared_ptr<mace::Neighbors> neighbors;
  std::vector<int> lent;  // own rows

  std::vector<double> positions(const Configuration& whole) const;
};

// Odd atoms belong to rank 1.
std::array<Half, 2> halves(const Configuration& whole);
// owner: the rank of each atom
std::array<Half, 2> halves(const Configuration& whole, const std::vector<int>& owner);

// Runs work(rank, exchange) for both ranks at the same time.
void on_two_ranks(const std::array<Half, 2>& halves, const std::function<void(std::size_t, mace::Exchange&)>& work);

}  // namespace mace_tests
