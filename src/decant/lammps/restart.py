"""LAMMPS restart files: whether one is whole, and its time step."""

from __future__ import annotations

import struct
from pathlib import Path

MAGIC = b"LammpS RestartT\0"  # at both ends of every whole file
# flags of the header's first entries, as in LAMMPS's lmprestart.h; the other early entries are 4-byte integers
VERSION, UNITS, TIMESTEP = 0, 4, 5


def restart_step(path: Path) -> int | None:
    """Return the time step of a restart file, or None if the file is missing or was not written to its end."""
    path = Path(path)
    if not path.is_file() or path.stat().st_size < 2 * len(MAGIC):
        return None
    with path.open("rb") as stream:
        head = stream.read(4096)
        stream.seek(-len(MAGIC), 2)
        if not head.startswith(MAGIC) or stream.read() != MAGIC:
            return None
    position = len(MAGIC) + 8  # after byte order and format revision
    try:
        while True:
            (flag,) = struct.unpack_from("<i", head, position)
            if flag == TIMESTEP:
                return int(struct.unpack_from("<q", head, position + 4)[0])
            (value,) = struct.unpack_from("<i", head, position + 4)
            position += 8 + (value if flag in (VERSION, UNITS) else 0)
    except struct.error:
        return None


def whole_restarts(directory: Path) -> list[tuple[Path, int]]:
    """Return the whole restart files of a run directory with their steps, newest first."""
    found = [(path, step) for path in directory.glob("restart.*") if (step := restart_step(path)) is not None]
    return sorted(found, key=lambda restart: restart[1], reverse=True)


def newest_restart(directory: Path) -> tuple[Path, int] | None:
    """Return the whole restart file of the largest time step in a run directory, with its step; None if none is."""
    found = whole_restarts(directory)
    return found[0] if found else None
