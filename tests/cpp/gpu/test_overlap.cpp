// Rows move between ranks while a device works on the atoms that need none of them.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "mace/gpu/gpu_engine.h"
#include "support/configuration.h"
#include "support/numbers.h"
#include "support/opencl.h"
#include "support/random_weights.h"
#include "support/two_ranks.h"
#include "support/watched_device.h"

namespace mace_tests {

namespace {

// Looks at what the device was told to do, and not waited for, whenever rows move.
class LookingExchange final : public mace::Exchange {
 public:
  LookingExchange(mace::Exchange& exchange, const WatchedDevice::State& state) : exchange_(exchange), state_(state) {}

  const std::vector<int>& lent() const override { return exchange_.lent(); }
  void lend(const char* lent, char* borrowed, std::size_t size) override {
    begun.push_back(state_.begun);
    exchange_.lend(lent, borrowed, size);
  }
  void give_back(const char* borrowed, char* lent, std::size_t size) override {
    begun.push_back(state_.begun);
    exchange_.give_back(borrowed, lent, size);
  }

  void sum(std::vector<double>& values) override { exchange_.sum(values); }
  std::vector<double> gather(const std::vector<double>& own, std::size_t& before) override {
    return exchange_.gather(own, before);
  }

  std::vector<int> begun;  // launches, each time

 private:
  mace::Exchange& exchange_;
  const WatchedDevice::State& state_;
};

std::unique_ptr<mace::Engine> engine(const mace::Weights& weights, WatchedDevice::State& state, int at_once) {
  return mace::make_gpu_engine<double>(
      weights, std::make_unique<WatchedDevice>(mace::gpu::open_device("opencl", 0), state), {at_once, true});
}

struct Told {
  std::vector<double> energy, force;
  std::array<std::vector<int>, 2> begun;  // of each rank
};

// What two ranks say of a chain, half of which belongs to each.
Told on_both(const mace::Weights& weights, const Configuration& atoms, int at_once) {
  std::vector<int> owner(atoms.size(), 0);
  std::fill(owner.begin() + static_cast<std::ptrdiff_t>(atoms.size() / 2), owner.end(), 1);
  const auto parts = halves(atoms, owner);
  std::array<mace::Answer, 2> answers;
  Told told;
  on_two_ranks(parts, [&](std::size_t rank, mace::Exchange& exchange) {
    WatchedDevice::State state;
    LookingExchange looking(exchange, state);
    const auto one = engine(weights, state, at_once);
    one->set_neighbors(parts[rank].neighbors);
    one->compute(parts[rank].positions(atoms).data(), looking, mace::Virials::none, answers[rank]);
    told.begun[rank] = looking.begun;
  });
  told.energy.resize(atoms.size());
  told.force.resize(3 * atoms.size());
  for (std::size_t rank = 0; rank < 2; ++rank)
    for (std::size_t row = 0; row < parts[rank].atoms.size(); ++row) {
      const std::size_t atom = static_cast<std::size_t>(parts[rank].atoms[row]);
      if (row < answers[rank].energy.size()) told.energy[atom] = answers[rank].energy[row];
      for (std::size_t k = 0; k < 3; ++k) told.force[3 * atom + k] += answers[rank].force[3 * row + k];
    }
  return told;
}

}  // namespace

TEST_CASE("atoms that need no borrowed row are worked on while rows move, both ways, and the answer is one rank's") {
  if (!has_opencl()) return;
  for (const Form& form : {forms()[1], forms()[2]}) {
    INFO(form.name);
    const mace::Weights weights = random_weights(form);
    const Configuration atoms = chain(weights.r_max, 24);
    WatchedDevice::State state;
    const auto alone = engine(weights, state, 8);
    mace::NoExchange nobody;
    mace::Answer whole;
    alone->set_neighbors(atoms.neighbors);
    REQUIRE_FALSE(alone->compute(atoms.positions().data(), nobody, mace::Virials::none, whole));
    const Told told = on_both(weights, atoms, 8), again = on_both(weights, atoms, 8);
    for (const std::vector<int>& begun : told.begun) {
      CHECK(begun.size() == 2 * (weights.layers.size() - 1));
      for (const int launches : begun) CHECK(launches >= 5);  // of a layer's kernels
    }
    CHECK(largest_difference(told.energy, whole.energy) < 1e-10 * largest(whole.energy));
    CHECK(largest_difference(told.force, whole.force) < 1e-10 * (1 + largest(whole.force)));
    CHECK(again.force == told.force);
    CHECK(again.energy == told.energy);
  }
}

TEST_CASE("where few atoms need no borrowed row, all wait for those that come") {
  if (!has_opencl()) return;
  const mace::Weights weights = random_weights(forms()[1]);
  const Configuration atoms = chain(weights.r_max, 24);
  const Told told = on_both(weights, atoms, 16384), divided = on_both(weights, atoms, 8);
  for (const std::vector<int>& begun : told.begun)
    for (const int launches : begun) CHECK(launches == 0);
  CHECK(largest_difference(told.force, divided.force) < 1e-10 * (1 + largest(told.force)));
}

}  // namespace mace_tests
