#include "mace/gpu/opencl/device.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "mace/gpu/kernel_cache.h"
#include "mace/gpu/kernel_text.h"
#include "mace/gpu/opencl/api.h"

namespace mace::gpu::opencl {

namespace {

const Api& api() {
  static const Api* const all = new Api;  // to the end of the process, as its threads
  return *all;
}

void require(Status status, const std::string& what) {
  if (status == 0) return;
  const bool memory = status == no_memory || status == no_resources || status == no_host_memory;
  throw DeviceError("OpenCL could not " + what + (memory ? ": no memory left on the device" : "") + " (error " +
                    std::to_string(status) + ")");
}

template <class T>
T number_of(DeviceId device, Word what) {
  T value = 0;
  require(api().GetDeviceInfo(device, what, sizeof(value), &value, nullptr), "describe a device");
  return value;
}

std::string text_of(DeviceId device, Word what) {
  std::size_t size = 0;
  require(api().GetDeviceInfo(device, what, 0, nullptr, &size), "describe a device");
  std::string text(size, '\0');
  require(api().GetDeviceInfo(device, what, size, text.data(), nullptr), "describe a device");
  return text.c_str();
}

// What all engines of this process share of a device: kernels are compiled once.
class Shared {
 public:
  DeviceId id;
  std::string name;
  std::size_t local_memory;
  double memory;
  std::atomic<std::size_t> taken{0};  // of the memory, by this process
  Context context = nullptr;
  std::mutex mutex;
  std::map<std::string, Program> programs;  // by source

  explicit Shared(DeviceId id)
      : id(id),
        name("OpenCL, " + text_of(id, device_name) + ", driver " + text_of(id, driver_version)),
        local_memory(number_of<Bits>(id, device_local_memory)),
        memory(static_cast<double>(number_of<Bits>(id, device_memory))) {
    Status status = 0;
    context = api().CreateContext(nullptr, 1, &id, nullptr, nullptr, &status);
    require(status, "open " + name);
  }

  Program program(const std::string& source) {
    const std::lock_guard<std::mutex> lock(mutex);
    const auto found = programs.find(source);
    if (found != programs.end()) return found->second;
    const auto code = cached_code(name + "\n" + options + "\n" + source, [&] { return compiled(source); });
    const std::size_t size = code.size();
    const unsigned char* bytes = reinterpret_cast<const unsigned char*>(code.data());
    Status status = 0, fit = 0;
    Program program = api().CreateProgramWithBinary(context, 1, &id, &size, &bytes, &fit, &status);
    require(status, "load the kernels");
    require(api().BuildProgram(program, 1, &id, options, nullptr, nullptr), "load the kernels");
    return programs[source] = program;
  }

 private:
  static constexpr const char* options = "-cl-std=CL1.2";

  std::vector<char> compiled(const std::string& source) const {
    const char* text = source.c_str();
    std::size_t size = source.size();
    Status status = 0;
    const Program program = api().CreateProgramWithSource(context, 1, &text, &size, &status);
    require(status, "take the source of the kernels");
    if (api().BuildProgram(program, 1, &id, options, nullptr, nullptr) != 0) {
      api().GetProgramBuildInfo(program, id, build_log, 0, nullptr, &size);
      std::string log(size, '\0');
      api().GetProgramBuildInfo(program, id, build_log, size, log.data(), nullptr);
      throw DeviceError(name + " could not compile the kernels: " + log.c_str());
    }
    require(api().GetProgramInfo(program, binary_sizes, sizeof(size), &size, nullptr), "give the machine code");
    std::vector<char> code(size);
    char* data = code.data();
    require(api().GetProgramInfo(program, binaries, sizeof(data), &data, nullptr), "give the machine code");
    api().ReleaseProgram(program);
    return code;
  }
};

std::vector<DeviceId> able_devices() {
  Word count = 0;
  const Status status = api().GetPlatformIDs(0, nullptr, &count);
  if (status == no_platform || count == 0)
    throw DeviceError(
        "no OpenCL platform is installed; the folder of their .icd files is OCL_ICD_VENDORS or /etc/OpenCL/vendors");
  std::vector<PlatformId> platforms(count);
  require(api().GetPlatformIDs(count, platforms.data(), nullptr), "list its platforms");
  std::vector<DeviceId> result;
  for (const PlatformId platform : platforms) {
    Word found = 0;
    if (api().GetDeviceIDs(platform, type_all, 0, nullptr, &found) != 0) continue;  // a platform without devices
    std::vector<DeviceId> devices(found);
    require(api().GetDeviceIDs(platform, type_all, found, devices.data(), nullptr), "list its devices");
    for (const DeviceId device : devices)
      if (number_of<Bits>(device, device_double) != 0) result.push_back(device);
  }
  std::stable_partition(result.begin(), result.end(),
                        [](DeviceId device) { return (number_of<Bits>(device, device_type) & type_gpu) != 0; });
  return result;
}

Shared& shared(const Choice& choice) {
  static std::mutex mutex;
  static auto* const all = new std::map<int, std::unique_ptr<Shared>>;
  const std::lock_guard<std::mutex> lock(mutex);
  const std::vector<DeviceId> devices = able_devices();
  const int count = static_cast<int>(devices.size()), number = choice.of(count);
  if (number >= count)
    throw DeviceError("no OpenCL device " + std::to_string(number) + "; with double precision there are " +
                      std::to_string(count));
  std::unique_ptr<Shared>& one = (*all)[number];
  if (!one) one = std::make_unique<Shared>(devices[static_cast<std::size_t>(number)]);
  return *one;
}

class OpenclDevice final : public gpu::Device {
 public:
  explicit OpenclDevice(Shared& shared) : shared_(shared) {
    Status status = 0;
    queue_ = api().CreateCommandQueue(shared.context, shared.id, 0, &status);
    require(status, "open a queue on " + shared.name);
  }
  ~OpenclDevice() override {
    api().Finish(queue_);
    for (const Kernel kernel : kernels_) api().ReleaseKernel(kernel);
    api().ReleaseCommandQueue(queue_);
  }

  std::string name() const override { return shared_.name; }
  Dialect dialect() const override { return {text::opencl, 1, shared_.local_memory}; }

  // OpenCL does not tell what other processes take.
  MemoryLeft memory_left() const override {
    return {shared_.memory - static_cast<double>(shared_.taken.load()), shared_.memory};
  }
  gpu::Device::Memory allocate(std::size_t bytes) override {
    Status status = 0;
    const auto memory = api().CreateBuffer(shared_.context, read_write, bytes, nullptr, &status);
    require(status, "allocate " + std::to_string(bytes) + " bytes");
    taken_[memory] = bytes;
    shared_.taken += bytes;
    return memory;
  }
  void release(gpu::Device::Memory memory) noexcept override {
    shared_.taken -= std::exchange(taken_[memory], 0);
    api().ReleaseMemObject(static_cast<opencl::Memory>(memory));
  }
  void clear(gpu::Device::Memory memory, std::size_t bytes) override {
    const char zero = 0;
    require(
        api().EnqueueFillBuffer(queue_, static_cast<opencl::Memory>(memory), &zero, 1, 0, bytes, 0, nullptr, nullptr),
        "clear memory");
  }
  // A buffer where the host sees it, mapped for as long as it is there.
  void* allocate_staging(std::size_t bytes) override {
    Status status = 0;
    const auto buffer = api().CreateBuffer(shared_.context, read_write | alloc_host, bytes, nullptr, &status);
    require(status, "allocate " + std::to_string(bytes) + " bytes of the host's memory");
    void* const memory = api().EnqueueMapBuffer(queue_, buffer, yes, map_both, 0, bytes, 0, nullptr, nullptr, &status);
    if (status != 0) api().ReleaseMemObject(buffer);
    require(status, "map " + std::to_string(bytes) + " bytes of the host's memory");
    staging_[memory] = buffer;
    return memory;
  }
  void release_staging(void* memory) noexcept override {
    const opencl::Memory buffer = std::exchange(staging_[memory], nullptr);
    api().EnqueueUnmapMemObject(queue_, buffer, memory, 0, nullptr, nullptr);
    api().Finish(queue_);
    api().ReleaseMemObject(buffer);
  }
  void begin_upload(const void* from, gpu::Device::Memory to, std::size_t offset, std::size_t bytes) override {
    require(
        api().EnqueueWriteBuffer(queue_, static_cast<opencl::Memory>(to), no, offset, bytes, from, 0, nullptr, nullptr),
        "copy to the device");
  }
  void begin_download(gpu::Device::Memory from, std::size_t offset, void* to, std::size_t bytes) override {
    require(
        api().EnqueueReadBuffer(queue_, static_cast<opencl::Memory>(from), no, offset, bytes, to, 0, nullptr, nullptr),
        "copy from the device");
  }

  Function compile(const std::string& source, const std::string& kernel_name) override {
    Status status = 0;
    kernels_.push_back(api().CreateKernel(shared_.program(source), kernel_name.c_str(), &status));
    require(status, "find the kernel " + kernel_name);
    return kernels_.back();
  }
  void launch(Function function, int groups, int threads, const std::vector<Argument>& arguments) override {
    const auto kernel = static_cast<Kernel>(function);
    for (std::size_t k = 0; k < arguments.size(); ++k)
      require(api().SetKernelArg(kernel, static_cast<Word>(k), arguments[k].size, arguments[k].value),
              "set an argument of a kernel");
    const std::size_t group = static_cast<std::size_t>(threads), all = static_cast<std::size_t>(groups) * group;
    require(api().EnqueueNDRangeKernel(queue_, kernel, 1, nullptr, &all, &group, 0, nullptr, nullptr),
            "start a kernel");
  }
  void flush() override { require(api().Flush(queue_), "begin its work"); }
  void finish() override { require(api().Finish(queue_), "finish its work"); }

 private:
  Shared& shared_;
  Queue queue_ = nullptr;
  std::vector<Kernel> kernels_;
  std::map<gpu::Device::Memory, std::size_t> taken_;  // bytes
  std::map<void*, opencl::Memory> staging_;           // buffers, by where the host sees them
};

}  // namespace

std::unique_ptr<gpu::Device> open(const Choice& choice) { return std::make_unique<OpenclDevice>(shared(choice)); }

}  // namespace mace::gpu::opencl
