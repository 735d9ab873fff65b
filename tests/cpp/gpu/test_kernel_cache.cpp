#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "mace/gpu/kernel_cache.h"

namespace mace_tests {

namespace {

namespace fs = std::filesystem;

std::vector<char> bytes(const std::string& text) { return {text.begin(), text.end()}; }

// A folder of its own, which the cache is told for as long as this lives.
class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / ("decant-kernels-" + std::to_string(std::rand()))) {
    const char* const before = std::getenv("DECANT_KERNEL_CACHE");
    if (before) before_ = before;
    setenv("DECANT_KERNEL_CACHE", path_.c_str(), 1);
  }
  ~Folder() {
    before_.empty() ? unsetenv("DECANT_KERNEL_CACHE") : setenv("DECANT_KERNEL_CACHE", before_.c_str(), 1);
    fs::remove_all(path_);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
  std::string before_;
};

}  // namespace

TEST_CASE("what was compiled once is read from then on, by its whole key") {
  const Folder folder;
  int made = 0;
  const auto make = [&] {
    ++made;
    return bytes("code " + std::to_string(made));
  };
  CHECK(mace::gpu::cached_code("a", make) == bytes("code 1"));
  CHECK(mace::gpu::cached_code("a", make) == bytes("code 1"));
  CHECK(mace::gpu::cached_code("b", make) == bytes("code 2"));
  CHECK(made == 2);
}

TEST_CASE("a file of the cache that was cut or is another key's is made again") {
  const Folder folder;
  const auto make = [] { return bytes("code"); };
  mace::gpu::cached_code("key", make);
  for (const auto& file : fs::directory_iterator(folder.path()))
    if (file.path().filename() != "lock") std::ofstream(file.path()) << "ke";
  CHECK(mace::gpu::cached_code("key", make) == make());
}

TEST_CASE("a file of the cache with a wrong byte is made again, and then read") {
  const Folder folder;
  int made = 0;
  const auto make = [&made] {
    ++made;
    return bytes("code");
  };
  mace::gpu::cached_code("key", make);
  for (const auto& file : fs::directory_iterator(folder.path()))
    if (file.path().filename() != "lock")
      std::ofstream(file.path(), std::ios::in | std::ios::ate).seekp(-2, std::ios::end) << "x";
  CHECK(mace::gpu::cached_code("key", make) == bytes("code"));
  CHECK(mace::gpu::cached_code("key", make) == bytes("code"));
  CHECK(made == 2);
}

TEST_CASE("two that want the same at once make it once") {
  const Folder folder;
  std::atomic<int> made{0};
  const auto want = [&] {
    mace::gpu::cached_code("key", [&] {
      ++made;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      return bytes("code");
    });
  };
  std::thread other(want);
  want();
  other.join();
  CHECK(made == 1);
}

TEST_CASE("a cache that cannot be made is done without, and why is told") {
  const Folder folder;
  std::ofstream(folder.path()) << "no folder";
  CHECK(mace::gpu::cached_code("key", [] { return bytes("code"); }) == bytes("code"));
  CHECK(mace::gpu::cache_problem().find("cannot make the folder " + folder.path().string()) == 0);
}

TEST_CASE("a cache that cannot be written to gives what it has, else it is done without, and why is told") {
  const Folder folder;
  mace::gpu::cached_code("key", [] { return bytes("code"); });
  fs::permissions(folder.path(), fs::perms::owner_read | fs::perms::owner_exec);
  CHECK(mace::gpu::cached_code("key", [] { return bytes("another"); }) == bytes("code"));
  fs::permissions(folder.path(), fs::perms::owner_all);
  setenv("DECANT_KERNEL_CACHE", "/proc", 1);  // where not even root can make a file
  CHECK(mace::gpu::cached_code("key", [] { return bytes("made"); }) == bytes("made"));
  CHECK(mace::gpu::cache_problem() == "cannot write to /proc");
}

}  // namespace mace_tests
