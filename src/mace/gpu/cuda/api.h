// What is used of the CUDA driver's interface, loaded at run time: nothing of it is needed to build.
#pragma once

#include <cstddef>

#include "mace/gpu/shared_library.h"

namespace mace::gpu::cuda {

struct Context_;
struct Module_;
struct Function_;
struct Stream_;
using Context = Context_*;
using Module = Module_*;
using Function = Function_*;
using Stream = Stream_*;
using Address = unsigned long long;
using Status = int;
using Card = int;

// CUDA_... and CU_..., from cuda.h
constexpr Status out_of_memory = 2, no_device = 100;
constexpr int capability_major = 75, capability_minor = 76;
constexpr unsigned int stream_non_blocking = 1, host_portable = 1;

// Function pointers, by their names without "cu".
struct Api {
  SharedLibrary library{"libcuda.so.1"};

  Status (*Init)(unsigned int);
  Status (*DriverGetVersion)(int*);
  Status (*DeviceGetCount)(int*);
  Status (*DeviceGet)(Card*, int);
  Status (*DeviceGetName)(char*, int, Card);
  Status (*DeviceGetAttribute)(int*, int, Card);
  Status (*DevicePrimaryCtxRetain)(Context*, Card);
  Status (*CtxSetCurrent)(Context);
  Status (*GetErrorString)(Status, const char**);
  Status (*MemAlloc)(Address*, std::size_t);
  Status (*MemFree)(Address);
  Status (*MemHostAlloc)(void**, std::size_t, unsigned int);
  Status (*MemFreeHost)(void*);
  Status (*MemGetInfo)(std::size_t*, std::size_t*);
  Status (*MemcpyHtoDAsync)(Address, const void*, std::size_t, Stream);
  Status (*MemcpyDtoHAsync)(void*, Address, std::size_t, Stream);
  Status (*MemsetD8Async)(Address, unsigned char, std::size_t, Stream);
  Status (*ModuleLoadData)(Module*, const void*);
  Status (*ModuleGetFunction)(Function*, Module, const char*);
  Status (*StreamCreate)(Stream*, unsigned int);
  Status (*StreamDestroy)(Stream);
  Status (*StreamSynchronize)(Stream);
  Status (*LaunchKernel)(Function, unsigned int, unsigned int, unsigned int, unsigned int, unsigned int, unsigned int,
                         unsigned int, Stream, void**, void**);

  Api() {
    if (!library) throw DeviceError("no NVIDIA driver on this machine: " + library.problem());
    library.find("cuInit", Init);
    library.find("cuDriverGetVersion", DriverGetVersion);
    library.find("cuDeviceGetCount", DeviceGetCount);
    library.find("cuDeviceGet", DeviceGet);
    library.find("cuDeviceGetName", DeviceGetName);
    library.find("cuDeviceGetAttribute", DeviceGetAttribute);
    library.find("cuDevicePrimaryCtxRetain", DevicePrimaryCtxRetain);
    library.find("cuCtxSetCurrent", CtxSetCurrent);
    library.find("cuGetErrorString", GetErrorString);
    library.find("cuMemAlloc_v2", MemAlloc);
    library.find("cuMemFree_v2", MemFree);
    library.find("cuMemHostAlloc", MemHostAlloc);
    library.find("cuMemFreeHost", MemFreeHost);
    library.find("cuMemGetInfo_v2", MemGetInfo);
    library.find("cuMemcpyHtoDAsync_v2", MemcpyHtoDAsync);
    library.find("cuMemcpyDtoHAsync_v2", MemcpyDtoHAsync);
    library.find("cuMemsetD8Async", MemsetD8Async);
    library.find("cuModuleLoadData", ModuleLoadData);
    library.find("cuModuleGetFunction", ModuleGetFunction);
    library.find("cuStreamCreate", StreamCreate);
    library.find("cuStreamDestroy_v2", StreamDestroy);
    library.find("cuStreamSynchronize", StreamSynchronize);
    library.find("cuLaunchKernel", LaunchKernel);
  }
};

}  // namespace mace::gpu::cuda
