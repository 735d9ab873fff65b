// What a device promises of copies.
#include <doctest/doctest.h>

#include <numeric>
#include <vector>

#include "mace/gpu/device.h"
#include "support/opencl.h"
#include "support/watched_device.h"

namespace mace_tests {

using mace::gpu::Array;
using mace::gpu::Staging;

TEST_CASE(
    "what is copied from memory of the host that others may use meanwhile is there when the device has finished") {
  if (!has_opencl()) return;
  const auto device = mace::gpu::open_device("opencl", 0);
  Staging<int> from(*device), to(*device);
  Array<int> there(*device);
  for (const std::size_t count : {5u, 1000u, 40u}) {  // it grows, and is used again
    from.resize(count);
    to.resize(count);
    there.resize(count);
    CHECK(to.size() == count);
    std::iota(from.data(), from.data() + count, static_cast<int>(count));
    there.begin_upload(from.data(), 0, count);
    there.begin_download(1, count - 1, to.data());
    device->flush();
    device->finish();
    CHECK(std::vector<int>(to.data(), to.data() + count - 1) == std::vector<int>(from.data() + 1, from.data() + count));
  }
}

TEST_CASE("memory of the host is none of the device's, and is given back") {
  if (!has_opencl()) return;
  WatchedDevice::State state;
  WatchedDevice device(mace::gpu::open_device("opencl", 0), state);
  {
    Staging<double> values(device);
    values.resize(10);
    CHECK(state.staging == 1);
    values.resize(20);
    CHECK(state.staging == 1);
    CHECK(state.taken == 0);
  }
  CHECK(state.staging == 0);
}

}  // namespace mace_tests
