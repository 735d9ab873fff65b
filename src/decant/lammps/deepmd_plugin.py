"""Where the plugin with `pair_style deepmd` lies and what it needs, told without the seconds that its import takes."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, MutableMapping
from importlib import metadata
from pathlib import Path

from decant.foundation.blas import package_directory
from decant.lammps.plugin import PRELOAD

OF_NVIDIA = {
    "cuda_runtime": ("libcudart.so*",),
    "cublas": ("libcublasLt.so*", "libcublas.so*"),
    "cufft": ("libcufft.so*",),
    "curand": ("libcurand.so*",),
    "cusolver": ("libcusolver.so*",),
    "cusparse": ("libcusparse.so*",),
    "cudnn": ("libcudnn.so*",),
}
"""Libraries that the plugin wants loaded first where their wheels are installed, in this order."""


def deepmd_directory(entry: metadata.EntryPoint, variables: MutableMapping[str, str]) -> str | None:
    """Return the folder of the plugin, and put into the environment what `deepmd.lmp` puts there as it is imported.

    None if the entry point is not DeePMD-kit's, or TensorFlow is beside it: what that needs, only its import tells.
    """
    package, torch = package_directory("deepmd"), package_directory("torch")
    if not entry.value.startswith("deepmd.lmp") or package is None or importlib.util.find_spec("tensorflow"):
        return None
    folder = package / "lib"
    if not (folder / "libdeepmd_lmpplugin.so").is_file():
        return None
    libraries = [str(torch / "lib"), str(folder)] if torch else [str(folder)]
    variables[PRELOAD] = ":".join(filter(None, [variables.get(PRELOAD), *_of_nvidia()]))
    variables["LD_LIBRARY_PATH"] = ":".join(filter(None, [variables.get("LD_LIBRARY_PATH"), *libraries]))
    return str(folder)


def _of_nvidia() -> Iterator[str]:
    found = importlib.util.find_spec("nvidia")
    for name, patterns in OF_NVIDIA.items():
        folders = [Path(folder) / name / "lib" for folder in found.submodule_search_locations or ()] if found else []
        for pattern in patterns:
            yield from (str(path) for folder in folders for path in sorted(folder.glob(pattern)))
