// What an engine of a device does when there is too little memory, and when the device is lost.
#include <doctest/doctest.h>

#include <string>

#include "mace/engine.h"
#include "mace/gpu/device.h"
#include "mace/gpu/footprint.h"
#include "mace/gpu/gpu_engine.h"
#include "support/configuration.h"
#include "support/opencl.h"
#include "support/random_weights.h"
#include "support/two_ranks.h"
#include "support/watched_device.h"

namespace mace_tests {

namespace {

const mace::Weights& weights() {
  static const mace::Weights all = random_weights(forms()[2]);  // with densities
  return all;
}

std::unique_ptr<mace::Engine> engine(WatchedDevice::State& state, mace::Sparing sparing = {}) {
  return mace::make_gpu_engine<double>(
      weights(), std::make_unique<WatchedDevice>(mace::gpu::open_device("opencl", 0), state), sparing);
}

mace::Answer evaluate(mace::Engine& one, const Configuration& atoms) {
  mace::NoExchange alone;
  mace::Answer answer;
  one.set_neighbors(atoms.neighbors);
  REQUIRE_FALSE(one.compute(atoms.positions().data(), alone, mace::Virials::atomic, answer));
  return answer;
}

mace::gpu::Extent extent(const mace::Neighbors& lists) {
  return {static_cast<double>(lists.owned()), static_cast<double>(lists.element.size()),
          static_cast<double>(lists.site.size()), static_cast<double>(lists.row.size())};
}

}  // namespace

TEST_CASE("what a model takes of the memory is known before it is taken") {
  if (!has_opencl()) return;
  const Configuration atoms = periodic(weights().r_max);
  for (const bool keep : {true, false})
    for (const int at_once : {3, 16384}) {
      WatchedDevice::State state;
      const auto one = engine(state, {at_once, keep});
      evaluate(*one, atoms);
      const double told =
          mace::gpu::Footprint(weights(), sizeof(double), at_once).bytes(extent(*atoms.neighbors), keep);
      CHECK(told == doctest::Approx(one->bytes()).epsilon(0.02));
    }
}

TEST_CASE("what ranks lend each other is counted, too") {
  if (!has_opencl()) return;
  const Configuration atoms = periodic(weights().r_max);
  const auto parts = halves(atoms);
  on_two_ranks(parts, [&](std::size_t rank, mace::Exchange& exchange) {
    WatchedDevice::State state;
    const auto one = engine(state);
    mace::Answer answer;
    one->set_neighbors(parts[rank].neighbors);
    one->compute(parts[rank].positions(atoms).data(), exchange, mace::Virials::atomic, answer);
    const mace::gpu::Footprint footprint(weights(), sizeof(double), 16384);
    CHECK(footprint.bytes(extent(*parts[rank].neighbors), true) == doctest::Approx(one->bytes()).epsilon(0.02));
  });
}

TEST_CASE("atoms for which there is no memory are refused before any is taken, and told how many fit") {
  if (!has_opencl()) return;
  WatchedDevice::State state;
  const auto one = engine(state);
  const Configuration atoms = periodic(weights().r_max);
  const double need = mace::gpu::Footprint(weights(), sizeof(double), 16384).bytes(extent(*atoms.neighbors), false);
  const double before = state.taken;
  state.all = before + 0.75 * need;
  const std::string fit = std::to_string(atoms.size() * 3 / 4);
  CHECK_THROWS_WITH_AS(one->set_neighbors(atoms.neighbors),
                       doctest::Contains(("enough for about " + fit + " atoms").c_str()), mace::gpu::DeviceError);
  CHECK(state.taken == before);
  state.all = 1e12;
  CHECK_NOTHROW(evaluate(*one, atoms));
}

TEST_CASE("where memory is short, what can be made again is not kept, and the answer is the same") {
  if (!has_opencl()) return;
  const Configuration atoms = periodic(weights().r_max);
  WatchedDevice::State plenty, short_of;
  const auto one = engine(plenty), other = engine(short_of);
  const mace::Answer expected = evaluate(*one, atoms);
  const mace::gpu::Footprint footprint(weights(), sizeof(double), 16384);
  short_of.all = short_of.taken + footprint.bytes(extent(*atoms.neighbors), true);
  const mace::Answer found = evaluate(*other, atoms);
  CHECK(other->bytes() < one->bytes());
  CHECK(short_of.launches > plenty.launches);
  CHECK(found.force == expected.force);
  CHECK(found.energy == expected.energy);
}

TEST_CASE("a device that is lost in the midst of a step ends it with the device's words") {
  if (!has_opencl()) return;
  WatchedDevice::State state;
  const auto one = engine(state);
  const Configuration atoms = periodic(weights().r_max);
  evaluate(*one, atoms);
  state.lost_at = state.launches + 7;
  mace::NoExchange alone;
  mace::Answer answer;
  CHECK_THROWS_WITH_AS(one->compute(atoms.positions().data(), alone, mace::Virials::none, answer), "the card is lost",
                       mace::gpu::DeviceError);
}

}  // namespace mace_tests
