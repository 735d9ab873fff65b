#include "mace/gpu/cuda/nvrtc.h"

#include <glob.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>

#include "mace/gpu/kernel_cache.h"
#include "mace/gpu/shared_library.h"

namespace mace::gpu::cuda {

namespace {

struct Program_;
using Program = Program_*;
using Status = int;

std::vector<std::string> matches(const std::string& pattern) {
  glob_t found = {};
  std::vector<std::string> result;
  if (glob(pattern.c_str(), 0, nullptr, &found) == 0) result.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  globfree(&found);
  std::reverse(result.begin(), result.end());  // the newest first
  return result;
}

// The folder of Python's packages, if this library was installed into it.
std::string packages() {
  Dl_info info = {};
  dladdr(reinterpret_cast<const void*>(&matches), &info);
  std::string path = info.dli_fname ? info.dli_fname : "";
  const std::size_t at = path.rfind("/decant/");
  return at == std::string::npos ? "" : path.substr(0, at);
}

// Folders, or patterns of them, in the order in which they are tried. Empty: wherever the loader looks.
std::vector<std::string> places() {
  std::vector<std::string> result;
  const auto add = [&](const char* variable, const std::string& below) {
    const char* const value = std::getenv(variable);
    if (value && *value) result.push_back(value + below);
  };
  add("DECANT_NVRTC", "");
  const std::string wheels = packages();
  if (!wheels.empty())
    for (const char* const folder : {"/nvidia/cu13/lib", "/nvidia/cuda_nvrtc/lib"}) result.push_back(wheels + folder);
  for (const char* const variable : {"CUDA_HOME", "CUDA_PATH"}) add(variable, "/lib64");
  for (const char* const variable : {"VIRTUAL_ENV", "CONDA_PREFIX"})
    for (const char* const folder :
         {"/lib/python3.*/site-packages/nvidia/cu13/lib", "/lib/python3.*/site-packages/nvidia/cuda_nvrtc/lib", "/lib"})
      add(variable, folder);
  result.insert(result.end(), {"/usr/local/cuda/lib64", ""});
  return result;
}

struct Nvrtc {
  std::string path;
  SharedLibrary library;
  int major = 0, minor = 0;

  Status (*Version)(int*, int*);
  const char* (*GetErrorString)(Status);
  Status (*CreateProgram)(Program*, const char*, const char*, int, const char**, const char**);
  Status (*DestroyProgram)(Program*);
  Status (*CompileProgram)(Program, int, const char**);
  Status (*GetProgramLogSize)(Program, std::size_t*);
  Status (*GetProgramLog)(Program, char*);
  Status (*GetCodeSize)(Program, std::size_t*);
  Status (*GetCode)(Program, char*);
  Status (*GetPtxSize)(Program, std::size_t*);
  Status (*GetPtx)(Program, char*);
  Status (*GetNumSupportedArchs)(int*);
  Status (*GetSupportedArchs)(int*);

  explicit Nvrtc(const std::string& file) : path(file), library(file) {
    if (!library) return;
    library.find("nvrtcVersion", Version);
    library.find("nvrtcGetErrorString", GetErrorString);
    library.find("nvrtcCreateProgram", CreateProgram);
    library.find("nvrtcDestroyProgram", DestroyProgram);
    library.find("nvrtcCompileProgram", CompileProgram);
    library.find("nvrtcGetProgramLogSize", GetProgramLogSize);
    library.find("nvrtcGetProgramLog", GetProgramLog);
    library.find("nvrtcGetCUBINSize", GetCodeSize);
    library.find("nvrtcGetCUBIN", GetCode);
    library.find("nvrtcGetPTXSize", GetPtxSize);
    library.find("nvrtcGetPTX", GetPtx);
    library.find("nvrtcGetNumSupportedArchs", GetNumSupportedArchs);
    library.find("nvrtcGetSupportedArchs", GetSupportedArchs);
    Version(&major, &minor);
  }

  std::vector<int> cards() const {
    int count = 0;
    GetNumSupportedArchs(&count);
    std::vector<int> all(static_cast<std::size_t>(count));
    GetSupportedArchs(all.data());
    return all;
  }

  void require(Status status, const char* what) const {
    if (status != 0) throw DeviceError(path + " could not " + what + ": " + GetErrorString(status));
  }
};

// Those of one place, the newest first. Their builtins are loaded before them, by their full path: NVRTC itself asks
// the loader, which does not look beside it.
std::vector<std::string> libraries(const std::string& place) {
  if (place.empty()) return {"libnvrtc.so", "libnvrtc.so.13", "libnvrtc.so.12"};
  return matches(place + "/libnvrtc.so.1[0-9]");
}

void load_builtins(const std::string& library) {
  const std::size_t slash = library.rfind('/');
  if (slash == std::string::npos) return;
  for (const std::string& file : matches(library.substr(0, slash) + "/libnvrtc-builtins.so*"))
    dlopen(file.c_str(), RTLD_NOW | RTLD_GLOBAL);
}

const Nvrtc& nvrtc(int most_major) {
  static std::mutex mutex;
  static auto* const known = new std::map<int, std::unique_ptr<Nvrtc>>;
  const std::lock_guard<std::mutex> lock(mutex);
  std::unique_ptr<Nvrtc>& one = (*known)[most_major];
  if (one) return *one;
  std::string newer;
  for (const std::string& place : places())
    for (const std::string& library : libraries(place)) {
      load_builtins(library);
      auto found = std::make_unique<Nvrtc>(library);
      if (!found->library) continue;
      if (most_major == 0 || found->major <= most_major) {
        one = std::move(found);
        return *one;
      }
      newer = library + " is of CUDA " + std::to_string(found->major) + ", newer than the driver's " +
              std::to_string(most_major) + ": update the driver, or pip install nvidia-cuda-nvrtc-cu" +
              std::to_string(most_major);
    }
  throw DeviceError(!newer.empty() ? newer
                                   : "no NVRTC on this machine: pip install 'decant-mlip[gpu]', or set DECANT_NVRTC to "
                                     "the folder that holds libnvrtc.so");
}

}  // namespace

std::vector<char> compile(const std::string& source, int capability, int most_major) {
  const Nvrtc& compiler = nvrtc(most_major);
  const std::vector<int> cards = compiler.cards();
  const bool known = std::find(cards.begin(), cards.end(), capability) != cards.end();
  const std::string target =
      known ? "--gpu-architecture=sm_" + std::to_string(capability)
            : "--gpu-architecture=compute_" + std::to_string(*std::max_element(cards.begin(), cards.end()));
  const char* options[] = {target.c_str(), "--std=c++17", "--fmad=true"};
  Program program = nullptr;
  compiler.require(compiler.CreateProgram(&program, source.c_str(), "decant.cu", 0, nullptr, nullptr),
                   "take the kernels");
  const std::unique_ptr<Program, Status (*)(Program*)> owned(&program, compiler.DestroyProgram);
  const Status status = compiler.CompileProgram(program, 3, options);
  if (status != 0) {
    std::size_t size = 0;
    compiler.GetProgramLogSize(program, &size);
    std::string log(size, '\0');
    compiler.GetProgramLog(program, log.data());
    throw DeviceError(compiler.path + " could not compile the kernels: " + compiler.GetErrorString(status) + "\n" +
                      log.c_str());
  }
  std::size_t size = 0;
  compiler.require((known ? compiler.GetCodeSize : compiler.GetPtxSize)(program, &size), "give the machine code");
  std::vector<char> code(size);
  compiler.require((known ? compiler.GetCode : compiler.GetPtx)(program, code.data()), "give the machine code");
  return code;
}

std::vector<char> cached_compile(const std::string& source, int capability, int most_major) {
  return cached_code("sm_" + std::to_string(capability) + "\n" + source,
                     [&] { return compile(source, capability, most_major); });
}

std::string nvrtc_name(int most_major) {
  const Nvrtc& compiler = nvrtc(most_major);
  return "NVRTC " + std::to_string(compiler.major) + "." + std::to_string(compiler.minor) + " (" + compiler.path + ")";
}

}  // namespace mace::gpu::cuda
