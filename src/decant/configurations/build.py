"""Building the entries of a recipe file, so that an interruption loses at most the entry in work."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ase import Atoms

from decant.configurations.base import build_entry
from decant.data.frames import read_frames, write_frames
from decant.foundation.files import sha256, write_beside
from decant.foundation.progress import Progress
from decant.foundation.version import __version__


def build(entries: list[dict[str, Any]], output: Path, seed: int) -> Iterator[tuple[str, list[Atoms]]]:
    """Build the entries of a recipe file one after the other and write their configurations as one file.

    Each finished entry is kept in the folder ``OUTPUT.entries`` until the whole file is there; a run that is repeated
    takes an entry from there if recipe, parameters, seed, version of decant and the files it reads are the same.

    Parameters
    ----------
    entries
        As `read_recipes` returns them.
    output
        File to write.
    seed
        Seed of entries that name none.

    Yields
    ------
    tuple of str and list of ase.Atoms
        The recipe and the configurations of each entry, once it is done.
    """
    output = Path(output)
    folder = output.with_name(f"{output.name}.entries")
    parts = []
    with Progress("build", sum(entry.get("count", 1) for entry in entries), "frames") as progress:
        for number, entry in enumerate(entries):
            part = folder / f"{entry_key(entry, number, seed)}.extxyz"
            if not part.is_file():
                write_frames(part, build_entry(entry, number, seed))
            parts.append(part)
            progress.update(progress.done + entry.get("count", 1), entry["recipe"])
            yield entry["recipe"], read_frames(part, labelled=False)
    with write_beside(output) as temporary, temporary.open("w", encoding="utf-8") as stream:
        stream.writelines(part.read_text(encoding="utf-8") for part in parts)
    shutil.rmtree(folder)


def entry_key(entry: dict[str, Any], number: int, seed: int) -> str:
    """Return a hash of all that decides the configurations of an entry."""
    parameters = entry.get("parameters") or {}
    files = {name: [_content(word) for word in _words(value)] for name, value in parameters.items()}
    content = json.dumps([__version__, entry, number, seed, files], sort_keys=True, default=str)
    return hashlib.sha256(content.encode()).hexdigest()[:32]


def _words(value: Any) -> list[str]:
    """Return what a parameter may name files by: texts, also several in a list or between commas, without a prefix."""
    texts = [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]
    words = [word.strip() for text in texts for word in (text, *text.split(","))]
    return [word.removeprefix("potential:").removeprefix("mace:") for word in words]


def _content(value: str) -> str:
    """Return a hash of the file, or of the names, sizes and times of the folder, of a name; else ""."""
    path = Path(value)
    try:
        if path.is_file():
            return sha256(path)
        inside = sorted(path.rglob("*")) if value and path.is_dir() else []
    except OSError:  # too long for a name, for example: not a path
        return ""
    return str([(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in inside])
