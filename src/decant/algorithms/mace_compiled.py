"""The C++ evaluator of MACE models: of the modules compiled for levels of vector instructions, the best that runs here.

As the plugin of LAMMPS does it; the environment variable ``DECANT_SIMD`` asks for one level by its name.
"""

from __future__ import annotations

import importlib
import os
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

# highest first, with the flags of /proc/cpuinfo that each needs
_LEVELS = {
    "x86-64-v4": {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl", "avx2", "fma", "bmi2"},
    "x86-64-v3": {"avx2", "fma", "bmi2"},
    "native": set(),
}


def _module() -> ModuleType:
    """Return the module of the highest level that was compiled and that the CPU runs."""
    info = Path("/proc/cpuinfo")
    flags = set(info.read_text(encoding="utf-8", errors="replace").split()) if info.is_file() else set()
    wanted = os.environ.get("DECANT_SIMD")
    for level, needed in _LEVELS.items():
        name = f"decant.algorithms._mace_{level.replace('-', '_')}"
        if wanted in (None, level) and needed <= flags and find_spec(name):
            return importlib.import_module(name)
    raise ImportError(
        "no compiled MACE evaluator runs on this CPU (or DECANT_SIMD names none); reinstall decant-mlip on this machine"
    )


Evaluator = _module().Evaluator
