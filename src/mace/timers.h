// Seconds spent in each kernel. Off unless asked for: a stopwatch that is off costs one predictable branch, and it is
// asked once for the work on a block of atoms or on all of them, never for an edge.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

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
  update,   // linear map from the product to features with the residual connection, both ways
  readout,  // both ways
  forces,   // from edge gradients to forces and virials
  count
};

constexpr const char* kernel_names[] = {"edge_list",       "sources",       "wait",    "exchange",
                                        "edges_forward",   "edges_reverse", "mix",     "product_forward",
                                        "product_reverse", "update",        "readout", "forces"};
static_assert(std::size(kernel_names) == static_cast<std::size_t>(Kernel::count), "every kernel has a name");

// One clock for the whole process, so that several evaluators add up. Threads may add at the same time; what they
// add is the sum over them.
class Timers {
 public:
  static constexpr std::size_t layers = 4;  // told apart; later ones count as the last

  static void turn_on() { on_ = true; }
  static bool on() { return on_; }
  static void clear() {
    for (auto& kernel : nanoseconds_)
      for (auto& sum : kernel) sum.store(0, std::memory_order_relaxed);
  }
  static double seconds(Kernel kernel, std::size_t layer) { return 1e-9 * static_cast<double>(sum(kernel, layer)); }
  static void add(Kernel kernel, std::size_t layer, std::int64_t nanoseconds) {
    sum(kernel, layer).fetch_add(nanoseconds, std::memory_order_relaxed);
  }

 private:
  static std::atomic<std::int64_t>& sum(Kernel kernel, std::size_t layer) {
    return nanoseconds_[static_cast<std::size_t>(kernel)][std::min(layer, layers - 1)];
  }

  static inline bool on_ = false;
  static inline std::array<std::array<std::atomic<std::int64_t>, layers>, static_cast<std::size_t>(Kernel::count)>
      nanoseconds_ = {};
};

// Charges the time since it was made, or since it was last asked, to a kernel of a layer (0 for what no layer does).
class Stopwatch {
 public:
  explicit Stopwatch(std::size_t layer = 0) : layer_(layer), on_(Timers::on()) {
    if (on_) begin_ = Clock::now();
  }
  bool on() const { return on_; }
  void charge(Kernel kernel) {
    if (!on_) return;
    const Clock::time_point now = Clock::now();
    Timers::add(kernel, layer_, std::chrono::nanoseconds(now - begin_).count());
    begin_ = now;
  }

 private:
  using Clock = std::chrono::steady_clock;
  std::size_t layer_;
  bool on_;
  Clock::time_point begin_;
};

}  // namespace mace
