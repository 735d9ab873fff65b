// NVIDIA's run-time compiler, wherever it is installed: beside torch, in a wheel of its own, or in a CUDA toolkit.
#pragma once

#include <string>
#include <vector>

namespace mace::gpu::cuda {

// Machine code of a source for a card's compute capability (90 for 9.0), or PTX if NVRTC is older than the card.
// most_major: the driver's version of CUDA; a newer NVRTC is passed over. 0: any.
// Throws DeviceError: none found, and where it was looked for; or what the compiler says.
std::vector<char> compile(const std::string& source, int capability, int most_major = 0);

// The same from the cache of kernels, if it is there: made once, perhaps on another machine, for a node without NVRTC.
std::vector<char> cached_compile(const std::string& source, int capability, int most_major = 0);

// Where NVRTC was found, and its version, as users are told. Throws DeviceError.
std::string nvrtc_name(int most_major = 0);

}  // namespace mace::gpu::cuda
