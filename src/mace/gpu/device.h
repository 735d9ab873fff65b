// A device that computes: its memory, the kernels compiled for it, and one line of work that is done in order.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace mace::gpu {

// What a device or its software refused, in words for the user.
class DeviceError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What a device has of memory, bytes.
struct MemoryLeft {
  double free, all;
};

// An argument of a kernel: where its value is, and its bytes.
struct Argument {
  const void* value;
  std::size_t size;
};

// The words that the kernels' common text needs before it, and what the text should know of the device.
struct Dialect {
  const char* words;
  int lanes;                 // threads that add up without local memory
  std::size_t local_memory;  // bytes that a group may have
};

class Device {
 public:
  using Memory = void*;  // of the device: no address of the host
  using Function = void*;

  virtual ~Device() = default;
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  virtual std::string name() const = 0;  // as users are told
  virtual Dialect dialect() const = 0;

  virtual MemoryLeft memory_left() const = 0;
  virtual Memory allocate(std::size_t bytes) = 0;
  virtual void release(Memory memory) noexcept = 0;
  virtual void clear(Memory memory, std::size_t bytes) = 0;
  // Memory of the host that copies may use while the host does other things; of other memory they may keep it waiting.
  virtual void* allocate_staging(std::size_t bytes) = 0;
  virtual void release_staging(void* memory) noexcept = 0;
  // Copies in the order of the other work. After finish(), `from` may change and `to` is there.
  virtual void begin_upload(const void* from, Memory to, std::size_t offset, std::size_t bytes) = 0;
  virtual void begin_download(Memory from, std::size_t offset, void* to, std::size_t bytes) = 0;

  // Kernel `name` of a source, compiled at its first use. What is returned lives as long as the device.
  virtual Function compile(const std::string& source, const std::string& name) = 0;
  virtual void launch(Function function, int groups, int threads, const std::vector<Argument>& arguments) = 0;
  virtual void flush() = 0;   // the work so far begins, if it waited for more
  virtual void finish() = 0;  // waits for the work so far

 protected:
  Device() = default;
};

// Which of the devices there are: a number, or if `shared` the number of this rank on its node, from which they are
// dealt out in turn.
struct Choice {
  int number;
  bool shared;

  int of(int count) const { return shared && count > 0 ? number % count : number; }
};

// `name` is "opencl", "cuda", or one of these with a number, as "cuda:1"; without one, the ranks of a node share the
// devices. Throws DeviceError that says what is missing.
std::unique_ptr<Device> open_device(const std::string& name, int local_rank);

// Values of type T in the memory of a device.
template <class T>
class Array {
 public:
  explicit Array(Device& device) : device_(&device) {}
  Array(Device& device, const std::vector<T>& values) : Array(device) { upload(values); }
  Array(Array&& other) noexcept { swap(other); }
  Array& operator=(Array&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Array() {
    if (memory_) device_->release(memory_);
  }

  // What was there is lost if it grows. There is always room for one value, so that kernels may be given it.
  void resize(std::size_t size) {
    size_ = size;
    if (!memory_ || size > capacity_) take(size + (capacity_ > 1 ? size / 8 : 0));  // what grew once will again
  }
  // The same for what several have in turn: room for the largest.
  void reserve(std::size_t size) {
    size_ = std::max(size_, size);
    if (!memory_ || size > capacity_) take(size);
  }
  void clear() {
    if (size_ > 0) device_->clear(memory_, size_ * sizeof(T));
  }
  void upload(const std::vector<T>& values) {
    resize(values.size());
    upload(values.data(), 0, values.size());
  }
  void upload(const T* values, std::size_t first, std::size_t count) {
    begin_upload(values, first, count);
    if (count > 0) device_->finish();
  }
  void download(std::size_t first, std::size_t count, T* values) const {
    begin_download(first, count, values);
    if (count > 0) device_->finish();
  }
  // As those of the device.
  void begin_upload(const T* values, std::size_t first, std::size_t count) {
    if (count > 0) device_->begin_upload(values, memory_, first * sizeof(T), count * sizeof(T));
  }
  void begin_download(std::size_t first, std::size_t count, T* values) const {
    if (count > 0) device_->begin_download(memory_, first * sizeof(T), values, count * sizeof(T));
  }

  std::size_t size() const { return size_; }
  double bytes() const { return static_cast<double>(capacity_ * sizeof(T)); }
  Argument argument() const { return {&memory_, sizeof(memory_)}; }

 private:
  void take(std::size_t size) {
    if (memory_) device_->release(std::exchange(memory_, nullptr));
    capacity_ = 0;
    const std::size_t count = std::max<std::size_t>(size, 1);
    memory_ = device_->allocate(count * sizeof(T));
    capacity_ = count;
  }
  void swap(Array& other) noexcept {
    std::swap(device_, other.device_);
    std::swap(memory_, other.memory_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

  Device* device_ = nullptr;
  Device::Memory memory_ = nullptr;
  std::size_t size_ = 0, capacity_ = 0;
};

// Values of type T in memory of the host that copies may use while the host does other things.
template <class T>
class Staging {
 public:
  explicit Staging(Device& device) : device_(device) {}
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;
  ~Staging() {
    if (values_) device_.release_staging(values_);
  }

  // What was there is lost if it grows.
  void resize(std::size_t size) {
    if (size > capacity_) {
      if (values_) device_.release_staging(std::exchange(values_, nullptr));
      capacity_ = 0;
      values_ = static_cast<T*>(device_.allocate_staging(size * sizeof(T)));
      capacity_ = size;
    }
    size_ = size;
  }
  std::size_t size() const { return size_; }
  T* data() const { return values_; }

 private:
  Device& device_;
  T* values_ = nullptr;
  std::size_t size_ = 0, capacity_ = 0;
};

// A kernel that is called like a function: kernel(groups, arguments...), with arrays and numbers.
class Kernel {
 public:
  Kernel(Device& device, const std::string& source, const std::string& name, int threads)
      : device_(&device), function_(device.compile(source, name)), threads_(threads) {}

  template <class... Arguments>
  void operator()(int groups, const Arguments&... arguments) const {
    if (groups > 0) device_->launch(function_, groups, threads_, {argument(arguments)...});
  }
  // The same with a thread for each of `count` things.
  template <class... Arguments>
  void on_each(int count, const Arguments&... arguments) const {
    (*this)((count + threads_ - 1) / threads_, arguments...);
  }

 private:
  static Argument argument(const int& number) { return {&number, sizeof(number)}; }
  template <class T>
  static Argument argument(const Array<T>& array) {
    return array.argument();
  }

  Device* device_;
  Device::Function function_;
  int threads_;
};

}  // namespace mace::gpu
