"""The potentials that come with decant, to try it with: in the package, and copied to where somebody uses them."""

from __future__ import annotations

import shutil
from pathlib import Path

from decant.foundation.directories import replaced
from decant.foundation.errors import InputError, nearest
from decant.potentials.potential import CARD, Potential

_PACKAGE = Path(__file__).resolve().parents[1]
# an installed wheel carries them inside the package, a checkout at its top level
FOLDERS = (_PACKAGE / "ready", _PACKAGE.parents[1] / "models")


def ready() -> dict[str, Path]:
    """Return the folders of the ready potentials by name."""
    folder = next((folder for folder in FOLDERS if folder.is_dir()), None)
    if folder is None:
        return {}
    return {path.name: path for path in sorted(folder.iterdir()) if (path / CARD).is_file()}


def take(name: str, output: Path) -> Potential:
    """Copy a ready potential, whole or not at all, and return the copy.

    Raises
    ------
    InputError
        If there is none of this name, or something is there already.
    """
    known = ready()
    if name not in known:
        raise InputError(f"`name` {name}: no ready potential{nearest(name, known)}; there are {', '.join(known)}")
    if output.exists():
        raise InputError(f"{output}: is there already; give another `output`, or remove it")
    with replaced(output) as beside:
        shutil.copytree(known[name], beside, dirs_exist_ok=True)
    return Potential.open(output)
