"""The potentials that come with decant."""

from __future__ import annotations

from pathlib import Path

from decant.potentials.potential import Potential
from decant.potentials.ready import take
from decant.verbs.arguments import Location, checked


@checked()
def ready(name: str, output: Location | None = None) -> Potential:
    """Copy a potential that comes with decant.

    Parameters
    ----------
    name
        Which one, such as ``ec-emc-mace``.
    output
        Folder of the copy; its name, here, by default.

    Raises
    ------
    InputError
        If there is no such potential (the message lists them), or the folder is there already.
    """
    return take(name, Path(output or name))
