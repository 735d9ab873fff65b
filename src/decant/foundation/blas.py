"""The fast BLAS and LAPACK that torch brings, for packages whose wheels hold the reference ones.

Both export the same names (``dgemm_``), and the dynamic linker takes the first that a process has loaded for all.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
from pathlib import Path


def package_directory(name: str) -> Path | None:
    """Return the folder of a package without an import of it; None if it is not installed."""
    found = importlib.util.find_spec(name)
    return Path(found.origin).parent if found and found.origin else None


def torch_library() -> Path | None:
    """Return the library of torch that exports BLAS; None where torch is not installed."""
    torch = package_directory("torch")
    library = torch / "lib" / "libtorch_cpu.so" if torch else None
    return library if library and library.is_file() else None


def share_torch_blas() -> None:
    """Let libraries that this process loads from now on find torch's BLAS first; torch itself is not imported."""
    library = torch_library()
    if library is not None:
        with contextlib.suppress(OSError):  # what it needs is not there: they have their own, which is slower
            ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
