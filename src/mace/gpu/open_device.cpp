#include <string>

#include "mace/gpu/cuda/device.h"
#include "mace/gpu/device.h"
#include "mace/gpu/opencl/device.h"

namespace mace::gpu {

std::unique_ptr<Device> open_device(const std::string& name, int local_rank) {
  const std::size_t colon = name.find(':');
  const std::string kind = name.substr(0, colon), digits = colon == std::string::npos ? "" : name.substr(colon + 1);
  const bool plain = colon == std::string::npos, counted = !digits.empty() && digits.size() < 5 &&
                                                           digits.find_first_not_of("0123456789") == std::string::npos;
  if (plain || counted) {
    const Choice choice = {counted ? std::stoi(digits) : local_rank, plain};
    if (kind == "opencl") return opencl::open(choice);
    if (kind == "cuda") return cuda::open(choice);
  }
  throw DeviceError("unknown device '" + name + "'; expected cpu, cuda, cuda:1, opencl or the like");
}

}  // namespace mace::gpu
