// The engine of GPUs, and of whatever else OpenCL runs on.
#pragma once

#include <memory>
#include <string>

#include "mace/engine.h"
#include "mace/model/weights.h"

namespace mace {

// Atoms that are worked on at the same time: enough to fill a card.
constexpr int most_at_once = 16384;

// T: float or double, as for the CPU. device and local_rank: as of gpu::open_device. Throws gpu::DeviceError, a
// std::runtime_error, that says what is missing.
template <class T>
std::unique_ptr<Engine> make_gpu_engine(const Weights& weights, const std::string& device, int local_rank = 0,
                                        int at_once = most_at_once);

}  // namespace mace
