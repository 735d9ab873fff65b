// A device with less memory than it has, and whose work fails when it is told to.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "mace/gpu/device.h"

namespace mace_tests {

class WatchedDevice final : public mace::gpu::Device {
 public:
  // What a test changes, and looks at, while an engine has the device.
  struct State {
    double all = 1e12;  // bytes
    double taken = 0;   // by whoever uses the device
    int staging = 0;    // pieces of the host's memory that it has
    int launches = 0;   // so far
    int begun = 0;      // of them, since the device was waited for
    int lost_at = -1;   // the launch that fails, and all after it
  };

  WatchedDevice(std::unique_ptr<Device> device, State& state) : device_(std::move(device)), state_(state) {}

  std::string name() const override { return device_->name(); }
  mace::gpu::Dialect dialect() const override { return device_->dialect(); }
  mace::gpu::MemoryLeft memory_left() const override { return {state_.all - state_.taken, state_.all}; }
  Memory allocate(std::size_t bytes) override {
    const Memory memory = device_->allocate(bytes);
    sizes_.emplace_back(memory, static_cast<double>(bytes));
    state_.taken += static_cast<double>(bytes);
    return memory;
  }
  void release(Memory memory) noexcept override {
    for (auto& [one, bytes] : sizes_)
      if (one == memory) state_.taken -= std::exchange(bytes, 0.0);
    device_->release(memory);
  }
  void clear(Memory memory, std::size_t bytes) override { device_->clear(memory, bytes); }
  void* allocate_staging(std::size_t bytes) override {
    ++state_.staging;
    return device_->allocate_staging(bytes);
  }
  void release_staging(void* memory) noexcept override {
    --state_.staging;
    device_->release_staging(memory);
  }
  void begin_upload(const void* from, Memory to, std::size_t offset, std::size_t bytes) override {
    device_->begin_upload(from, to, offset, bytes);
  }
  void begin_download(Memory from, std::size_t offset, void* to, std::size_t bytes) override {
    device_->begin_download(from, offset, to, bytes);
  }
  Function compile(const std::string& source, const std::string& kernel) override {
    return device_->compile(source, kernel);
  }
  void launch(Function function, int groups, int threads, const std::vector<mace::gpu::Argument>& arguments) override {
    if (state_.lost_at >= 0 && state_.launches >= state_.lost_at) throw mace::gpu::DeviceError("the card is lost");
    ++state_.launches;
    ++state_.begun;
    device_->launch(function, groups, threads, arguments);
  }
  void flush() override { device_->flush(); }
  void finish() override {
    device_->finish();
    state_.begun = 0;
  }

 private:
  std::unique_ptr<Device> device_;
  State& state_;
  std::vector<std::pair<Memory, double>> sizes_;
};

}  // namespace mace_tests
