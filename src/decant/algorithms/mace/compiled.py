"""The C++ evaluator of MACE models: of the modules compiled for levels of vector instructions, the best that runs here.

As the plugin of LAMMPS does it; the environment variable ``DECANT_SIMD`` asks for one level by its name.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import pkgutil
from pathlib import Path
from types import ModuleType

import decant.algorithms.mace
from decant.foundation.machine import available_cores
from decant.foundation.threads import loading

_PREFIX = "_mace_"
# rising, with the flags of /proc/cpuinfo that each needs; another level was compiled because its user asked for it
_NEEDS = {
    "x86_64_v3": {"avx2", "fma", "bmi2"},
    "x86_64_v4": {"avx2", "fma", "bmi2", "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"},
    "neon": set(),
    "sve_256": set(),
    "sve_512": set(),
}
_SVE_LENGTH = 51
"""``PR_SVE_GET_VL`` of Linux: the answer has the bytes of a vector of SVE in its lower half; it is -1 without SVE."""


def _runs_here(level: str, flags: set[str]) -> bool:
    """Say whether the CPU runs a level; code for vectors of SVE of so many bits runs on no others."""
    if level.startswith("sve_"):
        length = ctypes.CDLL(None).prctl(_SVE_LENGTH)
        return length > 0 and level == f"sve_{8 * (length & 0xFFFF)}"
    return _NEEDS.get(level, set()) <= flags


def _module() -> ModuleType:
    """Return the module of the highest level that was compiled and that the CPU runs."""
    info = Path("/proc/cpuinfo")
    flags = set(info.read_text(encoding="utf-8", errors="replace").split()) if info.is_file() else set()
    names = (module.name for module in pkgutil.iter_modules(decant.algorithms.mace.__path__))
    levels = [name.removeprefix(_PREFIX) for name in names if name.startswith(_PREFIX)]
    wanted = os.environ.get("DECANT_SIMD", "").replace("-", "_")
    able = [level for level in levels if _runs_here(level, flags) and wanted in ("", level)]
    if not able:
        raise ImportError(
            f"the MACE evaluator was compiled for {', '.join(sorted(levels)) or 'nothing'}, and this CPU "
            "(or DECANT_SIMD) allows none of them; reinstall decant-mlip on this machine"
        )
    rising = list(_NEEDS)
    best = max(able, key=lambda level: rising.index(level) if level in rising else len(rising))
    with loading(threads=available_cores()):
        return importlib.import_module(f"decant.algorithms.mace.{_PREFIX}{best}")


_compiled = _module()
Evaluator = _compiled.Evaluator
Trainer = _compiled.Trainer
device_memory = _compiled.device_memory
device_name = _compiled.device_name
silu_rows = _compiled.silu_rows
silu_rows_reverse = _compiled.silu_rows_reverse
