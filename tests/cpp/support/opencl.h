// Whether OpenCL is there to be tested.
#pragma once

#include <doctest/doctest.h>

#include "mace/gpu/device.h"

namespace mace_tests {

inline bool has_opencl() {
  try {
    mace::gpu::open_device("opencl", 0);
    return true;
  } catch (const mace::gpu::DeviceError& problem) {
    MESSAGE("without OpenCL: ", problem.what());
    return false;
  }
}

}  // namespace mace_tests
