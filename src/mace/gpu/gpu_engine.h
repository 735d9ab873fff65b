// The engine of GPUs, and of whatever else OpenCL runs on.
#pragma once

#include <memory>
#include <string>

#include "mace/engine.h"
#include "mace/model/weights.h"

namespace mace {

namespace gpu {
class Device;
}

struct Sparing {
  int at_once = 16384;     // atoms that are worked on at the same time: enough to fill a card
  bool keep_bases = true;  // from the forward to the reverse pass, where there is memory for them
};

// T: float or double, as for the CPU. device and local_rank: as of gpu::open_device. Throws gpu::DeviceError, a
// std::runtime_error, that says what is missing.
template <class T>
std::unique_ptr<Engine> make_gpu_engine(const Weights& weights, const std::string& device, int local_rank = 0,
                                        Sparing sparing = {});
// On a device that was opened already.
template <class T>
std::unique_ptr<Engine> make_gpu_engine(const Weights& weights, std::unique_ptr<gpu::Device> device,
                                        Sparing sparing = {});

}  // namespace mace
