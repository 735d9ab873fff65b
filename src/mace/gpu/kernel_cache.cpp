#include "mace/gpu/kernel_cache.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <optional>
#include <system_error>

namespace mace::gpu {

namespace {

namespace fs = std::filesystem;

// Empty: none.
fs::path folder() {
  const auto value = [](const char* name) { return fs::path(std::getenv(name) ? std::getenv(name) : ""); };
  if (!value("DECANT_KERNEL_CACHE").empty()) return value("DECANT_KERNEL_CACHE");
  if (!value("XDG_CACHE_HOME").empty()) return value("XDG_CACHE_HOME") / "decant" / "kernels";
  return value("HOME").empty() ? fs::path() : value("HOME") / ".cache" / "decant" / "kernels";
}

// FNV-1a, 16 hexadecimal digits
template <class Bytes>
std::string hash_of(const Bytes& bytes) {
  std::uint64_t hash = 14695981039346656037u;
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 1099511628211u;
  char text[17];
  std::snprintf(text, sizeof(text), "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

// A file holds its whole key, the hash of the code, and the code.
std::optional<std::vector<char>> read(const fs::path& path, const std::string& key) {
  std::ifstream stream(path, std::ios::binary);
  const std::vector<char> all{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  if (all.size() <= key.size() + 16 || key.compare(0, key.size(), all.data(), key.size()) != 0) return std::nullopt;
  const auto begin = all.begin() + static_cast<std::ptrdiff_t>(key.size());
  std::vector<char> code(begin + 16, all.end());
  if (hash_of(code) != std::string(begin, begin + 16)) return std::nullopt;  // a disk may lie
  return code;
}

// Written beside and renamed: nobody reads half of it. Returns whether it is there.
bool write(const fs::path& path, const std::string& key, const std::vector<char>& code) {
  const fs::path beside = path.string() + "." + std::to_string(getpid());
  std::ofstream stream(beside, std::ios::binary);
  stream << key << hash_of(code);
  stream.write(code.data(), static_cast<std::streamsize>(code.size()));
  stream.close();
  std::error_code problem, ignored;
  if (stream) fs::rename(beside, path, problem);
  if (stream && !problem) return true;
  fs::remove(beside, ignored);
  return false;
}

// What cache_problem() says, by all threads of this process.
class Lost {
 public:
  void because(const std::string& why) {
    const std::lock_guard<std::mutex> lock(mutex_);
    why_ = why;
  }
  std::string why() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return why_;
  }

 private:
  std::mutex mutex_;
  std::string why_;
};

Lost& lost() {
  static Lost one;
  return one;
}

// Held by one process at a time, where the file system knows locks.
class Lock {
 public:
  explicit Lock(const fs::path& path) : file_(open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0666)) {
    if (file_ >= 0) flock(file_, LOCK_EX);
  }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  ~Lock() {
    if (file_ >= 0) close(file_);
  }

 private:
  int file_;
};

}  // namespace

std::vector<char> cached_code(const std::string& key, const std::function<std::vector<char>()>& make) {
  const fs::path place = folder();
  std::error_code problem;
  if (!place.empty()) fs::create_directories(place, problem);
  if (place.empty() || problem) {
    std::vector<char> code = make();
    lost().because(place.empty() ? "no folder for them: set DECANT_KERNEL_CACHE"
                                 : "cannot make the folder " + place.string() + " (" + problem.message() + ")");
    return code;
  }
  const fs::path path = place / hash_of(key);
  if (auto found = read(path, key)) return *found;
  const Lock lock(place / "lock");
  if (auto found = read(path, key)) return *found;
  std::vector<char> code = make();
  if (!write(path, key, code)) lost().because("cannot write to " + place.string());
  return code;
}

std::string cache_problem() { return lost().why(); }

}  // namespace mace::gpu
