"""OpenCL on the CPU as pip installs it, shown to the processes that a test starts; and NVIDIA's run-time compiler."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

KEPT_DAYS = 14
"""Kernels that are older are compiled again."""


def _file(distribution: str, name: str) -> Path | None:
    """Return a file of an installed package."""
    try:
        files = metadata.files(distribution) or []
    except metadata.PackageNotFoundError:
        return None
    return next((Path(str(file.locate())).resolve() for file in files if file.name == name), None)


def has_opencl() -> bool:
    """Whether the runtime is installed."""
    return _file("intel-opencl-rt", "libintelocl.so") is not None


def _kernels() -> Path:
    """Return the folder of compiled kernels, which outlives the tests: what did not change is not compiled again."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "decant-tests" / "kernels"
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if time.time() - path.stat().st_mtime > KEPT_DAYS * 86400:
            path.unlink(missing_ok=True)
    return folder


def opencl_variables(folder: Path) -> dict[str, str]:
    """Return the environment variables with which a process finds OpenCL; without the runtime the test is skipped.

    Parameters
    ----------
    folder
        For the file that names the runtime.
    """
    library = _file("intel-opencl-rt", "libintelocl.so")
    if library is None:
        pytest.skip("OpenCL's runtime for CPUs (intel-opencl-rt of the extra 'test') is not installed")
    vendors = folder / "vendors"
    vendors.mkdir(parents=True, exist_ok=True)
    (vendors / "cpu.icd").write_text(f"{library}\n")
    return {
        "OCL_ICD_VENDORS": str(vendors),
        "LD_LIBRARY_PATH": ":".join(filter(None, [str(library.parent), os.environ.get("LD_LIBRARY_PATH", "")])),
        "DECANT_KERNEL_CACHE": str(_kernels()),
        "CL_CONFIG_CPU_TBB_NUM_WORKERS": "1",  # threads; other ranks and tests have the other cores
    }


# every function of OpenCL goes to the real library; some fail where environment variables tell them to
_FAILING = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
{forwards}
static long number(const char* name) {{ return getenv(name) ? atol(getenv(name)) : -1; }}
static void* real;
__attribute__((constructor)) static void find(void) {{
  real = dlopen(getenv("REAL_OPENCL"), RTLD_NOW | RTLD_LOCAL);
  {finds}
}}
int clEnqueueNDRangeKernel(void* q, void* k, unsigned d, void* o, void* g, void* l, unsigned n, void* w, void* e) {{
  static long launches;
  const int here = number("FAIL_RANK") < 0 || number("FAIL_RANK") == number("PMI_RANK");
  if (here && number("FAIL_LAUNCH") >= 0 && launches++ >= number("FAIL_LAUNCH")) return -36;
  int (*f)(void*, void*, unsigned, void*, void*, void*, unsigned, void*, void*) = dlsym(real, "clEnqueueNDRangeKernel");
  return f(q, k, d, o, g, l, n, w, e);
}}
void* clCreateBuffer(void* c, unsigned long flags, size_t size, void* host, int* status) {{
  void* (*f)(void*, unsigned long, size_t, void*, int*) = dlsym(real, "clCreateBuffer");
  if (number("FAIL_BYTES") < 0 || (long)size < number("FAIL_BYTES")) return f(c, flags, size, host, status);
  *status = -4;
  return 0;
}}
int clGetDeviceInfo(void* device, unsigned what, size_t size, void* value, size_t* written) {{
  int (*f)(void*, unsigned, size_t, void*, size_t*) = dlsym(real, "clGetDeviceInfo");
  const int status = f(device, what, size, value, written);
  const unsigned long memory = number("MEMORY");
  if (what == 0x101F && number("MEMORY") >= 0) memcpy(value, &memory, sizeof(memory));
  return status;
}}
"""
_OWN = ("clEnqueueNDRangeKernel", "clCreateBuffer", "clGetDeviceInfo")


def failing_opencl(variables: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Return environment variables, on top of those of `opencl_variables`, for an OpenCL that can be made to fail.

    Launches of kernels fail from number ``FAIL_LAUNCH`` on (of rank ``FAIL_RANK`` alone, if that is given), memory of
    ``FAIL_BYTES`` and more is refused, and the device says that it has ``MEMORY`` bytes. Without gcc the test is
    skipped.
    """
    if shutil.which("gcc") is None:
        pytest.skip("no gcc on this machine")
    library = Path(variables["LD_LIBRARY_PATH"].split(":")[0]) / "libOpenCL.so.1"
    used = set(re.findall(r'"(cl\w+)"', (REPOSITORY / "src/mace/gpu/opencl/api.h").read_text())) - set(_OWN)
    forwards = "\n".join(
        f'__attribute__((used, visibility("hidden"))) void* real_{name};\n'
        f'asm(".pushsection .text\\n.globl {name}\\n.type {name},@function\\n"\n'
        f'    "{name}: jmp *real_{name}(%rip)\\n.popsection");'
        for name in sorted(used)
    )
    finds = " ".join(f'real_{name} = dlsym(real, "{name}");' for name in sorted(used))
    (folder / "failing.c").write_text(_FAILING.format(forwards=forwards, finds=finds))
    command = ["gcc", "-shared", "-fPIC", "-o", str(folder / "libOpenCL.so.1"), str(folder / "failing.c"), "-ldl"]
    subprocess.run(command, check=True)
    return {"REAL_OPENCL": str(library), "LD_LIBRARY_PATH": f"{folder}:{variables['LD_LIBRARY_PATH']}"}


def nvrtc_variables() -> dict[str, str]:
    """Return the environment variables with which a process finds the NVRTC that came with torch; empty if none did."""
    for name in ("nvidia-cuda-nvrtc", "nvidia-cuda-nvrtc-cu13", "nvidia-cuda-nvrtc-cu12"):
        try:
            files = metadata.files(name) or []
        except metadata.PackageNotFoundError:
            continue
        for file in files:
            if file.name.startswith("libnvrtc.so."):
                return {"DECANT_NVRTC": str(Path(str(file.locate())).resolve().parent)}
    return {}
