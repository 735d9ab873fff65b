"""Finds the processes that a command has left or is running."""

from __future__ import annotations

from pathlib import Path


def working_in(folder: Path, program: str = "") -> list[int]:
    """Return the processes whose working directory is the folder, of one program if it is named."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            name = (process / "comm").read_text().strip()
            if (process / "cwd").resolve() == folder.resolve() and program in ("", name):
                found.append(int(process.name))
        except OSError:  # it has ended, or is not ours
            continue
    return found
