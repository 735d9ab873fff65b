// A device of OpenCL.
#pragma once

#include <memory>

#include "mace/gpu/device.h"

namespace mace::gpu::opencl {

// The devices are those with double precision, GPUs first. Throws DeviceError.
std::unique_ptr<gpu::Device> open(const Choice& choice);

}  // namespace mace::gpu::opencl
