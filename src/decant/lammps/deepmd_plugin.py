"""Where the plugin with `pair_style deepmd` lies and what it needs, told without the seconds that its import takes."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, MutableMapping
from importlib import metadata
from pathlib import Path

from decant.lammps.plugin import PRELOAD, package_directory

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


def is_deepmd(entry: metadata.EntryPoint) -> bool:
    """Say whether this plugin is DeePMD-kit's with PyTorch alone; what TensorFlow needs, only its import tells."""
    known = entry.value.startswith("deepmd.lmp") and importlib.util.find_spec("tensorflow") is None
    return known and (package_directory("deepmd") / "lib" / "libdeepmd_lmpplugin.so").is_file()


def deepmd_directory(variables: MutableMapping[str, str]) -> str:
    """Return the folder of the plugin, and put into the environment what `deepmd.lmp` puts there as it is imported."""
    folder = str(package_directory("deepmd") / "lib")
    torch = package_directory("torch")
    libraries = [str(torch / "lib"), folder] if torch.is_dir() else [folder]
    variables[PRELOAD] = ":".join(filter(None, [variables.get(PRELOAD), *_of_nvidia()]))
    variables["LD_LIBRARY_PATH"] = ":".join(filter(None, [variables.get("LD_LIBRARY_PATH"), *libraries]))
    return folder


def _of_nvidia() -> Iterator[str]:
    found = importlib.util.find_spec("nvidia")
    for name, patterns in OF_NVIDIA.items():
        folders = [Path(folder) / name / "lib" for folder in found.submodule_search_locations or ()] if found else []
        for pattern in patterns:
            yield from (str(path) for folder in folders for path in sorted(folder.glob(pattern)))
