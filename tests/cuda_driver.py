"""A driver of NVIDIA's interface that has no card behind it: for what is said of drivers, versions and memory."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from decant.lammps.command import environment
from tests.conftest import REPOSITORY

# a card of capability 9.0 and 80 GB, of which FREE_MB are free; version and number of cards by the environment
_DRIVER = """
#include <stdlib.h>
#include <string.h>
static long number(const char* name, long other) { return getenv(name) ? atol(getenv(name)) : other; }
int cuInit(unsigned flags) { return number("CARDS", 1) ? 0 : 100; }
int cuDriverGetVersion(int* version) { *version = number("CUDA_VERSION", 13000); return 0; }
int cuDeviceGetCount(int* count) { *count = number("CARDS", 1); return 0; }
int cuDeviceGet(int* card, int at) { *card = at; return 0; }
int cuDeviceGetName(char* name, int size, int card) { strncpy(name, "Card of a test", size); return 0; }
int cuDeviceGetAttribute(int* value, int which, int card) { *value = which == 75 ? 9 : 0; return 0; }
static size_t left(void) { return number("FREE_MB", 70000) << 20; }
int cuMemGetInfo_v2(size_t* free, size_t* all) { *free = left(); *all = 80000l << 20; return 0; }
int cuGetErrorString(int status, const char** text) { *text = "a fault of the test"; return 0; }
int cuMemAlloc_v2(void** at, size_t size) { *at = malloc(size); return size > left() ? 2 : 0; }
int cuMemHostAlloc(void** at, size_t size, unsigned flags) { *at = malloc(size); return 0; }
int cuModuleLoadData(void** module, const void* code) {
  *module = (void*)1;
  return memcmp(code, "\\177ELF", 4) ? 200 : 0;
}
int cuModuleGetFunction(void** function, void* module, const char* name) { *function = (void*)1; return 0; }
int cuLaunchKernel(void) { return 719; }
/* NVRTC asks for tables that no documentation has */
int cuGetExportTable(const void** table, const void* id) { *table = 0; return 500; }
"""


def cuda_driver(folder: Path) -> dict[str, str]:
    """Return environment variables with which a process finds the driver. Without gcc the test is skipped.

    Its kernels fail when they are started. ``CARDS``, ``CUDA_VERSION`` (13000 is 13.0) and ``FREE_MB`` choose what it
    says; functions that it does not need return success.
    """
    if shutil.which("gcc") is None:
        pytest.skip("no gcc on this machine")
    used = re.findall(r'"(cu[A-Z]\w+)"', (REPOSITORY / "src/mace/gpu/cuda/api.h").read_text())
    others = [name for name in used if f"int {name}(" not in _DRIVER]
    (folder / "driver.c").write_text(_DRIVER + "\n".join(f"int {name}(void) {{ return 0; }}" for name in others))
    library = folder / "libcuda.so.1"
    subprocess.run(["gcc", "-shared", "-fPIC", "-w", "-o", str(library), str(folder / "driver.c")], check=True)
    path = f"{folder}:{environment('mace')['LD_LIBRARY_PATH']}"
    return {"LD_LIBRARY_PATH": path, "DECANT_DEVICE": "cuda", "DECANT_KERNEL_CACHE": str(folder / "kernels")}
