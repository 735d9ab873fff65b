// What is used of OpenCL 1.2, loaded at run time: nothing of it is needed to build.
#pragma once

#include <cstddef>
#include <cstdint>

#include "mace/gpu/shared_library.h"

namespace mace::gpu::opencl {

struct Platform_;
struct Device_;
struct Context_;
struct Queue_;
struct Memory_;
struct Program_;
struct Kernel_;
using PlatformId = Platform_*;
using DeviceId = Device_*;
using Context = Context_*;
using Queue = Queue_*;
using Memory = Memory_*;
using Program = Program_*;
using Kernel = Kernel_*;
using Status = std::int32_t;
using Bits = std::uint64_t;
using Word = std::uint32_t;

// CL_..., from the specification's cl.h
constexpr Status device_not_found = -1, no_memory = -4, no_resources = -5, no_host_memory = -6, no_platform = -1001;
constexpr Bits type_gpu = 1 << 2, type_all = 0xFFFFFFFF, read_write = 1 << 0, alloc_host = 1 << 4, map_both = 3;
constexpr Word device_type = 0x1000, device_double = 0x1032, device_name = 0x102B, device_local_memory = 0x1023,
               device_memory = 0x101F, driver_version = 0x102D, build_log = 0x1183, binary_sizes = 0x1165,
               binaries = 0x1166, no = 0, yes = 1;

// Function pointers, by their names without "cl".
struct Api {
  SharedLibrary library{"libOpenCL.so.1"};

  Status (*GetPlatformIDs)(Word, PlatformId*, Word*);
  Status (*GetDeviceIDs)(PlatformId, Bits, Word, DeviceId*, Word*);
  Status (*GetDeviceInfo)(DeviceId, Word, std::size_t, void*, std::size_t*);
  Context (*CreateContext)(const std::intptr_t*, Word, const DeviceId*, void*, void*, Status*);
  Queue (*CreateCommandQueue)(Context, DeviceId, Bits, Status*);
  Status (*ReleaseCommandQueue)(Queue);
  Memory (*CreateBuffer)(Context, Bits, std::size_t, void*, Status*);
  Status (*ReleaseMemObject)(Memory);
  Status (*EnqueueWriteBuffer)(Queue, Memory, Word, std::size_t, std::size_t, const void*, Word, void*, void*);
  Status (*EnqueueReadBuffer)(Queue, Memory, Word, std::size_t, std::size_t, void*, Word, void*, void*);
  void* (*EnqueueMapBuffer)(Queue, Memory, Word, Bits, std::size_t, std::size_t, Word, void*, void*, Status*);
  Status (*EnqueueUnmapMemObject)(Queue, Memory, void*, Word, void*, void*);
  Status (*EnqueueFillBuffer)(Queue, Memory, const void*, std::size_t, std::size_t, std::size_t, Word, void*, void*);
  Program (*CreateProgramWithSource)(Context, Word, const char**, const std::size_t*, Status*);
  Program (*CreateProgramWithBinary)(Context, Word, const DeviceId*, const std::size_t*, const unsigned char**, Status*,
                                     Status*);
  Status (*GetProgramInfo)(Program, Word, std::size_t, void*, std::size_t*);
  Status (*ReleaseProgram)(Program);
  Status (*BuildProgram)(Program, Word, const DeviceId*, const char*, void*, void*);
  Status (*GetProgramBuildInfo)(Program, DeviceId, Word, std::size_t, void*, std::size_t*);
  Kernel (*CreateKernel)(Program, const char*, Status*);
  Status (*ReleaseKernel)(Kernel);
  Status (*SetKernelArg)(Kernel, Word, std::size_t, const void*);
  Status (*EnqueueNDRangeKernel)(Queue, Kernel, Word, const std::size_t*, const std::size_t*, const std::size_t*, Word,
                                 void*, void*);
  Status (*Flush)(Queue);
  Status (*Finish)(Queue);

  Api() {
    if (!library) throw DeviceError("no OpenCL on this machine: " + library.problem());
    library.find("clGetPlatformIDs", GetPlatformIDs);
    library.find("clGetDeviceIDs", GetDeviceIDs);
    library.find("clGetDeviceInfo", GetDeviceInfo);
    library.find("clCreateContext", CreateContext);
    library.find("clCreateCommandQueue", CreateCommandQueue);
    library.find("clReleaseCommandQueue", ReleaseCommandQueue);
    library.find("clCreateBuffer", CreateBuffer);
    library.find("clReleaseMemObject", ReleaseMemObject);
    library.find("clEnqueueWriteBuffer", EnqueueWriteBuffer);
    library.find("clEnqueueReadBuffer", EnqueueReadBuffer);
    library.find("clEnqueueMapBuffer", EnqueueMapBuffer);
    library.find("clEnqueueUnmapMemObject", EnqueueUnmapMemObject);
    library.find("clEnqueueFillBuffer", EnqueueFillBuffer);
    library.find("clCreateProgramWithSource", CreateProgramWithSource);
    library.find("clCreateProgramWithBinary", CreateProgramWithBinary);
    library.find("clGetProgramInfo", GetProgramInfo);
    library.find("clReleaseProgram", ReleaseProgram);
    library.find("clBuildProgram", BuildProgram);
    library.find("clGetProgramBuildInfo", GetProgramBuildInfo);
    library.find("clCreateKernel", CreateKernel);
    library.find("clReleaseKernel", ReleaseKernel);
    library.find("clSetKernelArg", SetKernelArg);
    library.find("clEnqueueNDRangeKernel", EnqueueNDRangeKernel);
    library.find("clFlush", Flush);
    library.find("clFinish", Finish);
  }
};

}  // namespace mace::gpu::opencl
