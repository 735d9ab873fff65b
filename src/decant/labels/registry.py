"""Where a reference method of a given name is found."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata
from typing import Any

from decant.foundation.errors import InputError, nearest
from decant.labels.ase import ase_method
from decant.labels.base import Labeler, made
from decant.labels.cp2k import TEMPLATES, cp2k_method
from decant.labels.openff import OPENFF, openff_method
from decant.labels.potential import potential_method
from decant.labels.tblite import METHODS, tblite_method

GROUP = "decant.labels"
POTENTIAL, ASE, CP2K = "potential:", "ase:", "cp2k:"
WITH_PATH = (POTENTIAL, CP2K)
"""Methods that may be named by a path."""


def labeler(name: str, settings: Mapping[str, Any] | None = None) -> Labeler:
    """Return the reference method of this name.

    Parameters
    ----------
    name
        ``gfn1-xtb``, ``gfn2-xtb``; ``openff``; ``cp2k:pbe-d3`` or ``cp2k:FILE`` with a template of one's own;
        ``ase:IMPORT.PATH`` of an ASE calculator; ``potential:DIRECTORY`` of an exported potential; or one that an
        installed package adds under the entry point group ``decant.labels``, as a callable that takes its settings by
        keyword and returns a `Labeler`.
    settings
        Settings of the method.

    Raises
    ------
    InputError
        If there is no such method, it is not installed, or it has no such setting.
    """
    chosen = dict(settings or {})
    for prefix, maker in ((POTENTIAL, potential_method), (ASE, ase_method), (CP2K, cp2k_method)):
        if name.startswith(prefix):
            return maker(name.removeprefix(prefix), chosen)
    if name.lower() in METHODS:
        return tblite_method(name.lower(), chosen)
    if name == OPENFF:
        return openff_method(chosen)
    others = {entry.name: entry for entry in metadata.entry_points(group=GROUP)}
    if name in others:
        return made(name, others[name].load(), chosen)
    known = [*METHODS, OPENFF, *(f"{CP2K}{template}" for template in TEMPLATES), *others]
    raise InputError(
        f"unknown method '{name}'{nearest(name, known)}; expected one of {', '.join(known)}, "
        f"{CP2K}TEMPLATE, {ASE}IMPORT.PATH, {POTENTIAL}DIRECTORY"
    )
