#include "mace/gpu/cuda/device.h"

#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "mace/gpu/cuda/api.h"
#include "mace/gpu/cuda/nvrtc.h"
#include "mace/gpu/kernel_text.h"

namespace mace::gpu::cuda {

namespace {

const Api& api() {
  static const Api* const all = new Api;  // to the end of the process, as its threads
  return *all;
}

void require(Status status, const std::string& what) {
  if (status == 0) return;
  const char* why = nullptr;
  api().GetErrorString(status, &why);
  throw DeviceError("CUDA could not " + what + ": " +
                    (status == out_of_memory ? "no memory left on the card"
                     : why                   ? why
                                             : "unknown error") +
                    " (error " + std::to_string(status) + ")");
}

// What all engines of this process share of a card: kernels are compiled once.
class Shared {
 public:
  std::string name;
  Context context = nullptr;
  int capability = 0, driver = 0;
  std::mutex mutex;
  std::map<std::string, Module> modules;  // by source

  explicit Shared(int number) {
    Card card = 0;
    require(api().DeviceGet(&card, number), "find card " + std::to_string(number));
    char text[256] = {};
    require(api().DeviceGetName(text, sizeof(text) - 1, card), "describe card " + std::to_string(number));
    int major = 0, minor = 0;
    require(api().DeviceGetAttribute(&major, capability_major, card), "describe the card");
    require(api().DeviceGetAttribute(&minor, capability_minor, card), "describe the card");
    capability = 10 * major + minor;
    require(api().DriverGetVersion(&driver), "tell the driver's version");
    require(api().DevicePrimaryCtxRetain(&context, card), "open the card");
    name = "CUDA, " + std::string(text) + " " + std::to_string(number) + ", driver " + std::to_string(driver / 1000) +
           "." + std::to_string(driver % 1000 / 10) + ", " + compiler();
  }

  Module module(const std::string& source) {
    const std::lock_guard<std::mutex> lock(mutex);
    const auto found = modules.find(source);
    if (found != modules.end()) return found->second;
    const auto code = cached_compile(source, capability, driver / 1000);
    Module module = nullptr;
    require(api().ModuleLoadData(&module, code.data()), "load the kernels");
    return modules[source] = module;
  }

 private:
  // Kernels that lie in the cache need none.
  std::string compiler() const {
    try {
      return nvrtc_name(driver / 1000);
    } catch (const DeviceError& problem) {
      return problem.what();
    }
  }
};

Shared& shared(const Choice& choice) {
  static std::mutex mutex;
  static auto* const all = new std::map<int, std::unique_ptr<Shared>>;
  const std::lock_guard<std::mutex> lock(mutex);
  int count = 0;
  const Status status = api().Init(0);
  if (status != no_device) {
    require(status, "start");
    require(api().DeviceGetCount(&count), "count its cards");
  }
  const int number = choice.of(count);
  if (number >= count)
    throw DeviceError("no CUDA card " + std::to_string(number) + "; the driver knows " + std::to_string(count));
  std::unique_ptr<Shared>& one = (*all)[number];
  if (!one) one = std::make_unique<Shared>(number);
  return *one;
}

class CudaDevice final : public gpu::Device {
 public:
  explicit CudaDevice(Shared& shared) : shared_(shared) {
    enter();
    require(api().StreamCreate(&stream_, stream_non_blocking), "open a stream");
  }
  ~CudaDevice() override {
    api().CtxSetCurrent(shared_.context);
    api().StreamSynchronize(stream_);
    api().StreamDestroy(stream_);
  }

  std::string name() const override { return shared_.name; }
  Dialect dialect() const override { return cuda::dialect(); }

  MemoryLeft memory_left() const override {
    enter();
    std::size_t free = 0, all = 0;
    require(api().MemGetInfo(&free, &all), "tell its memory");
    return {static_cast<double>(free), static_cast<double>(all)};
  }
  Memory allocate(std::size_t bytes) override {
    enter();
    Address address = 0;
    const Status status = api().MemAlloc(&address, bytes);
    if (status == out_of_memory) {
      const auto megabytes = [](double value) { return std::to_string(static_cast<long long>(1e-6 * value)); };
      const auto [free, all] = memory_left();
      throw DeviceError("no memory left on the card: " + megabytes(static_cast<double>(bytes)) + " MB were wanted, " +
                        megabytes(free) + " of " + megabytes(all) + " MB are free; take more cards, or fewer atoms");
    }
    require(status, "allocate " + std::to_string(bytes) + " bytes");
    return reinterpret_cast<Memory>(address);
  }
  void release(Memory memory) noexcept override {
    api().CtxSetCurrent(shared_.context);
    api().StreamSynchronize(stream_);
    api().MemFree(address(memory));
  }
  void clear(Memory memory, std::size_t bytes) override {
    enter();
    require(api().MemsetD8Async(address(memory), 0, bytes, stream_), "clear memory");
  }
  // Memory that the system does not move: the card copies from and to it by itself.
  void* allocate_staging(std::size_t bytes) override {
    enter();
    void* memory = nullptr;
    require(api().MemHostAlloc(&memory, bytes, host_portable),
            "lock " + std::to_string(bytes) + " bytes of the host's memory");
    return memory;
  }
  void release_staging(void* memory) noexcept override {
    api().CtxSetCurrent(shared_.context);
    api().StreamSynchronize(stream_);
    api().MemFreeHost(memory);
  }
  void begin_upload(const void* from, Memory to, std::size_t offset, std::size_t bytes) override {
    enter();
    require(api().MemcpyHtoDAsync(address(to) + offset, from, bytes, stream_), "copy to the card");
  }
  void begin_download(Memory from, std::size_t offset, void* to, std::size_t bytes) override {
    enter();
    require(api().MemcpyDtoHAsync(to, address(from) + offset, bytes, stream_), "copy from the card");
  }

  gpu::Device::Function compile(const std::string& source, const std::string& kernel_name) override {
    enter();
    cuda::Function function = nullptr;
    require(api().ModuleGetFunction(&function, shared_.module(source), kernel_name.c_str()),
            "find the kernel " + kernel_name);
    return function;
  }
  void launch(gpu::Device::Function function, int groups, int threads,
              const std::vector<Argument>& arguments) override {
    enter();
    std::vector<void*> values;
    for (const Argument& argument : arguments) values.push_back(const_cast<void*>(argument.value));
    require(api().LaunchKernel(static_cast<cuda::Function>(function), static_cast<unsigned int>(groups), 1, 1,
                               static_cast<unsigned int>(threads), 1, 1, 0, stream_, values.data(), nullptr),
            "start a kernel");
  }
  void flush() override {}  // a card begins at once
  void finish() override { require(api().StreamSynchronize(stream_), "finish its work"); }

 private:
  static Address address(Memory memory) { return reinterpret_cast<Address>(memory); }
  void enter() const { require(api().CtxSetCurrent(shared_.context), "use the card"); }  // of this thread

  Shared& shared_;
  Stream stream_ = nullptr;
};

}  // namespace

Dialect dialect() { return {text::cuda, 32, 48 << 10}; }

std::unique_ptr<gpu::Device> open(const Choice& choice) { return std::make_unique<CudaDevice>(shared(choice)); }

}  // namespace mace::gpu::cuda
