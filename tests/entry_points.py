"""A package of somebody else, installed beside decant as pip would, but for one test alone."""

from __future__ import annotations

import tomllib
from pathlib import Path


def install(folder: Path) -> None:
    """Make the entry points of the ``pyproject.toml`` in a folder known where the folder is on PYTHONPATH."""
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    about = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    (about / "entry_points.txt").write_text(
        "".join(
            f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in entries.items())
            for group, entries in project["entry-points"].items()
        )
    )
