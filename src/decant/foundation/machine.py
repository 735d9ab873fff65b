"""The machine on which something was measured."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from pathlib import Path

from decant.foundation.errors import InputError

CORES = "DECANT_CORES"
"""Environment variable with the number of cores that decant may keep busy, where these are not all."""
GPU_DEVICES = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
"""What the drivers of NVIDIA, of AMD and of Windows below Linux put into the file system."""
# widest first, with the flag of /proc/cpuinfo that stands for it
SIMD_LEVELS = (("AVX-512", "avx512f"), ("AVX2", "avx2"), ("AVX", "avx"), ("SSE4.2", "sse4_2"), ("NEON", "asimd"))


def available_cores() -> int:
    """Return the number of processors this process may use: those it may run on, or fewer if ``DECANT_CORES`` says so.

    Raises
    ------
    InputError
        If ``DECANT_CORES`` is no whole number above 0.
    """
    cores, told = len(os.sched_getaffinity(0)), os.environ.get(CORES)
    if told is None:
        return cores
    if not told.isdecimal() or int(told) < 1:
        raise InputError(f"{CORES}={told}: expected a whole number of at least 1")
    return min(cores, int(told))


def describe_cpu(cpuinfo: str) -> tuple[str, str]:
    """Return the model and the widest vector instructions of the CPU.

    Parameters
    ----------
    cpuinfo
        Text of ``/proc/cpuinfo``.

    Returns
    -------
    str
        Model name with family, model and stepping, since clouds hide the name; ``"unknown"`` if it is not told.
    str
        Name from `SIMD_LEVELS`, or ``"none known"``.
    """
    values: dict[str, str] = {}
    for line in cpuinfo.splitlines():
        key, _, value = line.partition(":")
        values.setdefault(key.strip().lower(), value.strip())
    name = values.get("model name", "unknown")
    numbers = [f"{key.split()[-1]} {values[key]}" for key in ("cpu family", "model", "stepping") if key in values]
    flags = set(values.get("flags", values.get("features", "")).split())
    level = next((level for level, flag in SIMD_LEVELS if flag in flags), "none known")
    return f"{name} ({', '.join(numbers)})" if numbers else name, level


def gpus() -> list[str]:
    """Return the NVIDIA GPUs that the driver lists: name, memory and version of the driver of each."""
    if not shutil.which("nvidia-smi"):
        return []
    query = ["nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    done = subprocess.run(query, capture_output=True, text=True, check=False, timeout=30)
    return done.stdout.splitlines() if done.returncode == 0 else []


def has_gpu_driver() -> bool:
    """Return whether a driver of GPUs is loaded: without one nobody needs to ask torch, which takes seconds to load."""
    return any(Path(device).exists() for device in GPU_DEVICES)


def describe_machine() -> dict[str, str | int | float]:
    """Return CPU, cores, vector instructions, memory in GB, GPUs, system, and the load before the measurement."""
    info = Path("/proc/cpuinfo")
    cpu, simd = describe_cpu(info.read_text(encoding="utf-8", errors="replace") if info.is_file() else "")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": cpu,
        "cores": available_cores(),
        "simd": simd,
        "memory_GB": round(memory / 1e9, 1),
        "gpus": "; ".join(gpus()) or "none",
        "system": f"{platform.system()} {platform.release()}",
        "load_before": round(os.getloadavg()[0], 2),
    }
