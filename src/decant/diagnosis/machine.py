"""The machine itself: cores, memory, disk and GPUs."""

from __future__ import annotations

import math
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from decant.diagnosis.base import MISSING, OK, WRONG, Finding, check
from decant.foundation.extras import installation
from decant.foundation.machine import describe_machine, gpus

LEAST_MEMORY_GB, LEAST_DISK_GB = 3.0, 1.0
"""A fit with a preset and the processes around it; data, models and runs of the demonstration."""


@check
def cores() -> Iterator[Finding]:
    """Tell the CPU."""
    machine = describe_machine()
    yield Finding("cores", OK, "{cores}, {cpu}, {simd}, load {load_before}".format(**machine))


@check
def memory() -> Iterator[Finding]:
    """Compare the memory that is free with what a fit needs."""
    free = available_memory_GB()
    if free < LEAST_MEMORY_GB:
        detail = f"{free:.1f} GB free; a fit needs about {LEAST_MEMORY_GB:g} GB"
        yield Finding("memory", WRONG, detail, "end other programs, or ask for more memory for the job")
    else:
        yield Finding("memory", OK, f"{free:.1f} GB free")


def available_memory_GB() -> float:
    """Return the memory that new processes can have, GB of 10^9 bytes: that of the machine, or of the control group."""
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    return min(free, left_to_group(Path("/sys/fs/cgroup"))) / 1e9


def left_to_group(group: Path) -> float:
    """Return the bytes that new processes of a control group can have; infinite where it has no limit.

    What the kernel keeps of files that were read counts as used there, but is given back to whoever needs it.
    """
    limit, used, parts = (group / f"memory.{name}" for name in ("max", "current", "stat"))
    if not limit.is_file() or not used.is_file() or not (most := limit.read_text().strip()).isdigit():
        return math.inf
    words = [line.split() for line in parts.read_text().splitlines()] if parts.is_file() else []
    return int(most) - int(used.read_text()) + sum(int(size) for name, size in words if name == "inactive_file")


@check
def disk() -> Iterator[Finding]:
    """Write a file here and in the folder for temporary files, and see how much fits."""
    for name, folder in (("disk: here", Path.cwd()), ("disk: temporary", Path(tempfile.gettempdir()))):
        try:
            with tempfile.TemporaryFile(dir=folder) as stream:
                stream.write(bytes(4096))
        except OSError as error:
            yield Finding(
                name, WRONG, f"{folder}: {error.strerror}", "go to a folder that you may write, or set TMPDIR"
            )
            continue
        free = shutil.disk_usage(folder).free / 1e9
        if free < LEAST_DISK_GB:
            yield Finding(
                name, WRONG, f"{folder}: {free:.1f} GB free of {LEAST_DISK_GB:g} needed", f"du -sh {folder}/*"
            )
        else:
            yield Finding(name, OK, f"{folder}: {free:.1f} GB free")


@check
def gpu() -> Iterator[Finding]:
    """Ask the driver for its GPUs, and torch whether it can use them."""
    found = gpus()
    if not found:
        mend = "install NVIDIA's driver, if there is a GPU (nvidia-smi must list it)"
        yield Finding("gpu", MISSING, "none: everything runs on CPUs", mend, needed=False)
        return
    code = "import torch; print(torch.cuda.is_available(), torch.version.cuda)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120)
    able, _, cuda = done.stdout.strip().partition(" ")
    if able == "True":
        yield Finding("gpu", OK, f"{', '.join(found)}; torch uses CUDA {cuda}", needed=False)
    else:
        mend = "a driver that is new enough for torch's CUDA (nvidia-smi tells its version); unset CUDA_VISIBLE_DEVICES"
        yield Finding("gpu", WRONG, f"{', '.join(found)}, but torch cannot use it", mend, needed=False)


@check
def devices_of_mace() -> Iterator[Finding]:
    """Open the devices that `pair_style mace` can run on besides the CPU."""
    from decant.algorithms.mace.compiled import device_name

    mends = {
        "cuda": f"install NVIDIA's driver, if there is a GPU; {installation('gpu')} compiles for it",
        "opencl": "install the OpenCL driver of the GPU; on a CPU: pip install intel-opencl-rt (docs/gpu.md)",
    }
    for device, mend in mends.items():
        name = f"pair_style mace on {device}"
        try:
            found = device_name(device)
        except RuntimeError as error:
            yield Finding(name, MISSING, str(error), mend, needed=False)
            continue
        if "no NVRTC" in found:
            yield Finding(name, MISSING, found, installation("gpu"), needed=False)
        else:
            yield Finding(name, OK, f"{found}; DECANT_DEVICE={device} chooses it", needed=False)


@check
def cuda_runtime() -> Iterator[Finding]:
    """Look for libcudart.so.12, without which DeePMD-kit's plugin does not load, GPU or not; nothing without that."""
    if find_spec("deepmd") is None:
        return
    name, package = "libcudart.so.12", "nvidia-cuda-runtime-cu12"
    try:
        files = metadata.files(package) or []
    except metadata.PackageNotFoundError:
        files = []
    found = [path for file in files if file.name == name and (path := Path(str(file.locate()))).is_file()]
    if found:
        yield Finding(name, OK, str(found[0].resolve()))
    else:
        yield Finding(
            name, MISSING, "the plugin of pair_style deepmd loads it", f"pip install --force-reinstall {package}"
        )
