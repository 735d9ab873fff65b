// Seconds spent in each kernel. Off unless asked for: a stopwatch that is off costs one predictable branch, and it is
// asked once for the work on a block of atoms or on all of them, never for an edge.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>

namespace mace {

enum class Kernel {
  edge_list,      // neighbors within the cutoff, with distances and directions
  sources,        // linear map of the features that neighbors receive, both ways
  wait,           // for other ranks that are not yet there, before each exchange with them
  exchange,       // features to other ranks and adjoints back
  edges_forward,  // edge pass: radial functions, spherical harmonics, tensor product, sum over neighbors
  edges_reverse,
  mix,  // linear map from messages to the basis of the product, both ways
  product_forward,
  product_reverse,
  update,          // linear map from the product to features with the residual connection, both ways
  readout,         // both ways
  forces,          // from edge gradients to forces and virials
  latent_charges,  // their field beyond the cutoff
  count
};

constexpr const char* kernel_names[] = {
    "edge_list",       "sources",         "wait",   "exchange", "edges_forward", "edges_reverse", "mix",
    "product_forward", "product_reverse", "update", "readout",  "forces",        "latent_charges"};
static_assert(std::size(kernel_names) == static_cast<std::size_t>(Kernel::count), "every kernel has a name");

// Of one engine. Threads may add at the same time; what they add is the sum over them.
class Timers {
 public:
  static constexpr std::size_t layers = 4;  // told apart; later ones count as the last

  void turn_on() { on_ = true; }
  bool on() const { return on_; }
  void clear() {
    for (auto& sum : sums_) sum.store(0, std::memory_order_relaxed);
  }
  double seconds(Kernel kernel, std::size_t layer) const {
    return 1e-9 * static_cast<double>(sums_[index(kernel, layer)].load(std::memory_order_relaxed));
  }
  void add(Kernel kernel, std::size_t layer, std::int64_t nanoseconds) {
    sums_[index(kernel, layer)].fetch_add(nanoseconds, std::memory_order_relaxed);
  }

 private:
  static std::size_t index(Kernel kernel, std::size_t layer) {
    return static_cast<std::size_t>(kernel) * layers + std::min(layer, layers - 1);
  }

  bool on_ = false;
  std::array<std::atomic<std::int64_t>, layers* static_cast<std::size_t>(Kernel::count)> sums_ = {};  // nanoseconds
};

// Charges the time since it was made, or since it was last asked, to a kernel of a layer (0 for what no layer does).
class Stopwatch {
 public:
  explicit Stopwatch(Timers& timers, std::size_t layer = 0) : timers_(timers), layer_(layer), on_(timers.on()) {
    if (on_) begin_ = Clock::now();
  }
  bool on() const { return on_; }
  void charge(Kernel kernel) {
    if (!on_) return;
    const Clock::time_point now = Clock::now();
    timers_.add(kernel, layer_, std::chrono::nanoseconds(now - begin_).count());
    begin_ = now;
  }

 private:
  using Clock = std::chrono::steady_clock;
  Timers& timers_;
  std::size_t layer_;
  bool on_;
  Clock::time_point begin_;
};

}  // namespace mace
