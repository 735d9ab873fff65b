// A library that may not be there, and functions of it.
#pragma once

#include <dlfcn.h>

#include <string>

#include "mace/gpu/device.h"

namespace mace::gpu {

class SharedLibrary {
 public:
  // Never closed: drivers keep threads of their own.
  explicit SharedLibrary(const std::string& path) : handle_(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)), path_(path) {
    if (!handle_) problem_ = dlerror();
  }

  explicit operator bool() const { return handle_ != nullptr; }
  const std::string& problem() const { return problem_; }

  template <class Function>
  void find(const char* name, Function*& function) const {
    function = reinterpret_cast<Function*>(dlsym(handle_, name));
    if (!function) throw DeviceError(path_ + " has no function " + name + ": it is too old");
  }

 private:
  void* handle_;
  std::string path_, problem_;
};

}  // namespace mace::gpu
