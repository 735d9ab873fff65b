"""OpenCL on the CPU as pip installs it, shown to the processes that a test starts; and NVIDIA's run-time compiler."""

from __future__ import annotations

import os
from importlib import metadata
from pathlib import Path

import pytest


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


def opencl_variables(folder: Path) -> dict[str, str]:
    """Return the environment variables with which a process finds OpenCL; without the runtime the test is skipped.

    Parameters
    ----------
    folder
        For the file that names the runtime, and for the kernels that are compiled.
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
        "DECANT_KERNEL_CACHE": str(folder / "kernels"),
    }


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
