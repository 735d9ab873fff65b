// Without a card: NVIDIA's compiler takes the kernels of every form of model for the cards of today.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "mace/gpu/cuda/device.h"
#include "mace/gpu/cuda/nvrtc.h"
#include "mace/gpu/device.h"
#include "mace/gpu/kernel_source.h"
#include "support/random_weights.h"

namespace mace_tests {

namespace {

bool has_nvrtc() {
  try {
    MESSAGE(mace::gpu::cuda::nvrtc_name());
    return true;
  } catch (const mace::gpu::DeviceError& problem) {
    MESSAGE("without NVRTC: ", problem.what());
    return false;
  }
}

// Machine code is an ELF file; PTX would be text.
void require_code(const std::string& source, int capability) {
  const auto code = mace::gpu::cuda::compile(source, capability);
  REQUIRE(code.size() > 4);
  CHECK(std::string(code.data() + 1, 3) == "ELF");
}

}  // namespace

TEST_CASE("NVRTC makes machine code of the kernels of every form of model, and for every card of one with every part") {
  if (!has_nvrtc()) return;
  for (const Form& form : forms()) {
    if (form.gated) continue;  // refused on devices
    const mace::Weights weights = random_weights(form);
    const mace::gpu::KernelSource source(weights, "single", mace::gpu::cuda::dialect());
    for (const int capability : form.density ? std::vector<int>{80, 90, 100} : std::vector<int>{90}) {
      INFO(form.name, ", sm_", capability);
      require_code(source.common(), capability);
      for (std::size_t t = 0; t < weights.layers.size(); ++t) require_code(source.layer(t), capability);
    }
  }
}

TEST_CASE("NVRTC makes machine code in double precision, too") {
  if (!has_nvrtc()) return;
  const std::vector<Form> every = forms();
  const auto richest = std::find_if(every.rbegin(), every.rend(), [](const Form& form) { return !form.gated; });
  const mace::Weights weights = random_weights(*richest);
  const mace::gpu::KernelSource source(weights, "double", mace::gpu::cuda::dialect());
  require_code(source.common(), 90);
  require_code(source.layer(1), 90);  // with features in and out, and a density
}

TEST_CASE("a card that NVRTC does not know gets PTX, which its driver compiles") {
  if (!has_nvrtc()) return;
  const mace::Weights weights = random_weights(forms().front());
  const auto code =
      mace::gpu::cuda::compile(mace::gpu::KernelSource(weights, "single", mace::gpu::cuda::dialect()).common(), 999);
  CHECK(std::string(code.data(), code.size()).find(".target sm_") != std::string::npos);
}

TEST_CASE("a kernel that does not compile is told with the compiler's words") {
  if (!has_nvrtc()) return;
  CHECK_THROWS_WITH_AS(mace::gpu::cuda::compile("nonsense", 90), doctest::Contains("could not compile the kernels"),
                       mace::gpu::DeviceError);
}

}  // namespace mace_tests
