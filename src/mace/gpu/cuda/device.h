// An NVIDIA card.
#pragma once

#include <memory>

#include "mace/gpu/device.h"

namespace mace::gpu::cuda {

Dialect dialect();

// Throws DeviceError.
std::unique_ptr<gpu::Device> open(const Choice& choice);

}  // namespace mace::gpu::cuda
