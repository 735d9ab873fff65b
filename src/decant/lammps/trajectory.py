"""DCD segments of a trajectory: which steps they hold, their time step, and cutting off what is written again."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path

from decant.foundation.units import AKMA_TIME_PS

FRAMES_AT, STEPS_AT, TIMESTEP_AT = 8, 20, 44  # positions of the counts in the header, as in LAMMPS's dump_dcd.cpp
CELL_RECORD = 8 + 6 * 8


@dataclass(frozen=True)
class Segment:
    """One DCD file as LAMMPS writes it.

    Attributes
    ----------
    path
        The file.
    first_step, every
        Time step of the first frame and steps between frames.
    frames
        Number of whole frames.
    header_bytes, frame_bytes
        Sizes of the header and of one frame.
    """

    path: Path
    first_step: int
    every: int
    frames: int
    header_bytes: int
    frame_bytes: int

    @property
    def last_step(self) -> int:
        """Time step of the last frame."""
        return self.first_step + (self.frames - 1) * self.every


def read_segment(path: Path) -> Segment | None:
    """Return what a DCD file of LAMMPS holds, or None if it ends before its first whole frame."""
    size = Path(path).stat().st_size
    with Path(path).open("rb") as stream:
        start = stream.read(92)
        if len(start) < 92 or start[4:8] != b"CORD":
            return None
        first_step, every = struct.unpack_from("<2i", start, 12)
        title = struct.unpack("<i", stream.read(4).ljust(4, b"\0"))[0]
        stream.seek(92 + 4 + title + 4)
        record = stream.read(12)
    if len(record) < 12:
        return None
    header, frame = 92 + 8 + title + 12, CELL_RECORD + 3 * (8 + 4 * struct.unpack_from("<i", record, 4)[0])
    frames = (size - header) // frame
    return Segment(Path(path), first_step, every, frames, header, frame) if frames > 0 else None


def set_timestep(path: Path, timestep_ps: float) -> None:
    """Write the time step into a DCD file as readers of the format expect it.

    LAMMPS writes it in its own units, whatever they are; in ``units metal`` MDAnalysis and others then take times for
    20 times shorter than they are.
    """
    with Path(path).open("r+b") as stream:
        if stream.seek(0, os.SEEK_END) >= TIMESTEP_AT + 4:
            stream.seek(TIMESTEP_AT)
            stream.write(struct.pack("<f", timestep_ps / AKMA_TIME_PS))


def cut(path: Path, step: int) -> None:
    """Remove the frames at `step` and later from a DCD file, and a last frame that is not whole."""
    segment = read_segment(path)
    if segment is None:
        return
    kept = min(segment.frames, max(0, -((segment.first_step - step) // segment.every)))
    with Path(path).open("r+b") as stream:
        for position, value in ((FRAMES_AT, kept), (STEPS_AT, kept * segment.every)):
            stream.seek(position)
            stream.write(struct.pack("<i", value))
    os.truncate(path, segment.header_bytes + kept * segment.frame_bytes)
